import { describe, expect, test } from "vitest";
import { accessDeniedMessage } from "./access-denied.ts";
import type { Decision } from "./evaluate.ts";

// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
describe("messages", () => {
  const John = "arn:aws:iam::123456789012:user/John";

  test.each<[string, string, string, Extract<Decision, { allowed: false }>, string]>([
    [
      "codecommit:ListRepositories",
      "",
      "identity",
      { allowed: false, policyType: "identity", explicit: false },
      "because no identity-based policy allows the codecommit:ListRepositories action",
    ],
    [
      "codecommit:ListRepositories",
      "",
      "VPC endpoint",
      { allowed: false, policyType: "endpoint", explicit: false },
      "because no VPC endpoint policy allows the codecommit:ListRepositories action",
    ],
    [
      "codedeploy:ListDeployments",
      "on resource: arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:*",
      "boundary",
      { allowed: false, policyType: "boundary", explicit: false },
      "because no permissions boundary allows the codedeploy:ListDeployments action",
    ],
    [
      "sagemaker:ListModels",
      "",
      "boundary, explicitly",
      { allowed: false, policyType: "boundary", explicit: true },
      "with an explicit deny in a permissions boundary",
    ],
    [
      "secretsmanager:GetSecretValue",
      "on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:*",
      "resource, explicitly",
      { allowed: false, policyType: "resource", explicit: true },
      "with an explicit deny in a resource-based policy",
    ],
    [
      "codedeploy:ListDeployments",
      "on resource: arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:*",
      "identity, explicitly",
      { allowed: false, policyType: "identity", explicit: true },
      "with an explicit deny in an identity-based policy",
    ],
  ])("of %s %s name the policy: %s", (action, target, _, decision, reason) => {
    const subject = `User: ${John} is not authorized to perform: ${action}`;
    expect(accessDeniedMessage({ callerArn: John, action, target }, decision)).toBe(
      `${subject}${target && ` ${target}`} ${reason}`,
    );
  });

  test.each([
    [false, "because no role trust policy allows the sts:AssumeRole action"],
    [true, "with an explicit deny in the role trust policy"],
  ])("of a role name its trust policy (explicit: %s)", (explicit, reason) => {
    const denied = { callerArn: John, action: "sts:AssumeRole", target: "", isTrust: true };
    const decision = { allowed: false, policyType: "resource", explicit } as const;
    expect(accessDeniedMessage(denied, decision)).toBe(
      `User: ${John} is not authorized to perform: sts:AssumeRole ${reason}`,
    );
  });
});
