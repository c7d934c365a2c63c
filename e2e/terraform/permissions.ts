import type { Call } from "./emulator.ts";

/** A statement of an IAM policy, in the form of Terraform's `aws_iam_policy_document`. */
export interface AllowedActions {
  readonly effect?: string;
  readonly actions: readonly string[];
}

/** Signing name → IAM action prefix, where they differ. */
const PREFIXES: Readonly<Record<string, string>> = { monitoring: "cloudwatch" };

/** Actions that require no permission. */
const UNRESTRICTED = ["sts:GetCallerIdentity"];

/** What destroying all stacks calls and the deploy role may not. */
export const DESTRUCTIVE_ACTIONS: readonly string[] = [
  "cloudtrail:DeleteTrail",
  "ecr:DeleteRepository",
  "kms:ScheduleKeyDeletion",
  "logs:DeleteLogGroup",
  "rds:DeleteDBInstance",
  "s3:DeleteBucket",
  "s3:DeleteBucketPolicy",
  "s3:ListBucketVersions",
];

/**
 * Returns the IAM actions that calls require, sorted and without duplicates.
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export function requiredActions(calls: readonly Call[]): string[] {
  const actions = calls.flatMap((call) => {
    if (call.service === null) return [];
    if (call.service === "s3") return s3Action(call);
    if (call.operation === null) {
      throw new Error(`No IAM action is known for ${call.service} ${call.method} ${call.path}.`);
    }
    return `${PREFIXES[call.service] ?? call.service}:${call.operation}`;
  });
  return [...new Set(actions)].filter((action) => !UNRESTRICTED.includes(action)).sort();
}

/** Returns the actions that no statement allows. */
export function deniedActions(
  actions: readonly string[],
  statements: readonly AllowedActions[],
): string[] {
  const patterns = statements
    .filter(({ effect = "Allow" }) => effect === "Allow")
    .flatMap((statement) => statement.actions.map(toPattern));
  return actions.filter((action) => !patterns.some((pattern) => pattern.test(action)));
}

function toPattern(action: string): RegExp {
  const escaped = action.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "i");
}

/** Query parameter of a bucket request → name in IAM actions. */
const BUCKET_SETTINGS: Readonly<Record<string, string>> = {
  accelerate: "AccelerateConfiguration",
  acl: "BucketAcl",
  cors: "BucketCORS",
  encryption: "EncryptionConfiguration",
  lifecycle: "LifecycleConfiguration",
  location: "BucketLocation",
  logging: "BucketLogging",
  notification: "BucketNotification",
  "object-lock": "BucketObjectLockConfiguration",
  ownershipControls: "BucketOwnershipControls",
  policy: "BucketPolicy",
  publicAccessBlock: "BucketPublicAccessBlock",
  replication: "ReplicationConfiguration",
  requestPayment: "BucketRequestPayment",
  tagging: "BucketTagging",
  versioning: "BucketVersioning",
  website: "BucketWebsite",
};

/** Settings with a separate delete action; all others are deleted with the put action. */
const WITH_DELETE_ACTION = ["policy", "website"];

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
function s3Action({ method, path, query }: Call): string {
  const [, , ...key] = path.split("/");
  const parameters = [...new URLSearchParams(query).keys()];
  if (key.join("") !== "") {
    if (method === "GET" || method === "HEAD") return "s3:GetObject";
    return method === "DELETE" ? "s3:DeleteObject" : "s3:PutObject";
  }
  const setting = parameters.find((parameter) => parameter in BUCKET_SETTINGS);
  if (setting !== undefined) {
    const verb =
      method === "GET"
        ? "Get"
        : method === "DELETE" && WITH_DELETE_ACTION.includes(setting)
          ? "Delete"
          : "Put";
    return `s3:${verb}${BUCKET_SETTINGS[setting]}`;
  }
  if (parameters.includes("delete")) return "s3:DeleteObject";
  if (parameters.includes("versions")) return "s3:ListBucketVersions";
  if (method === "GET" || method === "HEAD") return "s3:ListBucket";
  return method === "DELETE" ? "s3:DeleteBucket" : "s3:CreateBucket";
}
