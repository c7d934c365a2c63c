import type { TerraformJson } from "../../terraform/json.ts";
import { type PolicyStatement, statementsOf } from "../testing.ts";

type Arguments = Readonly<Record<string, unknown>>;

export function blocksOf({ resource }: TerraformJson, type: string) {
  return (resource?.[type] ?? {}) as Readonly<Record<string, Arguments>>;
}

/** All that a role of the pipeline may do and may not: its own policy and those attached to it. */
export function permissionsOfRole(
  bootstrap: TerraformJson,
  role: "Plan" | "Deploy",
): PolicyStatement[] {
  const ofRole = (argument: Arguments) =>
    String(argument.role).startsWith(`\${aws_iam_role.Pipeline_${role}_`);
  const policies = blocksOf(bootstrap, "aws_iam_policy");
  const attached = Object.values(blocksOf(bootstrap, "aws_iam_role_policy_attachment"))
    .filter(ofRole)
    .map(({ policy_arn: arn }) => /aws_iam_policy\.(\S+)\.arn/.exec(String(arn))?.[1] ?? "")
    .map((name) => policies[name] ?? {});
  const own = Object.values(blocksOf(bootstrap, "aws_iam_role_policy")).filter(ofRole);
  return [...attached, ...own].flatMap(({ policy }) => statementsOf(bootstrap, policy));
}
