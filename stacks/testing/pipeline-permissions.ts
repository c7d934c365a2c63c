import type { Block, TerraformJson } from "../../terraform/json.ts";
import { type PolicyStatement, resourcesOf, statementsOf } from "./synthesized.ts";

/** All statements, Allow and Deny, of the inline and attached policies of one of the pipeline's roles. */
export function permissionsOfRole(
  bootstrap: TerraformJson,
  role: "Plan" | "Deploy",
): readonly PolicyStatement[] {
  const belongsToRole = (block: Block) =>
    String(block.role).startsWith(`\${aws_iam_role.Pipeline_${role}_`);
  const policies = resourcesOf(bootstrap, "aws_iam_policy");
  const attached = Object.values(resourcesOf(bootstrap, "aws_iam_role_policy_attachment"))
    .filter(belongsToRole)
    .map(({ policy_arn: arn }) => /aws_iam_policy\.(\S+)\.arn/.exec(String(arn))?.[1] ?? "")
    .map((name) => policies[name] ?? {});
  const inline = Object.values(resourcesOf(bootstrap, "aws_iam_role_policy")).filter(belongsToRole);
  return [...attached, ...inline].flatMap(({ policy }) => statementsOf(bootstrap, policy));
}
