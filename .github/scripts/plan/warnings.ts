import type { PlanJson } from "./plan-json.ts";

/**
 * Adds Terraform's warnings to a plan, since `terraform show -json` leaves them out.
 * @param json output of `terraform show -json`
 * @param text output of `terraform plan -no-color`
 */
export function withWarnings(json: string, text: string): string {
  const warnings = warningsIn(text);
  if (warnings.length === 0) return json;
  return json.replace("{", () => `{"cipherwatch_warnings":${JSON.stringify(warnings)},`);
}

/** Leaves out the values of expressions, which can be secrets that are not marked. */
function warningsIn(text: string): string[] {
  const [body = ""] = text.split(/^\u2500{20,}$/m);
  return body
    .split(/^(?=Warning: )/m)
    .filter((block) => block.startsWith("Warning: "))
    .map((block) =>
      block
        .split("\n")
        .filter((line) => !/^ +[\u251c\u2502]/.test(line))
        .join("\n")
        .trim(),
    );
}

/** A check or a postcondition that does not hold. */
export interface FailedCheck {
  readonly address: string;
  readonly messages: readonly string[];
}

export function failedChecks({ checks }: PlanJson): FailedCheck[] {
  return checks
    .filter(({ status }) => status === "fail" || status === "error")
    .map(({ address, instances = [] }) => ({
      address: address.to_display,
      messages: instances.flatMap(({ problems = [] }) =>
        problems.flatMap(({ message }) => (message === undefined ? [] : [message])),
      ),
    }));
}
