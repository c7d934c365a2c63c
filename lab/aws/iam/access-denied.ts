import type { Decision, PolicyType } from "./evaluate.ts";

const NAMES: Readonly<Record<PolicyType, string>> = {
  identity: "identity-based",
  boundary: "permissions boundary",
  session: "session",
  endpoint: "VPC endpoint",
  resource: "resource-based",
};

export interface DeniedRequest {
  readonly callerArn: string;
  readonly action: string;
  /** The resource as the message names it, such as `on resource: arn:…`; empty if AWS names none. */
  readonly target: string;
  /** Whether the resource is a role, whose resource policy is its trust policy. */
  readonly isTrust?: boolean;
}

/**
 * Returns AWS's message for a request that policies deny.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function accessDeniedMessage(
  { callerArn, action, target, isTrust = false }: DeniedRequest,
  { policyType, explicit }: Extract<Decision, { allowed: false }>,
): string {
  const subject = `User: ${callerArn} is not authorized to perform: ${action}${target && ` ${target}`}`;
  const isTrustPolicy = isTrust && policyType === "resource";
  if (explicit) {
    return `${subject} with an explicit deny in ${isTrustPolicy ? "the role trust policy" : withArticle(policyType)}`;
  }
  const name = isTrustPolicy ? "role trust policy" : policyName(policyType);
  return `${subject} because no ${name} allows the ${action} action`;
}

function policyName(policyType: PolicyType): string {
  return policyType === "boundary" ? NAMES.boundary : `${NAMES[policyType]} policy`;
}

function withArticle(policyType: PolicyType): string {
  return `${policyType === "identity" ? "an" : "a"} ${policyName(policyType)}`;
}
