import { type Context, conditionsMatch } from "./conditions.ts";
import type { Patterns, Policy, Statement } from "./policy.ts";
import { matchesArn, matchesWildcards } from "./wildcards.ts";

/** The IAM user or role session that makes a request. */
export interface Principal {
  readonly kind: "user" | "session";
  readonly accountId: string;
  /** The user's ARN, or the ARN of the session (`arn:aws:sts::…:assumed-role/…`). */
  readonly arn: string;
  /** The ARN of the session's role, with its path. */
  readonly roleArn?: string;
}

export interface AccessRequest {
  /** Such as `kms:Decrypt`. */
  readonly action: string;
  /** The ARN of the resource; `*` for an action without one. */
  readonly resource: string;
  /** The account that owns the resource. */
  readonly resourceAccountId: string;
  readonly principal: Principal;
  readonly context: Context;
}

/** The policies that apply to a request. */
export interface ApplicablePolicies {
  /** Policies of the user or the role. */
  readonly identity: readonly Policy[];
  /** The permissions boundary of the user or the role. */
  readonly boundary?: Policy;
  /** The policy that the session was created with. */
  readonly session?: Policy;
  /** The policy of the VPC endpoint through which the request passes. */
  readonly endpoint?: Policy;
  /** The resource's own policy. */
  readonly resource?: Policy;
  /**
   * Whether the resource's policy must allow every request, even from the same account, as for KMS keys and the
   * trust policies of roles. The policy can delegate to IAM by allowing the account.
   * @see https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
   */
  readonly requiresResourcePolicy?: boolean;
  /** Whether a KMS grant allows the principal the operation, as a statement of the resource's policy would. */
  readonly grant?: boolean;
}

export type PolicyType = "identity" | "boundary" | "session" | "endpoint" | "resource";

export type Decision =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      /** The type of the policy that denies the request, or that would have to allow it. */
      readonly policyType: PolicyType;
      /** Whether a statement denies the request. If false, no statement allows it. */
      readonly explicit: boolean;
    };

const ALLOWED: Decision = { allowed: true };

/**
 * Decides whether AWS would allow a request. The lab has no service or resource control policies of an organization.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
 */
export function evaluate(request: AccessRequest, policies: ApplicablePolicies): Decision {
  const { identity, boundary, session, endpoint, resource } = policies;
  const byType: readonly (readonly [PolicyType, readonly Policy[]])[] = [
    ["endpoint", listOf(endpoint)],
    ["resource", listOf(resource)],
    ["identity", identity],
    ["boundary", listOf(boundary)],
    ["session", listOf(session)],
  ];
  for (const [policyType, list] of byType) {
    if (statementsFor(list, "Deny", request).length > 0) {
      return { allowed: false, policyType, explicit: true };
    }
  }

  const denied = (policyType: PolicyType): Decision => ({
    allowed: false,
    policyType,
    explicit: false,
  });
  const allows = (policy: Policy | undefined) =>
    policy === undefined || statementsFor([policy], "Allow", request).length > 0;
  if (!allows(endpoint)) return denied("endpoint");

  const grant = policies.grant ? "principal" : resourceGrant(resource, request);
  const isSameAccount = request.principal.accountId === request.resourceAccountId;
  if (isSameAccount && grant === "principal") return ALLOWED;
  const needsGrant = !isSameAccount || policies.requiresResourcePolicy === true;
  if (needsGrant && grant === "none") return denied("resource");
  const needsIdentity = !isSameAccount || grant !== "role";
  if (needsIdentity && statementsFor(identity, "Allow", request).length === 0) {
    return denied("identity");
  }
  if (!allows(boundary)) return denied("boundary");
  if (!allows(session)) return denied("session");
  return ALLOWED;
}

/**
 * How a resource's policy allows a request. `principal`: it names the user (also by `*`) or the session, and no other
 * policy is needed. `role`: it names the session's role (also by `*`), and a boundary still applies. `account`: it
 * names the account, and an identity-based policy must allow the request too.
 */
type Grant = "principal" | "role" | "account" | "none";

function resourceGrant(policy: Policy | undefined, request: AccessRequest): Grant {
  const grants = statementsFor(listOf(policy), "Allow", request).map((statement) =>
    namedBy(statement, request.principal),
  );
  const strongest = (["principal", "role", "account"] as const).find((grant) =>
    grants.includes(grant),
  );
  return strongest ?? "none";
}

function statementsFor(
  policies: readonly Policy[],
  effect: Statement["effect"],
  request: AccessRequest,
): readonly Statement[] {
  return policies.flatMap(({ statements }) =>
    statements.filter(
      (statement) =>
        statement.effect === effect &&
        matchesPatterns(statement.actions, (pattern) =>
          matchesWildcards(pattern, request.action, "i"),
        ) &&
        (statement.resources === undefined ||
          matchesPatterns(statement.resources, (pattern) =>
            matchesResource(pattern, request.resource),
          )) &&
        namedBy(statement, request.principal) !== "none" &&
        conditionsMatch(statement.conditions, request.context),
    ),
  );
}

function matchesPatterns(
  { patterns, negated }: Patterns,
  matches: (pattern: string) => boolean,
): boolean {
  return patterns.some(matches) !== negated;
}

function matchesResource(pattern: string, resource: string): boolean {
  return pattern === resource || matchesArn(pattern, resource);
}

/**
 * Returns how a statement names a principal. A statement of an identity-based policy names none and always applies.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
function namedBy({ principals }: Statement, principal: Principal): Grant {
  if (principals === undefined) return "principal";
  const { accountId, arn, roleArn, kind } = principal;
  const names = (test: (value: string) => boolean) => principals.some(test);
  if (names((value) => value === arn)) return "principal";
  if (names((value) => value === "*")) return kind === "user" ? "principal" : "role";
  if (roleArn !== undefined && names((value) => value === roleArn)) return "role";
  const isAccount = (value: string) => value === accountId || isRootOf(value, accountId);
  return names(isAccount) ? "account" : "none";
}

function isRootOf(value: string, accountId: string): boolean {
  return value.startsWith("arn:") && value.endsWith(`:iam::${accountId}:root`);
}

const listOf = (policy: Policy | undefined): readonly Policy[] =>
  policy === undefined ? [] : [policy];
