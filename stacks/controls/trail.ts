import type { Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import {
  addressOf,
  resourcesOf,
  withoutResource,
  withResource,
} from "../../terraform/resources.ts";
import type { Area } from "./control.ts";
import type { Example } from "./finding.ts";
import { allOf, every, is, type Rule } from "./rule.ts";
import { blocksAll, PUBLIC_ACCESS_BLOCK } from "./storage.ts";
import { type Companion, companionsOf } from "./subject.ts";
import {
  absent,
  customerKey,
  equal,
  isResource,
  isTrue,
  referenceTo,
  type Wanted,
} from "./wanted.ts";

const TRAIL = "aws_cloudtrail";
const BUCKET = "aws_s3_bucket";
const BLOCK: Companion = { type: PUBLIC_ACCESS_BLOCK, link: "bucket", where: blocksAll };
const LOGGING: Companion = { type: "aws_s3_bucket_logging", link: "bucket" };

const closedAndLogged: Wanted = {
  says: "a reference to a bucket that is closed to the public and logs its accesses",
  accepts: (value, { stacks, stack }) => {
    const bucket = resolveReference(stacks, stack, value);
    if (!isResource(bucket, BUCKET)) return false;
    return [BLOCK, LOGGING].every((it) => companionsOf(stacks, it, addressOf(bucket)).length > 0);
  },
  wrong: ["some-bucket", "${aws_s3_bucket.Elsewhere.bucket}"],
};

/** Takes something away from the buckets that the trails write to. */
function trailBucketWithout(companion: Companion): Example {
  return {
    title: `the trail's bucket without ${companion.type}`,
    broken: (stacks) =>
      resourcesOf(stacks, TRAIL).flatMap((trail) => {
        const bucket = resolveReference(stacks, trail.stack, trail.values.s3_bucket_name);
        if (bucket === undefined) return [];
        const own = companionsOf(stacks, companion, addressOf(bucket));
        return [{ address: addressOf(trail), stacks: own.reduce(withoutResource, stacks) }];
      }),
  };
}

const bucket: Rule = every(TRAIL, is("s3_bucket_name", closedAndLogged));

function withTopic(stacks: Stacks): Stacks {
  return resourcesOf(stacks, TRAIL).reduce((changed, trail) => {
    const topic = { stack: trail.stack, type: "aws_sns_topic", name: "Example", values: {} };
    const values = { ...trail.values, sns_topic_name: "${aws_sns_topic.Example.name}" };
    return withResource(withResource(changed, topic), { ...trail, values });
  }, stacks);
}

export const trail: readonly Area[] = [
  {
    name: "CloudTrail",
    controls: [
      {
        id: "trail-all-events",
        title: "Management events of all regions are recorded, reads and writes, of every service",
        checkov: ["CKV_AWS_67"],
        trivy: ["AWS-0014"],
        securityHub: ["CloudTrail.1", "CloudTrail.3"],
        rule: every(
          TRAIL,
          is("is_multi_region_trail", isTrue),
          is("include_global_service_events", isTrue),
          is("event_selector.read_write_type", equal("All", "WriteOnly", "ReadOnly")),
          is("event_selector.include_management_events", isTrue),
          // A trail that leaves KMS out would see nothing of what the alarms are about.
          is("event_selector.exclude_management_event_sources", absent),
          is("advanced_event_selector", absent),
        ),
      },
      {
        id: "trail-validation",
        title: "Changed files can be told",
        checkov: ["CKV_AWS_36"],
        trivy: ["AWS-0016"],
        securityHub: ["CloudTrail.4"],
        rule: every(TRAIL, is("enable_log_file_validation", isTrue)),
      },
      {
        id: "trail-key",
        title: "Files are encrypted under a customer's key",
        checkov: ["CKV_AWS_35"],
        trivy: ["AWS-0015"],
        securityHub: ["CloudTrail.2"],
        rule: every(TRAIL, is("kms_key_id", customerKey)),
      },
      {
        id: "trail-log-group",
        title: "Events go to a log group too",
        checkov: ["CKV2_AWS_10"],
        trivy: ["AWS-0162"],
        securityHub: ["CloudTrail.5"],
        rule: every(
          TRAIL,
          is("cloud_watch_logs_group_arn", referenceTo("aws_cloudwatch_log_group", ":*")),
          is("cloud_watch_logs_role_arn", referenceTo("aws_iam_role")),
        ),
      },
      {
        id: "trail-on",
        title: "It is on, and a topic tells of each file",
        checkov: ["CKV_AWS_251", "CKV_AWS_252"],
        rule: {
          ...allOf(
            every(TRAIL, is("enable_logging", isTrue)),
            every(TRAIL, is("sns_topic_name", referenceTo("aws_sns_topic"))),
          ),
          met: withTopic,
        },
        refusals: [
          {
            attribute: "sns_topic_name",
            reason:
              "A message for each delivered file, every few minutes, is for programs that read the bucket. Here metric filters read the log group, and nobody reads the bucket until there is something to investigate.",
          },
        ],
      },
      {
        id: "trail-bucket",
        title: "Its bucket is closed to the public and logs its accesses",
        checkov: ["CKV_AWS_18"],
        trivy: ["AWS-0161", "AWS-0163"],
        securityHub: ["CloudTrail.6", "CloudTrail.7"],
        rule: {
          ...bucket,
          examples: [...bucket.examples, trailBucketWithout(BLOCK), trailBucketWithout(LOGGING)],
        },
      },
    ],
  },
];
