import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsService,
  deployer,
  exampleScope,
  managementEvent,
  roleSession,
  user,
} from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny } from "./pattern.ts";

/** A trail that is made or started weakens none that is there. */
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
  title: "A trail was stopped or changed, or what it writes to",
  severity: "critical",
  tactic: "defense evasion",
  source: "trail",
  // Trails of any name, as CIS has it: who stops one stops others. Of buckets, log groups and roles
  // only those of this trail. The role's own CreateLogStream is its work.
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
  why: "Whoever stops the trail does not want what comes next to be seen: from then on every other detection is blind.",
  falsePositives: [
    "A deployment of the trail stack: UpdateTrail or PutBucketPolicy by the deploy role, at the time of the deployment.",
    "An organization's administrator who changes the trail of the organization.",
  ],
  runbook: [
    "`aws cloudtrail get-trail-status`: if it does not log, `aws cloudtrail start-logging` now, then ask.",
    "Run the query: who, from where, and what else they did before the trail went silent.",
    "Event history (`aws cloudtrail lookup-events`) keeps management events for 90 days whatever became of the trail: read there what was missed.",
    "`npm run diff trail` shows what differs from the stacks; deploy it to restore it.",
  ],
  insightsQuery: ({ namePrefix }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, errorCode, requestParameters.name, requestParameters.bucketName",
      `filter eventName in ${JSON.stringify([...TRAIL_CHANGES, ...LOG_GROUP_CHANGES])} or (eventName like /^(Put|Delete|Attach|Detach|Update)/ and @message like "${namePrefix}trail-")`,
      "sort eventTime desc",
    ].join(" | "),
  mustFire: [
    {
      name: "somebody stops the trail",
      record: managementEvent(user, {
        ...onTrail,
        eventName: "StopLogging",
        requestParameters: { name: trailArn },
      }),
    },
    {
      name: "somebody tries to, and is denied",
      record: managementEvent(user, {
        ...onTrail,
        eventName: "DeleteTrail",
        errorCode: "AccessDenied",
        errorMessage: `User: arn:aws:iam::111122223333:user/mallory is not authorized to perform: cloudtrail:DeleteTrail on resource: ${trailArn}`,
      }),
    },
    {
      name: "the events of KMS are left out of it from now on",
      record: managementEvent(administrator, {
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
    },
    {
      name: "its log group is deleted",
      record: managementEvent(user, {
        ...onLogs,
        eventName: "DeleteLogGroup",
        requestParameters: { logGroupName: trailLogGroupName },
      }),
    },
    {
      name: "its bucket forgets after a day",
      record: managementEvent(administrator, {
        ...onBucket,
        eventName: "PutBucketLifecycle",
        requestParameters: { bucketName: trailBucket, lifecycle: "" },
      }),
    },
    {
      name: "the role that it writes with loses its policy",
      record: managementEvent(user, {
        eventSource: "iam.amazonaws.com",
        eventName: "DeleteRolePolicy",
        readOnly: false,
        requestParameters: { roleName: `${namePrefix}trail-to-logs`, policyName: "write" },
      }),
    },
  ],
  mustNotFire: [
    {
      name: "the trail writes to a new log stream",
      record: managementEvent(roleSession(`${namePrefix}trail-to-logs`, "CLOUDTRAIL"), {
        ...onLogs,
        eventName: "CreateLogStream",
        requestParameters: {
          logGroupName: trailLogGroupName,
          logStreamName: "111122223333_CloudTrail_ap-southeast-2",
        },
      }),
    },
    {
      name: "somebody looks at the trail",
      record: managementEvent(administrator, {
        ...onTrail,
        eventName: "GetTrailStatus",
        readOnly: true,
        requestParameters: { name: trailArn },
      }),
    },
    {
      name: "Security Hub reads the bucket's policy",
      record: managementEvent(
        awsService("securityhub.amazonaws.com", "AWSServiceRoleForSecurityHub"),
        {
          ...onBucket,
          eventName: "GetBucketPolicy",
          readOnly: true,
          requestParameters: { bucketName: trailBucket },
        },
      ),
    },
    {
      name: "another bucket's policy changes",
      record: managementEvent(deployer, {
        ...onBucket,
        eventName: "PutBucketPolicy",
        requestParameters: {
          bucketName: "cipherwatch-dev-access-logs-111122223333-ap-southeast-2",
        },
      }),
    },
    {
      name: "another log group is kept for longer",
      record: managementEvent(administrator, {
        ...onLogs,
        eventName: "PutRetentionPolicy",
        requestParameters: { logGroupName: "/another/application", retentionInDays: 30 },
      }),
    },
  ],
};
