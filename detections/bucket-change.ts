import type { TrailDetection } from "./detection.ts";
import { administrator, deployer, exampleEvent, exampleScope, user } from "./example-events.ts";
import { allOf, CALLER_ROLE_ARN, jsonPattern, matchesAny, matchesNone } from "./pattern.ts";

const BUCKET = "$.requestParameters.bucketName";

const { namePrefix } = exampleScope;
const change = { eventSource: "s3.amazonaws.com", readOnly: false };
const bucketName = (part: string) => `${namePrefix}${part}-111122223333-ap-southeast-2`;

export const bucketChange: TrailDetection = {
  id: "bucket-change",
  title: "A bucket of states, plans or access logs was changed",
  severity: "medium",
  tactic: "collection",
  source: "trail",
  // Every write call on one of our buckets. trail-change counts changes of the trail's bucket. The pipeline
  // changes the buckets of the access logs when it deploys.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "s3.amazonaws.com"),
        "$.readOnly IS FALSE",
        matchesAny(BUCKET, `${scope.namePrefix}*`),
        matchesNone(BUCKET, `${scope.namePrefix}trail-*`),
        matchesNone(CALLER_ROLE_ARN, scope.deployRoleArn),
      ),
    ),
  // By the pipeline: only a person may change the buckets of states and plans.
  furtherPatterns: (scope) => [
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "s3.amazonaws.com"),
        "$.readOnly IS FALSE",
        matchesAny(BUCKET, `${scope.namePrefix}state-*`, `${scope.namePrefix}plans-*`),
        matchesAny(CALLER_ROLE_ARN, scope.deployRoleArn),
      ),
    ),
  ],
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Terraform trusts the states, so whoever can write them can change what the next deployment does. The plan bucket has the reviewed plans, with which the pipeline compares each deployment. The access logs show who read the trail.",
  falsePositives: [
    "An administrator deployed the bootstrap stack: planned, and by a person you know.",
    "Somebody deployed from their own machine: exclude that role, or deploy through the pipeline.",
  ],
  runbook: [
    "Run the query to see which bucket was changed, by whom, and from where.",
    "Stop deployments until the bucket is restored: `npm run diff bootstrap` for states and plans, `npm run diff trail service` for access logs, then `npm run deploy` for the stack that differs.",
    "If others could write to it, restore the states from their earlier versions, and delete all plans.",
    "Revoke the caller's access.",
  ],
  insightsQuery: ({ namePrefix }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.bucketName, eventID, errorCode",
      `filter eventSource = "s3.amazonaws.com" and eventName not like /^(Get|List|Head)/ and requestParameters.bucketName like "${namePrefix}"`,
      "sort eventTime desc",
    ].join(" | "),
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
  mustFire: [
    exampleEvent("a user lets another account write plans", user, {
      ...change,
      eventName: "PutBucketPolicy",
      requestParameters: { bucketName: bucketName("plans"), bucketPolicy: {}, policy: "" },
    }),
    exampleEvent("a user makes the states public", user, {
      ...change,
      eventName: "DeleteBucketPublicAccessBlock",
      requestParameters: { bucketName: bucketName("state"), publicAccessBlock: "" },
    }),
    exampleEvent("an administrator turns versioning of the states off", administrator, {
      ...change,
      eventName: "PutBucketVersioning",
      requestParameters: {
        bucketName: bucketName("state"),
        VersioningConfiguration: { Status: "Suspended" },
        versioning: "",
      },
    }),
    exampleEvent("AWS denies the pipeline's role to change the plan bucket", deployer, {
      ...change,
      eventName: "PutBucketPolicy",
      errorCode: "AccessDenied",
      requestParameters: { bucketName: bucketName("plans"), policy: "" },
    }),
    exampleEvent("a user deletes old access logs", user, {
      ...change,
      eventName: "PutBucketLifecycle",
      requestParameters: { bucketName: bucketName("access-logs"), lifecycle: "" },
    }),
  ],
  mustNotFire: [
    exampleEvent("the pipeline changes the policy of the load balancer's logs", deployer, {
      ...change,
      eventName: "PutBucketPolicy",
      requestParameters: { bucketName: bucketName("elb-logs"), policy: "" },
    }),
    exampleEvent("an administrator changes another application's bucket", administrator, {
      ...change,
      eventName: "PutBucketPolicy",
      requestParameters: { bucketName: "orders", policy: "" },
    }),
    exampleEvent("an administrator reads the policy of the state bucket", administrator, {
      ...change,
      eventName: "GetBucketPolicy",
      readOnly: true,
      requestParameters: { bucketName: bucketName("state"), policy: "" },
    }),
  ],
};
