import type { TrailDetection } from "./detection.ts";
import { administrator, deployer, exampleEvent, exampleScope, user } from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny, RESOURCE_ARN } from "./pattern.ts";

const { namePrefix } = exampleScope;
const change = { eventSource: "ecr.amazonaws.com", readOnly: false };
const repositoryName = `${namePrefix}service`;

/** Write calls that change the images or access to them. Scans and tags of the repository do not. */
const CHANGES = [
  "PutImage*",
  "UpdateImage*",
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
        // CloudTrail omits the parameters of a request with a manifest of more than 100 KB, but not its resources.
        anyOf(
          matchesAny("$.requestParameters.repositoryName", `${namePrefix}*`),
          matchesAny(RESOURCE_ARN, `*:repository/${namePrefix}*`),
        ),
      ),
    ),
  // The policy of the registry can deny pulling our images, or let others push them, and names no repository.
  furtherPatterns: () => [
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "ecr.amazonaws.com"),
        matchesAny("$.eventName", "PutRegistryPolicy"),
      ),
    ),
  ],
  expectedCallers: ({ deployRoleArn }) => ({ roles: [deployRoleArn] }),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "A deployment of a foreign image runs foreign code with the service's role. Deleted and archived images prevent ECS from starting tasks.",
  falsePositives: [
    "Somebody pushed an image or deployed from their own machine: exclude that role, or use the pipeline.",
    "Another team changed the policy of the account's registry: exclude its role.",
  ],
  runbook: [
    "Run the query to see which image or policy was changed, and by whom.",
    "Compare the digest of the running tasks with the last deployment. If it differs, deploy the last one again.",
    "Delete unknown images, restore archived ones (`aws ecr update-image-storage-class --target-storage-class STANDARD`), and restore the repository: `npm run diff registry`, then `npm run deploy registry`.",
    "Revoke the caller's access.",
  ],
  insightsQuery: ({ namePrefix }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.imageTag, requestParameters.targetStorageClass, responseElements.image.imageId.imageDigest, eventID, errorCode",
      `filter eventSource = "ecr.amazonaws.com" and eventName like /PutImage|UpdateImage|BatchDelete|Policy|DeleteRepository/ and eventName not like /^(Get|Describe|List)/ and (requestParameters.repositoryName like "${namePrefix}" or resources.0.ARN like "${namePrefix}" or eventName = "PutRegistryPolicy")`,
      "sort eventTime desc",
    ].join(" | "),
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
  mustFire: [
    exampleEvent("a user pushes an image", user, {
      ...change,
      eventName: "PutImage",
      requestParameters: { repositoryName, imageTag: "latest", registryId: "111122223333" },
    }),
    exampleEvent("a user pushes an image with a long manifest", user, {
      ...change,
      eventName: "PutImage",
      requestParameters: {
        reason: "requestParameters too large",
        omitted: true,
        originalSize: 131_072,
      },
      resources: [
        {
          accountId: "111122223333",
          ARN: `arn:aws:ecr:ap-southeast-2:111122223333:repository/${repositoryName}`,
        },
      ],
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
    // https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateImageStorageClass.html
    exampleEvent("a user archives the running image", user, {
      ...change,
      eventName: "UpdateImageStorageClass",
      requestParameters: {
        repositoryName,
        imageId: { imageTag: "4f1c2d3e" },
        targetStorageClass: "ARCHIVE",
      },
    }),
    // https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryPolicy.html
    exampleEvent("a user denies all principals permission to pull images", user, {
      ...change,
      eventName: "PutRegistryPolicy",
      requestParameters: { policyText: "{}" },
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
