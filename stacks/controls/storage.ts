import type { Stacks } from "../../terraform/json.ts";
import { resourcesOf, withResource } from "../../terraform/resources.ts";
import type { Area } from "./control.ts";
import { allowances, policies, type Statement } from "./policies.ts";
import { ownPrincipals } from "./principals.ts";
import { allOf, every, is, meets, type Rule } from "./rule.ts";
import { companions } from "./subject.ts";
import type { Values } from "./values.ts";
import {
  altered,
  atLeast,
  customerKey,
  equal,
  isTrue,
  oneOf,
  referenceTo,
  type Wanted,
} from "./wanted.ts";

const BUCKET = "aws_s3_bucket";
const ofBucket = (type: string) => companions(BUCKET, { type, link: "bucket" });

/** Buckets that other buckets' access logs, or the load balancer's, go to. */
const LOG_BUCKETS = [
  "bootstrap/aws_s3_bucket.AccessLogs",
  "trail/aws_s3_bucket.AccessLogs",
  "service/aws_s3_bucket.LoadBalancer_Logs",
] as const;

export const PUBLIC_ACCESS_BLOCK = "aws_s3_bucket_public_access_block";
const WAYS_IN = [
  "block_public_acls",
  "block_public_policy",
  "ignore_public_acls",
  "restrict_public_buckets",
];

/** Whether a public access block lets nothing through. */
export function blocksAll(block: Values): boolean {
  return WAYS_IN.every((way) => block[way] === true);
}

function deniesPlainHttp({
  effect,
  principals,
  actions,
  resources,
  condition,
}: Statement): boolean {
  const everybody = principals?.some(
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
    effect === "Deny" && everybody === true && withoutTls && whole && actions?.join() === "s3:*"
  );
}

const tlsOnly: Wanted = {
  says: "statements that deny everything without TLS, on the bucket and its objects",
  accepts: (value) => Array.isArray(value) && value.some(deniesPlainHttp),
  wrong: [
    [],
    ...(
      [
        ["allowing it", { effect: "Allow" }],
        ["on objects alone", { resources: ["arn:aws:s3:::example/*"] }],
        ["for reading alone", { actions: ["s3:GetObject"] }],
        ["under another condition too", { condition: [] }],
        ["for one account", { principals: [{ type: "AWS", identifiers: ["111122223333"] }] }],
      ] as const
    ).map(([title, change]) =>
      altered<readonly Statement[]>(title, (statements) =>
        statements.map((it) => (deniesPlainHttp(it) ? { ...it, ...change } : it)),
      ),
    ),
  ],
};

function forEachBucket(type: string, values: Values): Required<Rule>["met"] {
  return (stacks: Stacks) =>
    resourcesOf(stacks, BUCKET).reduce(
      (changed, { stack, name }) =>
        withResource(changed, {
          stack,
          type,
          name: `Example-${name}`,
          values: { bucket: `\${${BUCKET}.${name}.bucket}`, ...values },
        }),
      stacks,
    );
}

const mfaDelete = is("versioning_configuration.mfa_delete", equal("Enabled", "Disabled"));

export const storage: readonly Area[] = [
  {
    name: "S3",
    controls: [
      {
        id: "s3-public-access",
        title: "Public access is blocked in all four ways, and no policy admits others",
        checkov: ["CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "CKV2_AWS_6"],
        trivy: ["AWS-0086", "AWS-0087", "AWS-0091", "AWS-0093", "AWS-0094"],
        securityHub: ["S3.8"],
        rule: allOf(
          every(ofBucket(PUBLIC_ACCESS_BLOCK), ...WAYS_IN.map((way) => is(way, isTrue))),
          every(allowances("aws_s3_bucket_policy"), meets(ownPrincipals)),
        ),
      },
      {
        id: "s3-key",
        title: "Objects are encrypted under a customer's key",
        checkov: ["CKV_AWS_19", "CKV_AWS_145"],
        trivy: ["AWS-0132"],
        securityHub: ["S3.17"],
        rule: every(
          ofBucket("aws_s3_bucket_server_side_encryption_configuration"),
          is(
            "rule.apply_server_side_encryption_by_default.sse_algorithm",
            oneOf(["aws:kms", "aws:kms:dsse"], "AES256"),
          ),
          is("rule.apply_server_side_encryption_by_default.kms_master_key_id", customerKey),
        ),
        refusals: [
          {
            of: LOG_BUCKETS,
            reason:
              "S3 and the load balancer deliver access logs to buckets under S3's own key alone: under a customer's they would not come.",
          },
        ],
      },
      {
        id: "s3-versioning",
        title: "Replaced and deleted objects can be brought back",
        checkov: ["CKV_AWS_21"],
        trivy: ["AWS-0090"],
        securityHub: ["S3.14"],
        rule: every(
          ofBucket("aws_s3_bucket_versioning"),
          is("versioning_configuration.status", equal("Enabled", "Suspended")),
        ),
      },
      {
        id: "s3-tls",
        title: "Nobody is served without TLS",
        checkov: ["CKV_AWS_379"],
        securityHub: ["S3.5"],
        rule: allOf(
          every(ofBucket("aws_s3_bucket_policy")),
          every(policies("aws_s3_bucket_policy"), is("statement", tlsOnly)),
        ),
      },
      {
        id: "s3-lifecycle",
        title: "Objects and unfinished uploads do not pile up",
        checkov: ["CKV2_AWS_61", "CKV_AWS_300"],
        securityHub: ["S3.10", "S3.13"],
        rule: every(
          ofBucket("aws_s3_bucket_lifecycle_configuration"),
          is("rule.status", equal("Enabled", "Disabled")),
          is("rule.noncurrent_version_expiration.noncurrent_days", atLeast(1)),
          is("rule.abort_incomplete_multipart_upload.days_after_initiation", atLeast(1)),
        ),
      },
      {
        id: "s3-object-lock",
        title: "Objects are locked for a time",
        checkov: ["CKV_AWS_143"],
        securityHub: ["S3.15"],
        rule: every(
          ofBucket("aws_s3_bucket_object_lock_configuration"),
          is("rule.default_retention.mode", oneOf(["GOVERNANCE", "COMPLIANCE"], "NONE")),
          is("rule.default_retention.days", atLeast(1)),
        ),
        refusals: [
          {
            of: ["bootstrap/aws_s3_bucket.AccessLogs", "trail/aws_s3_bucket.AccessLogs"],
            reason: "S3 delivers no access logs to a bucket with a default lock.",
          },
          {
            of: ["service/aws_s3_bucket.LoadBalancer_Logs"],
            reason:
              "It holds which address asked when, for as long as other logs. What proves something is the trail, and that is locked.",
          },
          {
            of: ["bootstrap/aws_s3_bucket.StateBucket", "bootstrap/aws_s3_bucket.PlanBucket"],
            reason:
              "States are replaced and lock files deleted at every run, plans expire after days. Versions bring back what was lost; a lock would keep nothing that somebody could want.",
          },
          {
            under: ["dev"],
            of: ["trail/aws_s3_bucket.TrailBucket"],
            reason:
              "dev can be destroyed with everything in it. The bucket is made for locks, and `CIPHERWATCH_TRAIL_LOCK_DAYS` sets one.",
          },
        ],
      },
      {
        id: "s3-acl",
        title: "Access control lists are off",
        checkov: ["CKV2_AWS_65"],
        trivy: ["AWS-0092"],
        securityHub: ["S3.12"],
        rule: every(
          ofBucket("aws_s3_bucket_ownership_controls"),
          is("rule.object_ownership", equal("BucketOwnerEnforced", "ObjectWriter")),
        ),
      },
      {
        id: "s3-access-log",
        title: "Accesses are logged",
        checkov: ["CKV_AWS_18"],
        trivy: ["AWS-0089"],
        securityHub: ["S3.9"],
        rule: every(ofBucket("aws_s3_bucket_logging"), is("target_bucket", referenceTo(BUCKET))),
        refusals: [
          {
            of: LOG_BUCKETS,
            reason:
              "They hold logs. Logging the delivery of logs begets logs without end, and S3 warns of a bucket that is its own target. Who changes their settings is in the trail.",
          },
        ],
      },
      {
        id: "s3-replication",
        title:
          "Objects are replicated, events notified, and deletion of versions takes a second factor",
        checkov: ["CKV_AWS_144", "CKV2_AWS_62"],
        trivy: ["AWS-0170"],
        securityHub: ["S3.7", "S3.11", "S3.20"],
        rule: {
          ...allOf(
            every(
              ofBucket("aws_s3_bucket_replication_configuration"),
              is("rule.status", equal("Enabled", "Disabled")),
            ),
            every(ofBucket("aws_s3_bucket_notification"), is("eventbridge", isTrue)),
            every(ofBucket("aws_s3_bucket_versioning"), mfaDelete),
          ),
          met: (stacks) =>
            withMfaDelete(
              forEachBucket("aws_s3_bucket_notification", { eventbridge: true })(
                forEachBucket("aws_s3_bucket_replication_configuration", {
                  rule: [{ status: "Enabled" }],
                })(stacks),
              ),
            ),
        },
        refusals: [
          {
            attribute: "aws_s3_bucket_replication_configuration",
            reason:
              "A second region doubles the storage and needs a second set of keys. S3 keeps each object in three availability zones. Whoever must survive the loss of a region replicates the trail's bucket alone.",
          },
          {
            attribute: "aws_s3_bucket_notification",
            reason:
              "Nobody would act on them: all objects come from AWS's own services or from Terraform, and who changes a bucket is in the trail.",
          },
          {
            attribute: mfaDelete.path,
            reason:
              "Only the root user can turn it on, by the API and not by Terraform. In prod the trail's files are locked instead.",
          },
        ],
      },
    ],
  },
];

function withMfaDelete(stacks: Stacks): Stacks {
  return resourcesOf(stacks, "aws_s3_bucket_versioning").reduce((changed, versioning) => {
    const versioning_configuration = {
      ...(versioning.values.versioning_configuration as Values),
      mfa_delete: "Enabled",
    };
    const values = { ...versioning.values, versioning_configuration };
    return withResource(changed, { ...versioning, values });
  }, stacks);
}
