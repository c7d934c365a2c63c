import type { Block } from "../../terraform/json.ts";
import { allOf, everyHas, everyIs, exists } from "./check.ts";
import { type ControlArea, type Exemption, KEYS_OF_AWS } from "./control.ts";
import { altered, atLeast, customerKey, type Matcher, referenceTo } from "./matchers.ts";
import { allowStatements, policies, type Statement } from "./policies.ts";
import { principalsOfThisAccount } from "./principals.ts";
import { companions } from "./subjects.ts";

const BUCKET = "aws_s3_bucket";
const ofBucket = (type: string) => companions(BUCKET, { type, link: "bucket" });

/** Buckets that S3 or the load balancer delivers access logs to. */
const LOG_BUCKETS = [
  "bootstrap/aws_s3_bucket.AccessLogs",
  "service/aws_s3_bucket.LoadBalancer_Logs",
] as const;

const OWN_TRAIL_LOGS: Exemption = {
  except: ["with existing resources"],
  of: ["trail/aws_s3_bucket.AccessLogs"],
  reason:
    "The reason for the other buckets of access logs applies: this bucket has the accesses to the trail's bucket.",
};

export const PUBLIC_ACCESS_BLOCK = "aws_s3_bucket_public_access_block";
const BLOCKED = {
  block_public_acls: true,
  block_public_policy: true,
  ignore_public_acls: true,
  restrict_public_buckets: true,
};

/** Whether a public access block blocks all four kinds of public access. */
export function blocksAll(block: Block): boolean {
  return Object.keys(BLOCKED).every((attribute) => block[attribute] === true);
}

function deniesPlainHttp({
  effect,
  principals,
  actions,
  resources,
  condition,
}: Statement): boolean {
  const everyone = principals?.some(
    ({ type, identifiers }) => ["AWS", "*"].includes(type) && identifiers.includes("*"),
  );
  const withoutTls =
    condition?.length === 1 &&
    condition.every(
      ({ test, variable, values }) =>
        test === "Bool" && variable === "aws:SecureTransport" && values.join() === "false",
    );
  const [bucket, ...objects] = [...(resources ?? [])].sort();
  const whole = bucket !== undefined && objects.join() === `${bucket}/*`;
  return (
    effect === "Deny" && everyone === true && withoutTls && whole && actions?.join() === "s3:*"
  );
}

const tlsOnly: Matcher = {
  description: "statements that deny all requests without TLS, to the bucket and its objects",
  accepts: (value) => Array.isArray(value) && value.some(deniesPlainHttp),
  violations: [
    [],
    ...(
      [
        ["that allow them", { effect: "Allow" }],
        ["on objects only", { resources: ["arn:aws:s3:::example/*"] }],
        ["for reads only", { actions: ["s3:GetObject"] }],
        ["without the condition", { condition: [] }],
        ["for one account", { principals: [{ type: "AWS", identifiers: ["111122223333"] }] }],
      ] as const
    ).map(([title, change]) =>
      altered<readonly Statement[]>(title, (statements) =>
        statements.map((statement) =>
          deniesPlainHttp(statement) ? { ...statement, ...change } : statement,
        ),
      ),
    ),
  ],
};

const DEFAULT_ENCRYPTION = "rule.apply_server_side_encryption_by_default";

export const storage: readonly ControlArea[] = [
  {
    name: "S3",
    controls: [
      {
        id: "s3-public-access",
        title: "Buckets block all four kinds of public access, and no policy admits other accounts",
        scanners:
          "CKV_AWS_53 CKV_AWS_54 CKV_AWS_55 CKV_AWS_56 CKV2_AWS_6 AWS-0086 AWS-0087 AWS-0091 AWS-0093 AWS-0094 S3.8",
        check: allOf(
          everyHas(ofBucket(PUBLIC_ACCESS_BLOCK), BLOCKED),
          everyIs(allowStatements("aws_s3_bucket_policy"), principalsOfThisAccount),
        ),
      },
      {
        id: "s3-key",
        title: "Objects are encrypted with a customer managed key",
        scanners: "CKV_AWS_19 CKV_AWS_145 AWS-0132 S3.17",
        check: everyHas(ofBucket("aws_s3_bucket_server_side_encryption_configuration"), {
          [`${DEFAULT_ENCRYPTION}.sse_algorithm`]: ["aws:kms", "aws:kms:dsse"],
          [`${DEFAULT_ENCRYPTION}.kms_master_key_id`]: customerKey,
        }),
        exemptions: [
          KEYS_OF_AWS,
          {
            of: LOG_BUCKETS,
            reason:
              "S3 and the load balancer deliver access logs only to buckets encrypted with S3 managed keys.",
          },
          OWN_TRAIL_LOGS,
        ],
      },
      {
        id: "s3-versioning",
        title: "Versioning preserves replaced and deleted objects",
        scanners: "CKV_AWS_21 AWS-0090 S3.14",
        check: everyHas(ofBucket("aws_s3_bucket_versioning"), {
          "versioning_configuration.status": "Enabled",
        }),
      },
      {
        id: "s3-tls",
        title: "Buckets reject requests without TLS",
        scanners: "CKV_AWS_379 S3.5",
        check: allOf(
          exists(ofBucket("aws_s3_bucket_policy")),
          everyHas(policies("aws_s3_bucket_policy"), { statement: tlsOnly }),
        ),
      },
      {
        id: "s3-lifecycle",
        title: "Noncurrent versions and incomplete uploads expire",
        scanners: "CKV2_AWS_61 CKV_AWS_300 S3.10 S3.13",
        check: everyHas(ofBucket("aws_s3_bucket_lifecycle_configuration"), {
          "rule.status": "Enabled",
          "rule.noncurrent_version_expiration.noncurrent_days": atLeast(1),
          "rule.abort_incomplete_multipart_upload.days_after_initiation": atLeast(1),
        }),
      },
      {
        id: "s3-object-lock",
        title: "Object Lock protects objects for a retention period",
        scanners: "CKV_AWS_143 S3.15",
        check: everyHas(ofBucket("aws_s3_bucket_object_lock_configuration"), {
          "rule.default_retention.mode": ["GOVERNANCE", "COMPLIANCE"],
          "rule.default_retention.days": atLeast(1),
        }),
        exemptions: [
          {
            of: ["bootstrap/aws_s3_bucket.AccessLogs"],
            reason: "S3 delivers no access logs to a bucket with default retention.",
          },
          OWN_TRAIL_LOGS,
          {
            of: ["service/aws_s3_bucket.LoadBalancer_Logs"],
            reason:
              "It holds the load balancer's access logs, for as long as other logs are kept. The trail is the audit evidence, and its bucket is locked.",
          },
          {
            of: ["bootstrap/aws_s3_bucket.StateBucket", "bootstrap/aws_s3_bucket.PlanBucket"],
            reason:
              "Every run replaces states and deletes lock files, and plans expire after days. Versioning restores what is lost.",
          },
          {
            under: ["dev", "a cheap dev"],
            of: ["trail/aws_s3_bucket.TrailBucket"],
            reason:
              "dev can be destroyed completely. The bucket supports Object Lock, and `CIPHERWATCH_TRAIL_LOCK_DAYS` sets a retention period.",
          },
        ],
      },
      {
        id: "s3-acl",
        title: "Access control lists are disabled",
        scanners: "CKV2_AWS_65 AWS-0092 S3.12",
        check: everyHas(ofBucket("aws_s3_bucket_ownership_controls"), {
          "rule.object_ownership": "BucketOwnerEnforced",
        }),
      },
      {
        id: "s3-access-log",
        title: "Buckets log their accesses",
        scanners: "CKV_AWS_18 AWS-0089 S3.9",
        check: everyHas(ofBucket("aws_s3_bucket_logging"), { target_bucket: referenceTo(BUCKET) }),
        exemptions: [
          {
            of: LOG_BUCKETS,
            reason:
              "They hold access logs. Logging the delivery of logs would create an endless loop, and S3 advises against a bucket that is its own target. The trail records changes of their settings.",
          },
          OWN_TRAIL_LOGS,
        ],
      },
      {
        id: "s3-replication",
        title: "Objects are replicated, events are notified, and deleting versions requires MFA",
        scanners: "CKV_AWS_144 CKV2_AWS_62 AWS-0170 S3.7 S3.11 S3.20",
        declined: [
          {
            type: "aws_s3_bucket_replication_configuration",
            attributes: {},
            reason:
              "A second region doubles the storage and needs a second set of keys. S3 keeps each object in three availability zones. To survive the loss of a region, replicate only the trail's bucket.",
          },
          {
            type: "aws_s3_bucket_notification",
            attributes: {},
            reason:
              "There is nothing to react to: AWS services and Terraform write all objects, and the trail records changes to buckets.",
          },
          {
            type: "aws_s3_bucket_versioning",
            attributes: { "versioning_configuration.mfa_delete": "Enabled" },
            reason:
              "Only the root user can enable it, through the API and not through Terraform. In prod, Object Lock protects the trail's files instead.",
          },
        ],
      },
    ],
  },
];
