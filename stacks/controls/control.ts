import { constructAddress } from "../../terraform/cdktf/names.ts";
import type { Check } from "./check.ts";
import type { ConfigurationName } from "./configurations.ts";
import type { Finding } from "./finding.ts";
import type { Expected } from "./matchers.ts";

/** A requirement of scanners or Security Hub, and how the stacks meet it. */
export interface Control {
  /** Stable: reviews and exceptions of scanners refer to it. */
  readonly id: string;
  /** A sentence that is true when the control is met. */
  readonly title: string;
  /** Ids of Checkov (`CKV…`), Trivy (`AWS-…`) and Security Hub, separated by spaces. */
  readonly scanners: string;
  /** Absent if all of the control is declined. */
  readonly check?: Check;
  /** Findings of the check that are accepted. Default: none. */
  readonly exemptions?: readonly Exemption[];
  /** Parts of the control that no configuration meets. Default: none. */
  readonly declined?: readonly Decline[];
  /** Configuration that the violations are applied to. Default: prod. */
  readonly violationsUnder?: ConfigurationName;
}

export interface Exemption {
  /** Configurations it applies to. Default: all. */
  readonly under?: readonly [ConfigurationName, ...ConfigurationName[]];
  /** Configurations it does not apply to. Default: none. */
  readonly except?: readonly [ConfigurationName, ...ConfigurationName[]];
  /** Addresses `<stack>/<type>.<name>`, names without CDKTF's hash. Default: all resources. */
  readonly of?: readonly [string, ...string[]];
  readonly reason: string;
}

/** Controls of deletion protection have this exemption. */
export const DESTROYABLE_DEV: Exemption = {
  under: ["dev", "a cheap dev"],
  reason:
    "dev can be created and destroyed with one command; `CIPHERWATCH_DELETION_PROTECTION=true` protects it like prod.",
};

/** For controls on resources that the owner of an existing VPC has in place of ours. */
export function ofVpcOwner(...of: readonly [string, ...string[]]): Exemption {
  return {
    under: ["in an existing VPC, with existing topics"],
    of,
    reason:
      "The stacks have no VPC of their own. The owner of the existing one checks it; [existing resources](existing.md#a-vpc) lists what the service needs of it.",
  };
}

/** What a cheap dev gives up to save costs. prod refuses most of it. */
export function cheapDev(what: string, ...of: readonly string[]): Exemption {
  const [first, ...others] = of;
  return {
    under: ["a cheap dev"],
    ...(first !== undefined && { of: [first, ...others] }),
    reason: `${what} [A cheap dev](deploying.md#a-cheap-dev) says what this gives up.`,
  };
}

/** For controls that require customer managed keys. */
export const KEYS_OF_AWS: Exemption = cheapDev(
  "Only the records have a customer managed key, which costs $1 a month; AWS owned and AWS managed keys encrypt everything else.",
);

/** A requirement that the stacks do not meet, with the reason. It becomes obsolete as soon as a resource meets it. */
export interface Decline {
  readonly type: string;
  /** Attributes that would meet the requirement; empty: any resource of the type. */
  readonly attributes: Readonly<Record<string, Expected>>;
  readonly reason: string;
}

export interface ControlArea {
  readonly name: string;
  readonly controls: readonly Control[];
}

export type Scanner = "Checkov" | "Trivy" | "AWS Security Hub";

export function scannerIds({ scanners }: Control, scanner: Scanner): readonly string[] {
  return scanners.split(" ").filter((id) => scannerOf(id) === scanner);
}

function scannerOf(id: string): Scanner {
  if (id.startsWith("CKV")) return "Checkov";
  return id.startsWith("AWS-") ? "Trivy" : "AWS Security Hub";
}

/** Whether an exemption covers a finding under a configuration. */
export function isExempt(
  { under, except, of }: Exemption,
  configuration: ConfigurationName,
  { address }: Finding,
): boolean {
  const named = constructAddress(address);
  return (
    (under?.includes(configuration) ?? true) &&
    !(except?.includes(configuration) ?? false) &&
    (of?.some((exempt) => named === exempt || named.startsWith(`${exempt} `)) ?? true)
  );
}
