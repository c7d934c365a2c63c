import type { TrailDetection } from "./detection.ts";
import { administrator, deployer, exampleEvent, exampleScope, user } from "./example-events.ts";
import { allOf, jsonPattern, matchesAny } from "./pattern.ts";

const { namePrefix } = exampleScope;
const change = { eventSource: "ecr.amazonaws.com", readOnly: false };
const repositoryName = `${namePrefix}service`;

/** Write calls that change the images or access to them. Scans and tags of the repository do not. */
const CHANGES = [
  "PutImage*",
  "BatchDeleteImage",
  "SetRepositoryPolicy",
  "DeleteRepository*",
  "*LifecyclePolicy",
];

export const imageChange: TrailDetection = {
  id: "image-change",
  title: "The service's images, or access to them, were changed outside the pipeline",
  severity: "high",
  tactic: "execution",
  source: "trail",
  pattern: ({ namePrefix }) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ecr.amazonaws.com"),
        "$.readOnly IS FALSE",
        matchesAny("$.eventName", ...CHANGES),
        matchesAny("$.requestParameters.repositoryName", `${namePrefix}*`),
      ),
    ),
  expectedCallers: ({ deployRoleArn }) => ({ roles: [deployRoleArn] }),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "A deployment of a foreign image runs foreign code with the service's role. Deleted images prevent ECS from starting tasks.",
  falsePositives: [
    "Somebody pushed an image or deployed from their own machine: exclude that role, or use the pipeline.",
  ],
  runbook: [
    "Run the query to see which image or policy was changed, and by whom.",
    "Compare the digest of the running tasks with the last deployment. If it differs, deploy the last one again.",
    "Delete unknown images, and restore the repository: `npm run diff registry`, then `npm run deploy registry`.",
    "Revoke the caller's access.",
  ],
  insightsQuery: ({ namePrefix }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.imageTag, responseElements.image.imageId.imageDigest, eventID, errorCode",
      `filter eventSource = "ecr.amazonaws.com" and eventName like /PutImage|BatchDelete|Policy|DeleteRepository/ and eventName not like /^(Get|Describe|List)/ and requestParameters.repositoryName like "${namePrefix}"`,
      "sort eventTime desc",
    ].join(" | "),
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
  mustFire: [
    exampleEvent("a user pushes an image", user, {
      ...change,
      eventName: "PutImage",
      requestParameters: { repositoryName, imageTag: "latest", registryId: "111122223333" },
    }),
    exampleEvent("a user lets another account pull and push", user, {
      ...change,
      eventName: "SetRepositoryPolicy",
      requestParameters: { repositoryName, policyText: "{}", force: false },
    }),
    exampleEvent("an administrator deletes images", administrator, {
      ...change,
      eventName: "BatchDeleteImage",
      requestParameters: { repositoryName, imageIds: [{ imageTag: "1" }] },
    }),
  ],
  mustNotFire: [
    exampleEvent("the pipeline pushes an image", deployer, {
      ...change,
      eventName: "PutImage",
      requestParameters: { repositoryName, imageTag: "4f1c2d3e" },
    }),
    exampleEvent("an administrator starts a scan", administrator, {
      ...change,
      eventName: "StartImageScan",
      requestParameters: { repositoryName },
    }),
    exampleEvent("a user pushes another application's image", user, {
      ...change,
      eventName: "PutImage",
      requestParameters: { repositoryName: "orders", imageTag: "latest" },
    }),
  ],
};
