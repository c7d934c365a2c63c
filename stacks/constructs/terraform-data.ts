import { TerraformResource, type TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";

/**
 * A `terraform_data`, which has values and no infrastructure. CDKTF's `DataResource` runs `terraform version` at
 * each synthesis, which takes 0.1 s and fails on machines without Terraform, where `npm run replay` has to work.
 */
export function terraformData(
  scope: Construct,
  id: string,
  config: { readonly input?: object; readonly lifecycle?: TerraformResourceLifecycle } = {},
): TerraformResource {
  const { input, lifecycle } = config;
  const data = new TerraformResource(scope, id, {
    terraformResourceType: "terraform_data",
    terraformGeneratorMetadata: { providerName: "terraform" },
    ...(lifecycle && { lifecycle }),
  });
  if (input !== undefined) data.addOverride("input", input);
  return data;
}
