import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document/index.js";
import type { Construct } from "constructs";
import type { CipherwatchStack } from "../cipherwatch-stack.ts";

/** A statement of an IAM policy. */
export interface Statement {
  readonly sid: string;
  /** Default: `Allow`. */
  readonly effect?: "Allow" | "Deny";
  /** Left out in identity-based policies. */
  readonly principals?: Principals;
  readonly actions: readonly string[];
  /** Left out in the trust policies of roles. */
  readonly resources?: readonly string[];
  readonly conditions?: readonly Condition[] | undefined;
}

export interface Principals {
  readonly type: "AWS" | "Service" | "Federated";
  readonly identifiers: readonly string[];
}

/** A condition operator, the condition key and the values; at least one value must match. */
export type Condition = readonly [
  operator: string,
  conditionKey: string,
  ...values: readonly string[],
];

/** Builds a statement of an identity-based policy. All conditions must match. */
export function allow(
  sid: string,
  resources: readonly string[],
  actions: readonly string[],
  ...conditions: readonly Condition[]
): Statement {
  return { sid, actions, resources, ...(conditions.length === 0 ? {} : { conditions }) };
}

/** Renders a policy with a data source, so that Terraform validates it and shows it in plans. */
export function policyJson(scope: Construct, id: string, statements: readonly Statement[]): string {
  return new DataAwsIamPolicyDocument(scope, id, { statement: statements.map(toDocument) }).json;
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
    ...(conditions === undefined
      ? {}
      : {
          condition: conditions.map(([test, variable, ...values]) => ({ test, variable, values })),
        }),
  };
}

/** All principals of the account. Each also needs the permission in its own IAM policies. */
export function accountPrincipals(stack: CipherwatchStack): Principals {
  return { type: "AWS", identifiers: [stack.globalArn("iam", "root")] };
}

/** @param name such as `events.amazonaws.com` */
export function servicePrincipal(name: string): Principals {
  return { type: "Service", identifiers: [name] };
}

/** Matches calls that a role of the account makes, whether the role exists yet or not. */
export function calledByRole(stack: CipherwatchStack, roleName: string): Condition {
  return ["ArnEquals", "aws:PrincipalArn", stack.roleArn(roleName)];
}

/**
 * Matches uses of a KMS key that AWS services make for the caller.
 * @param services such as `s3`
 */
export function viaService(
  { settings }: CipherwatchStack,
  ...services: readonly string[]
): Condition {
  const names = services.map((service) => `${service}.${settings.region}.amazonaws.com`);
  return ["StringEquals", "kms:ViaService", ...names];
}

/** Matches calls that an AWS service makes for a resource of this account. */
export function fromSource(stack: CipherwatchStack, sourceArn: string): readonly Condition[] {
  return [
    ["StringEquals", "aws:SourceAccount", stack.accountId],
    ["ArnLike", "aws:SourceArn", sourceArn],
  ];
}

/** Denies every request without TLS. */
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

/** Actions that encrypt or re-encrypt with a KMS key. Statements add `kms:Decrypt`. */
export const ENCRYPT = [
  "kms:Encrypt",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyWithoutPlaintext",
  "kms:ReEncryptFrom",
  "kms:ReEncryptTo",
] as const;

/** Actions that pull an image from ECR, after `ecr:GetAuthorizationToken`. */
export const PULL_IMAGE = [
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchGetImage",
  "ecr:GetDownloadUrlForLayer",
] as const;

/** Actions that the service needs to check that its trail delivers KMS events. */
/** For the erasure ledger: add an entry, which may need its stream, and read all. */
export const USE_LEDGER = ["logs:CreateLogStream", "logs:FilterLogEvents", "logs:PutLogEvents"];

export const READ_TRAIL = ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"] as const;

/** Actions that ECS Exec's agent needs to connect a session to a container. */
export const OPEN_EXEC_CHANNELS = [
  "ssmmessages:CreateControlChannel",
  "ssmmessages:CreateDataChannel",
  "ssmmessages:OpenControlChannel",
  "ssmmessages:OpenDataChannel",
] as const;
