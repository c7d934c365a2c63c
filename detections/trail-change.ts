import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsService,
  deployer,
  exampleEvent,
  exampleScope,
  otherKeyArn,
  roleSession,
  user,
} from "./example-events.ts";
import {
  allOf,
  anyOf,
  jsonPattern,
  matchesAny,
  matchesNone,
  notByRole,
  PARAMETERS_OMITTED,
} from "./pattern.ts";
import { hasOwnTrail, type MonitoringScope, trailRoleName } from "./scope.ts";

/** Excludes calls that do not weaken an existing trail, such as StartLogging, and PutEventConfiguration, which adds events. */
const TRAIL_CHANGES = [
  "StopLogging",
  "DeleteTrail",
  "UpdateTrail",
  "PutEventSelectors",
  "PutInsightSelectors",
];

const LOG_GROUP_CHANGES = [
  "DeleteLogGroup",
  "DeleteLogStream",
  "PutRetentionPolicy",
  "*ssociateKmsKey", // AssociateKmsKey and DisassociateKmsKey
  "*DataProtectionPolicy",
  "PutSubscriptionFilter",
  "PutTransformer",
  "PutBearerTokenAuthentication",
];

/** Change or drop log events of any log group. */
const PIPELINE_CHANGES = ["CreateTelemetryPipeline", "UpdateTelemetryPipeline"];

/** Apply to all log groups of the account, or to flow logs, whose records do not name a log group. */
const ACCOUNT_CHANGES = ["PutAccountPolicy", "DeleteFlowLogs", ...PIPELINE_CHANGES];

/** Older operations have the log group's name, newer ones its name or ARN. */
const logGroupIs = (name: string) =>
  anyOf(
    matchesAny("$.requestParameters.logGroupName", name),
    ...["logGroupIdentifier", "resourceIdentifier"].map((member) =>
      matchesAny(`$.requestParameters.${member}`, `*${name.replace(/^\*|\*$/g, "")}*`),
    ),
  );

/** Of a name with up to 512 characters: an event pattern has room for 2,048. */
const endOf = (name: string) => name.slice(-100);

/** The trail's own log group has a pattern of its own. An existing trail's has none of our names. */
const notTrailLogGroup = (scope: MonitoringScope) =>
  hasOwnTrail(scope)
    ? [matchesNone("$.requestParameters.logGroupName", scope.trailLogGroupName)]
    : [];

/** Write calls on the trail's bucket, if it is known. A life cycle of 1,000 rules is too long for a record. */
const onTrailBucket = ({ trailBucketName }: MonitoringScope) =>
  trailBucketName === undefined
    ? []
    : [
        `(${allOf(
          "$.readOnly IS FALSE",
          anyOf(
            matchesAny("$.requestParameters.bucketName", trailBucketName),
            `(${allOf(matchesAny("$.eventSource", "s3.amazonaws.com"), PARAMETERS_OMITTED)})`,
          ),
        )})`,
      ];

const { trailLogGroupName, serviceLogGroupName, namePrefix } = exampleScope;
const trailArn = "arn:aws:cloudtrail:ap-southeast-2:111122223333:trail/cipherwatch-dev-trail";
const trailBucket = "cipherwatch-dev-trail-111122223333-ap-southeast-2";
const onTrail = { eventSource: "cloudtrail.amazonaws.com", readOnly: false };
const onBucket = { eventSource: "s3.amazonaws.com", readOnly: false };
const onLogs = { eventSource: "logs.amazonaws.com", readOnly: false };

/** @param restore how to restore the stacks, in a sentence */
export const trailChangeRunbook = (restore: string): readonly string[] => [
  "Run `aws cloudtrail get-trail-status --name TRAIL`. If it is not logging, run `start-logging --name TRAIL` now, then investigate.",
  "Run the query to see who made the change, from where, and what else they did.",
  "Look up the missed events in CloudTrail's event history (`aws cloudtrail lookup-events`), which keeps 90 days, even without a trail.",
  `${restore} Ask the owner of an existing trail.`,
];

export const trailChange: TrailDetection<MonitoringScope> = {
  id: "trail-change",
  title: "A trail, or the storage it writes to, was stopped or changed",
  severity: "critical",
  tactic: "defense evasion",
  source: "trail",
  // Matches trails of any name, as CIS does: a caller who stops one may stop others. Matches only this trail's
  // bucket and log group; role-change counts changes of its role. CreateLogStream is missing because the
  // role calls it routinely. Without flow logs, rejected-traffic is blind.
  pattern: (scope) =>
    jsonPattern(
      anyOf(
        `(${allOf(
          matchesAny("$.eventSource", "cloudtrail.amazonaws.com"),
          matchesAny("$.eventName", ...TRAIL_CHANGES),
        )})`,
        matchesAny("$.eventName", ...ACCOUNT_CHANGES),
        ...onTrailBucket(scope),
      ),
    ),
  furtherPatterns: (scope) => [
    jsonPattern(
      allOf(logGroupIs(scope.trailLogGroupName), matchesAny("$.eventName", ...LOG_GROUP_CHANGES)),
    ),
    // Our other log groups, and those of RDS, WAF and Container Insights, whose names contain the name of our
    // resource. The pipeline changes them when it deploys.
    ...[`${scope.logGroupPrefix}*`, `*${scope.namePrefix}*`].map((name) =>
      jsonPattern(
        allOf(
          matchesAny("$.eventSource", "logs.amazonaws.com"),
          logGroupIs(name),
          ...notTrailLogGroup(scope),
          matchesAny("$.eventName", ...LOG_GROUP_CHANGES),
          ...notByRole(scope.deployRoleArn),
        ),
      ),
    ),
  ],
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  changeNotification: {
    // A deleted or unreadable log group never gets the record of what happened to it.
    detail: ({ trailLogGroupName }) => ({
      $or: [
        { eventSource: ["cloudtrail.amazonaws.com"], eventName: TRAIL_CHANGES },
        {
          eventSource: ["logs.amazonaws.com"],
          eventName: LOG_GROUP_CHANGES.map((name) =>
            name.startsWith("*") ? { wildcard: name } : name,
          ),
          requestParameters: {
            $or: [
              { logGroupName: [{ wildcard: `*${endOf(trailLogGroupName)}` }] },
              ...["logGroupIdentifier", "resourceIdentifier"].map((member) => ({
                [member]: [{ wildcard: `*${endOf(trailLogGroupName)}*` }],
              })),
            ],
          },
        },
        { eventSource: ["logs.amazonaws.com"], eventName: ["PutAccountPolicy"] },
        { eventSource: ["observabilityadmin.amazonaws.com"], eventName: PIPELINE_CHANGES },
      ],
    }),
  },
  why: "Somebody who stops the trail wants to act unseen. From then on, every other CloudTrail detection is blind.",
  falsePositives: [
    "A deployment changed the trail stack: UpdateTrail or PutBucketPolicy by the deploy role at the time of the deployment.",
    "An administrator of the organization changed the organization's trail.",
    "Another team processes its log events with a telemetry pipeline: exclude its role.",
    "Another bucket got a configuration of more than 100 KB, whose record does not name the bucket: exclude the caller's role.",
  ],
  runbook: trailChangeRunbook(
    "Run `npm run diff trail` to see what differs from the stacks, and `npm run deploy trail` to restore it.",
  ),
  insightsQuery: ({ trailBucketName }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.name, requestParameters.bucketName, eventID, errorCode",
      `filter eventName in ${JSON.stringify([...TRAIL_CHANGES, ...ACCOUNT_CHANGES, ...LOG_GROUP_CHANGES.filter((name) => !name.includes("*"))])} or eventName like /DataProtectionPolicy$|ssociateKmsKey$/ ${trailBucketName === undefined ? "" : ` or (eventName like /^(Put|Delete|Attach|Detach|Update)/ and (@message like "${trailBucketName.replace("*", "")}" or eventSource = "s3.amazonaws.com" and ispresent(requestParameters.omitted)))`}`,
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
    exampleEvent("a user sets a life cycle so long that CloudTrail omits the bucket's name", user, {
      ...onBucket,
      eventName: "PutBucketLifecycle",
      requestParameters: {
        reason: "requestParameters too large",
        omitted: true,
        originalSize: 131_072,
      },
    }),
    exampleEvent("an administrator changes the trail's Insights", administrator, {
      ...onTrail,
      eventName: "PutInsightSelectors",
      requestParameters: { trailName: trailArn, insightSelectors: [] },
    }),
    // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html
    exampleEvent("a user encrypts the trail's log group with a key of her own", user, {
      ...onLogs,
      eventName: "AssociateKmsKey",
      requestParameters: { logGroupName: trailLogGroupName, kmsKeyId: otherKeyArn },
    }),
    // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutBearerTokenAuthentication.html
    exampleEvent("a user lets bearer tokens write to the trail's log group", user, {
      ...onLogs,
      eventName: "PutBearerTokenAuthentication",
      requestParameters: {
        logGroupIdentifier: trailLogGroupName,
        bearerTokenAuthenticationEnabled: true,
      },
    }),
    // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDataProtectionPolicy.html
    exampleEvent("a user masks parts of the trail's log events", user, {
      ...onLogs,
      eventName: "PutDataProtectionPolicy",
      requestParameters: {
        logGroupIdentifier: `arn:aws:logs:ap-southeast-2:111122223333:log-group:${trailLogGroupName}`,
        policyDocument: "{}",
      },
    }),
    // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
    exampleEvent("a user sends the service's log events elsewhere", user, {
      ...onLogs,
      eventName: "PutSubscriptionFilter",
      requestParameters: { logGroupName: serviceLogGroupName, filterName: "x", filterPattern: "" },
    }),
    exampleEvent("a user deletes the service's log group", user, {
      ...onLogs,
      eventName: "DeleteLogGroup",
      requestParameters: { logGroupName: serviceLogGroupName },
    }),
    exampleEvent("a user deletes the log group of the web ACL", user, {
      ...onLogs,
      eventName: "DeleteLogGroup",
      requestParameters: { logGroupName: `aws-waf-logs-${namePrefix}service` },
    }),
    exampleEvent("a user keeps the database's log for a day only", user, {
      ...onLogs,
      eventName: "PutRetentionPolicy",
      requestParameters: {
        logGroupName: `/aws/rds/instance/${namePrefix}database/postgresql`,
        retentionInDays: 1,
      },
    }),
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/filter-processors.html
    exampleEvent("a user creates a telemetry pipeline, which can drop the trail's events", user, {
      eventSource: "observabilityadmin.amazonaws.com",
      eventName: "CreateTelemetryPipeline",
      readOnly: false,
      requestParameters: { name: "pipeline", configuration: { body: "pipeline: {}" } },
    }),
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteFlowLogs.html
    exampleEvent("a user deletes the flow log of the VPC", user, {
      eventSource: "ec2.amazonaws.com",
      eventName: "DeleteFlowLogs",
      readOnly: false,
      requestParameters: {
        DeleteFlowLogsRequest: { FlowLogId: { tag: 1, content: "fl-0a1b2c3d4e5f60718" } },
      },
    }),
  ],
  mustNotFire: [
    exampleEvent(
      "the trail creates a log stream",
      roleSession(trailRoleName(exampleScope), "CLOUDTRAIL"),
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
    exampleEvent("the pipeline changes the retention of the service's log group", deployer, {
      ...onLogs,
      eventName: "PutRetentionPolicy",
      requestParameters: { logGroupName: serviceLogGroupName, retentionInDays: 90 },
    }),
    exampleEvent("an administrator changes the retention of another log group", administrator, {
      ...onLogs,
      eventName: "PutRetentionPolicy",
      requestParameters: { logGroupName: "/another/application", retentionInDays: 30 },
    }),
  ],
};
