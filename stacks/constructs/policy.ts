import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
  type DataAwsIamPolicyDocumentStatementCondition,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document/index.js";
import type { Construct } from "constructs";
import type { CipherwatchStack } from "../cipherwatch-stack.ts";

/** A statement with its fields spelled as in an IAM policy. */
export interface Statement {
  readonly sid: string;
  readonly effect?: "Allow" | "Deny";
  readonly principals?: Principals;
  readonly actions: readonly string[];
  /** None in the trust policy of a role. */
  readonly resources?: readonly string[];
  readonly conditions?: readonly Condition[];
}

export interface Principals {
  readonly type: "AWS" | "Service" | "Federated";
  readonly identifiers: readonly string[];
}

export type Condition = readonly [
  test: string,
  variable: string,
  ...values: readonly [string, ...string[]],
];

/** The JSON of a policy, by a data source: Terraform checks it and shows it in plans. */
export function policyJson(scope: Construct, id: string, statements: readonly Statement[]): string {
  return new DataAwsIamPolicyDocument(scope, id, { statement: statements.map(toDocument) }).json;
}

/** The account's principals, each as far as its own IAM policies let it. */
export function accountPrincipals(stack: CipherwatchStack): Principals {
  return { type: "AWS", identifiers: [stack.globalArn("iam", "root")] };
}

export function servicePrincipal(name: string): Principals {
  return { type: "Service", identifiers: [name] };
}

/** Refuses what comes without TLS, whoever sends it. */
export function denyWithoutTls(
  actions: readonly string[],
  resources: readonly string[],
): Statement {
  return {
    sid: "DenyWithoutTls",
    effect: "Deny",
    principals: { type: "AWS", identifiers: ["*"] },
    actions,
    resources,
    conditions: [["Bool", "aws:SecureTransport", "false"]],
  };
}

function toDocument(statement: Statement): DataAwsIamPolicyDocumentStatement {
  const { sid, effect = "Allow", principals, actions, resources, conditions } = statement;
  return {
    sid,
    effect,
    ...(principals === undefined
      ? {}
      : { principals: [{ type: principals.type, identifiers: [...principals.identifiers] }] }),
    actions: [...actions],
    ...(resources === undefined ? {} : { resources: [...resources] }),
    ...(conditions === undefined ? {} : { condition: conditions.map(toCondition) }),
  };
}

function toCondition([
  test,
  variable,
  ...values
]: Condition): DataAwsIamPolicyDocumentStatementCondition {
  return { test, variable, values };
}
