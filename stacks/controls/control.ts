import { constructAddress } from "../../terraform/cdktf/names.ts";
import type { ConfigurationName } from "./configurations.ts";
import type { Finding } from "./finding.ts";
import type { Rule } from "./rule.ts";

/** What scanners and Security Hub ask for, and how the stacks are held to it. */
export interface Control {
  /** Never changes: refusals in reviews and exceptions in scanners go by it. */
  readonly id: string;
  /** A sentence that is true where the control is met. */
  readonly title: string;
  readonly checkov?: readonly string[];
  readonly trivy?: readonly string[];
  readonly securityHub?: readonly string[];
  readonly rule: Rule;
  /** What the rule finds and we keep. Nothing unless given. */
  readonly refusals?: readonly Refusal[];
}

export interface Refusal {
  /** Configurations in which it stands. All unless given. */
  readonly under?: readonly [ConfigurationName, ...ConfigurationName[]];
  /** Configurations in which it does not stand. None unless given. */
  readonly except?: readonly [ConfigurationName, ...ConfigurationName[]];
  /** `<stack>/<type>.<name>` as the constructs have it, without the hash. All resources unless given. */
  readonly of?: readonly [string, ...string[]];
  /** The one attribute that is refused. All unless given. */
  readonly attribute?: string;
  readonly reason: string;
}

export interface Area {
  readonly name: string;
  readonly controls: readonly Control[];
}

/** Whether the finding, made under a configuration, is what was refused. */
export function isRefused(
  { under, except, of, attribute }: Refusal,
  configuration: ConfigurationName,
  finding: Finding,
): boolean {
  return (
    (under?.includes(configuration) ?? true) &&
    !(except?.includes(configuration) ?? false) &&
    (of?.some((address) => isAt(address, finding.address)) ?? true) &&
    (attribute === undefined || attribute === finding.attribute)
  );
}

function isAt(address: string, found: string): boolean {
  const named = constructAddress(found);
  return named === address || named.startsWith(`${address} `);
}
