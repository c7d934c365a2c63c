import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsService,
  deployer,
  exampleEvent,
  exampleScope,
  roleSession,
  user,
} from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny } from "./pattern.ts";

/** Excludes calls that do not weaken an existing trail: CreateTrail and StartLogging. */
const TRAIL_CHANGES = ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"];

const LOG_GROUP_CHANGES = [
  "DeleteLogGroup",
  "DeleteLogStream",
  "PutRetentionPolicy",
  "DisassociateKmsKey",
];

const { trailLogGroupName, namePrefix } = exampleScope;
const trailArn = "arn:aws:cloudtrail:ap-southeast-2:111122223333:trail/cipherwatch-dev-trail";
const trailBucket = "cipherwatch-dev-trail-111122223333-ap-southeast-2";
const onTrail = { eventSource: "cloudtrail.amazonaws.com", readOnly: false };
const onBucket = { eventSource: "s3.amazonaws.com", readOnly: false };
const onLogs = { eventSource: "logs.amazonaws.com", readOnly: false };

export const trailChange: TrailDetection = {
  id: "trail-change",
  title: "A trail, or the storage it writes to, was stopped or changed",
  severity: "critical",
  tactic: "defense evasion",
  source: "trail",
  // Matches trails of any name, as CIS does: a caller who stops one may stop others. Matches only this trail's
  // bucket, log group and role. CreateLogStream is missing because the role calls it routinely.
  pattern: (scope) =>
    jsonPattern(
      anyOf(
        `(${allOf(
          matchesAny("$.eventSource", "cloudtrail.amazonaws.com"),
          matchesAny("$.eventName", ...TRAIL_CHANGES),
        )})`,
        `(${allOf(
          matchesAny("$.requestParameters.logGroupName", scope.trailLogGroupName),
          matchesAny("$.eventName", ...LOG_GROUP_CHANGES),
        )})`,
        `(${allOf(
          "$.readOnly IS FALSE",
          anyOf(
            matchesAny("$.requestParameters.bucketName", `${scope.namePrefix}trail-*`),
            matchesAny("$.requestParameters.roleName", `${scope.namePrefix}trail-to-logs`),
          ),
        )})`,
      ),
    ),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  changeNotification: {
    detail: () => ({ eventSource: ["cloudtrail.amazonaws.com"], eventName: TRAIL_CHANGES }),
  },
  why: "Somebody who stops the trail wants to act unseen. From then on, every other CloudTrail detection is blind.",
  falsePositives: [
    "A deployment changed the trail stack: UpdateTrail or PutBucketPolicy by the deploy role at the time of the deployment.",
    "An administrator of the organization changed the organization's trail.",
  ],
  runbook: [
    "Run `aws cloudtrail get-trail-status`. If the trail is not logging, run `aws cloudtrail start-logging` now, then investigate.",
    "Run the query to see who made the change, from where, and what else they did before the trail stopped.",
    "Look up the missed events in CloudTrail's event history (`aws cloudtrail lookup-events`), which keeps management events for 90 days, even without a trail.",
    "Run `npm run diff trail` to see what differs from the stacks, and `npm run deploy trail` to restore it.",
  ],
  insightsQuery: ({ namePrefix }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, errorCode, requestParameters.name, requestParameters.bucketName",
      `filter eventName in ${JSON.stringify([...TRAIL_CHANGES, ...LOG_GROUP_CHANGES])} or (eventName like /^(Put|Delete|Attach|Detach|Update)/ and @message like "${namePrefix}trail-")`,
      "sort eventTime desc",
    ].join(" | "),
  mustFire: [
    exampleEvent("a user stops the trail", user, {
      ...onTrail,
      eventName: "StopLogging",
      requestParameters: { name: trailArn },
    }),
    exampleEvent("AWS denies a user to delete the trail", user, {
      ...onTrail,
      eventName: "DeleteTrail",
      errorCode: "AccessDenied",
      errorMessage: `User: arn:aws:iam::111122223333:user/mallory is not authorized to perform: cloudtrail:DeleteTrail on resource: ${trailArn}`,
    }),
    exampleEvent("an administrator excludes KMS events from the trail", administrator, {
      ...onTrail,
      eventName: "PutEventSelectors",
      requestParameters: {
        trailName: trailArn,
        eventSelectors: [
          {
            readWriteType: "All",
            includeManagementEvents: true,
            excludeManagementEventSources: ["kms.amazonaws.com"],
          },
        ],
      },
    }),
    exampleEvent("a user deletes the trail's log group", user, {
      ...onLogs,
      eventName: "DeleteLogGroup",
      requestParameters: { logGroupName: trailLogGroupName },
    }),
    exampleEvent("an administrator changes how long the bucket keeps files", administrator, {
      ...onBucket,
      eventName: "PutBucketLifecycle",
      requestParameters: { bucketName: trailBucket, lifecycle: "" },
    }),
    exampleEvent("a user deletes the policy of the role that writes to the log group", user, {
      eventSource: "iam.amazonaws.com",
      eventName: "DeleteRolePolicy",
      readOnly: false,
      requestParameters: { roleName: `${namePrefix}trail-to-logs`, policyName: "write" },
    }),
  ],
  mustNotFire: [
    exampleEvent(
      "the trail creates a log stream",
      roleSession(`${namePrefix}trail-to-logs`, "CLOUDTRAIL"),
      {
        ...onLogs,
        eventName: "CreateLogStream",
        requestParameters: {
          logGroupName: trailLogGroupName,
          logStreamName: "111122223333_CloudTrail_ap-southeast-2",
        },
      },
    ),
    exampleEvent("an administrator reads the trail's status", administrator, {
      ...onTrail,
      eventName: "GetTrailStatus",
      readOnly: true,
      requestParameters: { name: trailArn },
    }),
    exampleEvent(
      "Security Hub reads the bucket policy",
      awsService("securityhub.amazonaws.com", "AWSServiceRoleForSecurityHub"),
      {
        ...onBucket,
        eventName: "GetBucketPolicy",
        readOnly: true,
        requestParameters: { bucketName: trailBucket },
      },
    ),
    exampleEvent("the pipeline changes the policy of another bucket", deployer, {
      ...onBucket,
      eventName: "PutBucketPolicy",
      requestParameters: {
        bucketName: "cipherwatch-dev-access-logs-111122223333-ap-southeast-2",
      },
    }),
    exampleEvent("an administrator changes the retention of another log group", administrator, {
      ...onLogs,
      eventName: "PutRetentionPolicy",
      requestParameters: { logGroupName: "/another/application", retentionInDays: 30 },
    }),
  ],
};
