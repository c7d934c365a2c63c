import type { TerraformResourceLifecycle } from "cdktf";
import type { CipherwatchStack } from "../cipherwatch-stack.ts";
import { terraformData } from "./terraform-data.ts";

/**
 * Fails the plan of a deployed environment that CIPHERWATCH_CUSTOMER_MANAGED_KEYS changes to `records`, before
 * it deletes the customer managed key of data that exists. Does nothing with `all`, or in a new environment.
 * See docs/decisions/0020-keys-of-aws.md.
 * @param attribute the attribute that sets the key, which stays as it is
 * @param isOfAws condition on `self` that holds without a customer managed key
 * @param lifecycle other rules of the resource
 */
export function keepCustomerKey(
  { settings }: CipherwatchStack,
  attribute: string,
  isOfAws: string,
  lifecycle?: TerraformResourceLifecycle,
): { readonly lifecycle?: TerraformResourceLifecycle } {
  if (settings.customerManagedKeys === "all") return {};
  const postcondition = [{ condition: `\${${isOfAws}}`, errorMessage: keysAreFixed("records") }];
  return { lifecycle: { ...lifecycle, ignoreChanges: [attribute], postcondition } };
}

/** The error of a plan with another value of CIPHERWATCH_CUSTOMER_MANAGED_KEYS than the deployed one. */
export function keysAreFixed(value: "all" | "records"): string {
  const loss =
    value === "records"
      ? "Its data is encrypted with customer managed keys, which this deployment would delete"
      : "RDS and ECR cannot change the key of a database or a repository, so this deployment would replace them";
  return `CIPHERWATCH_CUSTOMER_MANAGED_KEYS cannot become ${value} in a deployed environment. ${loss}. Set it to the previous value, or destroy the environment and deploy it again.`;
}

/**
 * Fails the plan if the setting changes in either direction. For stacks with a resource that another key would
 * replace. The ARN of a key that the plan creates is unknown, so a condition on that resource could fail only after
 * the apply.
 */
export function keepKeys(stack: CipherwatchStack): void {
  const { customerManagedKeys } = stack.settings;
  terraformData(stack, "CustomerManagedKeys", {
    input: { customerManagedKeys },
    lifecycle: {
      ignoreChanges: ["input"],
      postcondition: [
        {
          condition: `\${self.input.customerManagedKeys == "${customerManagedKeys}"}`,
          errorMessage: keysAreFixed(customerManagedKeys),
        },
      ],
    },
  });
}
