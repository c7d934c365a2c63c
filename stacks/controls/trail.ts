import patterns from "../../detections/cis/patterns.json" with { type: "json" };
import { resolveReference } from "../../terraform/references.ts";
import { addressOf, resourcesOf, withoutResource } from "../../terraform/resources.ts";
import { allOf, everyHas, everyIs, exists, withViolations } from "./check.ts";
import { type ControlArea, cheapDev, type Exemption, KEYS_OF_AWS } from "./control.ts";
import type { Violation } from "./finding.ts";
import {
  absent,
  atLeast,
  customerKey,
  isResource,
  listOf,
  type Matcher,
  optional,
  referenceTo,
} from "./matchers.ts";
import { ALARM, alarmsOn, hasAlarms } from "./metric-alarms.ts";
import { allowStatements, keyStatements } from "./policies.ts";
import { principalsOfThisAccount } from "./principals.ts";
import { blocksAll, PUBLIC_ACCESS_BLOCK } from "./storage.ts";
import { type Companion, companions, companionsOf, including, resources } from "./subjects.ts";

const TRAIL = "aws_cloudtrail";
const KEY = "aws_kms_key";
const REPLICA_KEY = "aws_kms_replica_key";
const LOG_GROUP = "aws_cloudwatch_log_group";
const TOPIC = "aws_sns_topic";

/** The shortest waiting period that KMS offers. */
const MINIMUM_DELETION_DAYS = 7;
const ONE_YEAR_DAYS = 365;

const EXISTING_TRAIL: Exemption = {
  under: ["with existing resources"],
  of: [TRAIL],
  reason:
    "The stacks have no trail of their own. The owner of the existing one checks it; [existing resources](existing.md#a-trail) lists what the detections need of it.",
};

const BLOCK: Companion = { type: PUBLIC_ACCESS_BLOCK, link: "bucket", where: blocksAll };
const LOGGING: Companion = { type: "aws_s3_bucket_logging", link: "bucket" };

const privateLoggedBucket: Matcher = {
  description: "a reference to a bucket that blocks public access and logs accesses",
  accepts: (value, { stacks, stack }) => {
    const bucket = resolveReference(stacks, stack, value);
    return (
      isResource(bucket, "aws_s3_bucket") &&
      [BLOCK, LOGGING].every(
        (companion) => companionsOf(stacks, companion, addressOf(bucket)).length > 0,
      )
    );
  },
  violations: ["some-bucket", "${aws_s3_bucket.Elsewhere.bucket}"],
};

/** Removes a companion from the buckets that trails write to. */
function trailBucketWithout(companion: Companion): Violation {
  return {
    title: `the trail's bucket without ${companion.type}`,
    apply: (stacks) =>
      resourcesOf(stacks, TRAIL).flatMap((trail) => {
        const bucket = resolveReference(stacks, trail.stack, trail.values.s3_bucket_name);
        if (bucket === undefined) return [];
        const linked = companionsOf(stacks, companion, addressOf(bucket));
        return [{ address: addressOf(trail), stacks: linked.reduce(withoutResource, stacks) }];
      }),
  };
}

const notifies = { actions_enabled: true, alarm_actions: listOf(referenceTo(TOPIC)) };

export const trail: readonly ControlArea[] = [
  {
    name: "KMS",
    controls: [
      {
        id: "kms-rotation",
        title: "Keys rotate",
        scanners: "CKV_AWS_7 AWS-0065 KMS.4",
        check: everyHas(KEY, { enable_key_rotation: true }),
      },
      {
        id: "kms-policy",
        title: "Key policies name their principals",
        scanners: "CKV_AWS_33 CKV2_AWS_64 KMS.5",
        check: everyIs(keyStatements, principalsOfThisAccount),
      },
      {
        id: "kms-deletion",
        title: "Keys are enabled; their deletion can be cancelled and raises an alarm",
        scanners: "CKV_AWS_227 AWS-0153 KMS.3 CloudWatch.7",
        check: allOf(
          everyHas(KEY, { is_enabled: optional(true) }),
          everyHas(including(resources(KEY), resources(REPLICA_KEY)), {
            enabled: optional(true), // of a replica
            deletion_window_in_days: atLeast(MINIMUM_DELETION_DAYS),
          }),
          alarmsOn("DisableKey", "ScheduleKeyDeletion"),
        ),
      },
    ],
  },
  {
    name: "CloudTrail",
    controls: [
      {
        id: "trail-all-events",
        title: "The trail records read and write management events of all services and regions",
        scanners: "CKV_AWS_67 AWS-0014 CloudTrail.1 CloudTrail.3",
        exemptions: [EXISTING_TRAIL],
        check: everyHas(TRAIL, {
          is_multi_region_trail: true,
          include_global_service_events: true,
          "event_selector.read_write_type": "All",
          "event_selector.include_management_events": true,
          // Excluding KMS events would blind the detections.
          "event_selector.exclude_management_event_sources": absent,
          advanced_event_selector: absent,
        }),
      },
      {
        id: "trail-validation",
        title: "Log file validation detects changed files",
        scanners: "CKV_AWS_36 AWS-0016 CloudTrail.4",
        exemptions: [EXISTING_TRAIL],
        check: everyHas(TRAIL, { enable_log_file_validation: true }),
      },
      {
        id: "trail-key",
        title: "Log files are encrypted with a customer managed key",
        scanners: "CKV_AWS_35 AWS-0015 CloudTrail.2",
        exemptions: [EXISTING_TRAIL, KEYS_OF_AWS],
        check: everyHas(TRAIL, { kms_key_id: customerKey }),
      },
      {
        id: "trail-log-group",
        title: "The trail delivers events to a log group",
        scanners: "CKV2_AWS_10 AWS-0162 CloudTrail.5",
        exemptions: [EXISTING_TRAIL],
        check: everyHas(TRAIL, {
          cloud_watch_logs_group_arn: referenceTo(LOG_GROUP, ":*"),
          cloud_watch_logs_role_arn: referenceTo("aws_iam_role"),
        }),
      },
      {
        id: "trail-on",
        title: "The trail is enabled and publishes each log file to a topic",
        scanners: "CKV_AWS_251 CKV_AWS_252",
        exemptions: [EXISTING_TRAIL],
        check: everyHas(TRAIL, { enable_logging: true }),
        declined: [
          {
            type: TRAIL,
            attributes: { sns_topic_name: referenceTo(TOPIC) },
            reason:
              "A message for each log file, every few minutes, is for programs that read the bucket. Here metric filters read the log group, and the bucket is read only for investigations.",
          },
        ],
      },
      {
        id: "trail-bucket",
        title: "The trail's bucket blocks public access and logs accesses",
        scanners: "CKV_AWS_18 AWS-0161 AWS-0163 CloudTrail.6 CloudTrail.7",
        exemptions: [EXISTING_TRAIL],
        check: withViolations(
          everyHas(TRAIL, { s3_bucket_name: privateLoggedBucket }),
          trailBucketWithout(BLOCK),
          trailBucketWithout(LOGGING),
        ),
      },
    ],
  },
];

export const monitoring: readonly ControlArea[] = [
  {
    name: "CloudWatch Logs",
    controls: [
      {
        id: "logs-key",
        title: "Log groups are encrypted with a customer managed key",
        scanners: "CKV_AWS_158 AWS-0017",
        exemptions: [KEYS_OF_AWS],
        check: everyHas(LOG_GROUP, { kms_key_id: customerKey }),
      },
      {
        id: "logs-retention",
        title: "Log groups keep events for at least a year",
        scanners: "CKV_AWS_66 CKV_AWS_338 CloudWatch.16",
        check: everyHas(LOG_GROUP, { retention_in_days: atLeast(ONE_YEAR_DAYS) }),
        exemptions: [
          {
            under: ["dev", "a cheap dev"],
            reason:
              "Events in dev are not worth a year of storage. The trail's bucket keeps the account's events longer, and `CIPHERWATCH_LOG_RETENTION_DAYS` sets any period that CloudWatch supports.",
          },
        ],
      },
    ],
  },
  {
    name: "Alarms",
    controls: [
      {
        id: "alarm-actions",
        title: "Alarms are enabled and notify a topic",
        scanners: "CKV_AWS_319 CloudWatch.15 CloudWatch.17",
        check: allOf(
          everyHas(ALARM, notifies),
          everyHas("aws_cloudwatch_composite_alarm", notifies),
        ),
        exemptions: [
          {
            under: ["in an existing VPC, with existing topics"],
            reason:
              "They notify topics that exist without the stacks, by their ARNs. The plan fails if there are none.",
          },
          {
            except: ["in an existing VPC, with existing topics"],
            of: [
              "service/aws_cloudwatch_metric_alarm.Rollout_Alarms_ServerErrors",
              "service/aws_cloudwatch_metric_alarm.Rollout_Alarms_NoResponse",
              "service/aws_cloudwatch_metric_alarm.Rollout_Alarms_UnhealthyTargets",
              "service/aws_cloudwatch_metric_alarm.Rollout_Alarms_DeniedDecrypts",
              "service/aws_cloudwatch_metric_alarm.Rollout_Alarms_Latency",
            ],
            reason:
              "They notify the routine topic, which they name by its ARN: it belongs to the stack `alarm`, which can be deployed after the service.",
          },
          {
            under: ["with a canary"],
            of: ["service/aws_cloudwatch_metric_alarm.Rollout_Alarms_UnhealthyAlternateTargets"],
            reason: "It notifies the routine topic by its ARN, like the other rollback alarms.",
          },
        ],
      },
      {
        id: "alarm-cis",
        title: "The metric filters of the CIS benchmark have alarms",
        scanners: [
          "AWS-0147 AWS-0148 AWS-0149 AWS-0150 AWS-0151 AWS-0152 AWS-0153 AWS-0154 AWS-0155 AWS-0156",
          "AWS-0157 AWS-0158 AWS-0159 AWS-0160 AWS-0174",
          ...Array.from({ length: 14 }, (_, index) => `CloudWatch.${index + 1}`),
        ].join(" "),
        check: hasAlarms(
          patterns.map(({ id, pattern }) => ({
            name: id,
            matches: (candidate: string) => candidate === pattern,
          })),
        ),
        violationsUnder: "with the CIS pack",
        exemptions: [
          {
            except: ["with the CIS pack"],
            reason:
              "They monitor the whole account, not this service: every environment of an account would send each notification again, as would a security team's own alarms. The detections cover this service. `CIPHERWATCH_CIS_PACK=true` adds the benchmark's alarms.",
          },
        ],
      },
    ],
  },
  {
    name: "SNS",
    controls: [
      {
        id: "sns-key",
        title: "Topics are encrypted with a customer managed key",
        scanners: "CKV_AWS_26 AWS-0095 AWS-0136 SNS.1",
        exemptions: [
          cheapDev(
            "Topics have no key: alarms and EventBridge cannot publish to a topic with the AWS managed key for SNS, and a customer managed key costs $1 a month.",
          ),
        ],
        check: everyHas(TOPIC, { kms_master_key_id: customerKey }),
      },
      {
        id: "sns-policy",
        title: "Topic policies admit only principals of this account",
        scanners: "CKV_AWS_169 CKV_AWS_385 SNS.4",
        check: allOf(
          exists(companions(TOPIC, { type: "aws_sns_topic_policy", link: "arn" })),
          everyIs(allowStatements("aws_sns_topic_policy"), principalsOfThisAccount),
        ),
      },
    ],
  },
];
