import { describe, expect, test } from "vitest";
import {
  type AccessRequest,
  type ApplicablePolicies,
  type Decision,
  evaluate,
  type Principal,
} from "./evaluate.ts";
import { type Policy, parsePolicy } from "./policy.ts";

const ACCOUNT = "111122223333";
const OTHER_ACCOUNT = "444455556666";
const USER: Principal = {
  kind: "user",
  accountId: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:user/alice`,
};
const SESSION: Principal = {
  kind: "session",
  accountId: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/reader/s`,
  roleArn: `arn:aws:iam::${ACCOUNT}:role/team/reader`,
};
const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
const KEY = `arn:aws:kms:ap-southeast-2:${ACCOUNT}:key/1`;

/** Returns a policy with one statement about all actions and resources, for the principals if any are given. */
function policy(Effect: "Allow" | "Deny", principals?: string | readonly string[]): Policy {
  return parsePolicy({
    Statement: {
      Effect,
      ...(principals === undefined ? {} : { Principal: { AWS: principals } }),
      Action: "*",
      Resource: "*",
    },
  });
}

const ALLOW = policy("Allow");
const DENY = policy("Deny");
/** A policy that does not allow the request. */
const NOTHING = parsePolicy({ Statement: { Effect: "Allow", Action: "s3:*", Resource: "*" } });

function decide(
  principal: Principal,
  policies: Partial<ApplicablePolicies>,
  request: Partial<AccessRequest> = {},
): string {
  const decision = evaluate(
    {
      action: "kms:Decrypt",
      resource: KEY,
      resourceAccountId: ACCOUNT,
      principal,
      context: new Map(),
      ...request,
    },
    { identity: [], ...policies },
  );
  return describeDecision(decision);
}

function describeDecision(decision: Decision): string {
  if (decision.allowed) return "allowed";
  return `${decision.explicit ? "denied by" : "not allowed by"} ${decision.policyType}`;
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
describe("within an account", () => {
  test.each<[string, Principal, Partial<ApplicablePolicies>, string]>([
    ["denies by default", USER, {}, "not allowed by identity"],
    ["allows by an identity-based policy", USER, { identity: [NOTHING, ALLOW] }, "allowed"],
    ["allows by a resource-based policy", USER, { resource: policy("Allow", USER.arn) }, "allowed"],
    ["denies by one of several policies", USER, { identity: [ALLOW, DENY] }, "denied by identity"],
    [
      "denies by the resource's policy",
      USER,
      { identity: [ALLOW], resource: policy("Deny", "*") },
      "denied by resource",
    ],
    [
      "denies all principals of a denied account",
      SESSION,
      { identity: [ALLOW], resource: policy("Deny", ACCOUNT) },
      "denied by resource",
    ],
    ["denies by the boundary", USER, { identity: [ALLOW], boundary: DENY }, "denied by boundary"],
    [
      "limits permissions to the boundary",
      SESSION,
      { identity: [ALLOW], boundary: NOTHING },
      "not allowed by boundary",
    ],
    ["never allows by the boundary alone", USER, { boundary: ALLOW }, "not allowed by identity"],
    [
      "limits permissions to the session's policy",
      SESSION,
      { identity: [ALLOW], boundary: ALLOW, session: NOTHING },
      "not allowed by session",
    ],
    [
      "denies by the session's policy",
      SESSION,
      { identity: [ALLOW], session: DENY },
      "denied by session",
    ],
    [
      "does not limit a user that the resource names",
      USER,
      { resource: policy("Allow", USER.arn), boundary: NOTHING },
      "allowed",
    ],
    [
      "does not limit a session that the resource names",
      SESSION,
      { resource: policy("Allow", SESSION.arn), boundary: NOTHING, session: NOTHING },
      "allowed",
    ],
    [
      "limits a role that the resource names to the boundary",
      SESSION,
      { resource: policy("Allow", SESSION.roleArn), boundary: NOTHING },
      "not allowed by boundary",
    ],
    [
      "limits a role that the resource names to the session's policy",
      SESSION,
      { resource: policy("Allow", SESSION.roleArn), session: NOTHING },
      "not allowed by session",
    ],
    [
      "needs no identity-based policy for a role that the resource names",
      SESSION,
      { resource: policy("Allow", SESSION.roleArn) },
      "allowed",
    ],
    ["allows everybody", SESSION, { resource: policy("Allow", "*") }, "allowed"],
    [
      "does not allow other users",
      USER,
      { resource: policy("Allow", `${USER.arn}2`) },
      "not allowed by identity",
    ],
  ])("%s", (_, principal, policies, expected) => {
    expect(decide(principal, policies)).toBe(expected);
  });
});

// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-root-enable-iam
describe("with a resource whose policy must allow each request, such as a KMS key", () => {
  const onKey = (principal: Principal, policies: Partial<ApplicablePolicies>) =>
    decide(principal, { requiresResourcePolicy: true, ...policies });

  test.each<[string, Principal, Partial<ApplicablePolicies>, string]>([
    ["denies an administrator without it", USER, { identity: [ALLOW] }, "not allowed by resource"],
    [
      "requires an identity-based policy too if it allows the account",
      USER,
      { identity: [ALLOW], resource: policy("Allow", ROOT) },
      "allowed",
    ],
    [
      "denies a principal of an allowed account without an identity-based policy",
      USER,
      { resource: policy("Allow", ACCOUNT) },
      "not allowed by identity",
    ],
    [
      "limits a principal of an allowed account to its boundary",
      SESSION,
      { identity: [ALLOW], boundary: NOTHING, resource: policy("Allow", ROOT) },
      "not allowed by boundary",
    ],
    [
      "allows a user that it names",
      USER,
      { resource: policy("Allow", [ROOT, USER.arn]) },
      "allowed",
    ],
    ["allows the grantee of a grant", USER, { grant: true }, "allowed"],
    [
      "denies the grantee by an explicit deny",
      USER,
      { grant: true, identity: [DENY] },
      "denied by identity",
    ],
  ])("%s", (_, principal, policies, expected) => {
    expect(onKey(principal, policies)).toBe(expected);
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
describe("across accounts", () => {
  const foreign = {
    ...USER,
    accountId: OTHER_ACCOUNT,
    arn: `arn:aws:iam::${OTHER_ACCOUNT}:user/eve`,
  };

  test.each<[string, Partial<ApplicablePolicies>, string]>([
    ["denies by the resource's account", { identity: [ALLOW] }, "not allowed by resource"],
    [
      "denies by the caller's account",
      { resource: policy("Allow", foreign.arn) },
      "not allowed by identity",
    ],
    [
      "allows if both accounts allow it",
      { identity: [ALLOW], resource: policy("Allow", foreign.arn) },
      "allowed",
    ],
    [
      "allows if the resource's account trusts the other account",
      { identity: [ALLOW], resource: policy("Allow", OTHER_ACCOUNT) },
      "allowed",
    ],
    [
      "limits even a named user to the boundary",
      { identity: [ALLOW], boundary: NOTHING, resource: policy("Allow", foreign.arn) },
      "not allowed by boundary",
    ],
    [
      "does not take trust in the resource's own account for trust in another",
      { identity: [ALLOW], resource: policy("Allow", ROOT) },
      "not allowed by resource",
    ],
  ])("%s", (_, policies, expected) => {
    expect(decide(foreign, policies)).toBe(expected);
  });
});

// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
test("requires the permission of the VPC endpoint that the request uses, even if all other policies allow it", () => {
  const resource = policy("Allow", USER.arn);
  expect(decide(USER, { resource, endpoint: NOTHING })).toBe("not allowed by endpoint");
  expect(decide(USER, { resource, endpoint: policy("Allow", "*") })).toBe("allowed");
  expect(decide(USER, { identity: [ALLOW], endpoint: policy("Deny", "*") })).toBe(
    "denied by endpoint",
  );
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
describe("actions and resources", () => {
  const allows = (statement: object, action: string, resource = KEY) =>
    decide(
      USER,
      { identity: [parsePolicy({ Statement: { Effect: "Allow", Resource: "*", ...statement } })] },
      { action, resource },
    ) === "allowed";

  test("match actions without regard to case, and wildcards", () => {
    expect(allows({ Action: "KMS:decrypt" }, "kms:Decrypt")).toBe(true);
    expect(allows({ Action: "kms:Generate*" }, "kms:GenerateDataKey")).toBe(true);
    expect(allows({ Action: "kms:?ecrypt" }, "kms:Decrypt")).toBe(true);
    expect(allows({ Action: "kms:Decryp" }, "kms:Decrypt")).toBe(false);
  });

  test("match all but those of NotAction and NotResource", () => {
    expect(allows({ NotAction: "iam:*" }, "kms:Decrypt")).toBe(true);
    expect(allows({ NotAction: "kms:*" }, "kms:Decrypt")).toBe(false);
    const NotResource = [KEY];
    const statement = { Action: "*", NotResource, Resource: undefined };
    expect(allows(statement, "kms:Decrypt", `${KEY}2`)).toBe(true);
    expect(allows(statement, "kms:Decrypt", KEY)).toBe(false);
  });

  test("match resources part by part, with regard to case", () => {
    const secret = `arn:aws:secretsmanager:ap-southeast-2:${ACCOUNT}:secret:rds!db-1`;
    const onSecret = (Resource: string) => allows({ Action: "*", Resource }, "x:Y", secret);
    expect(onSecret(`arn:aws:secretsmanager:*:${ACCOUNT}:secret:rds!*`)).toBe(true);
    expect(onSecret("arn:aws:secretsmanager:*:*:*")).toBe(true);
    expect(onSecret("arn:aws:secretsmanager:*:rds!db-1")).toBe(false);
    expect(onSecret(secret.toUpperCase())).toBe(false);
  });
});
