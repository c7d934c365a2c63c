import type { CloudTrailRecord } from "../../detections/detection.ts";
import {
  createExampleScope,
  type DetectionScope,
  EXAMPLE_ACCOUNT,
} from "../../detections/scope.ts";
import type { Account } from "../../terraform/reader.ts";

const EXAMPLE_REGION = "ap-southeast-2";

const bucketOf = (namePrefix: string) => `${namePrefix}trail-${EXAMPLE_ACCOUNT}-${EXAMPLE_REGION}`;

/** Replaces the resources, account and region of a detection's example record with those of the lab. */
export function retargetRecord(
  record: CloudTrailRecord,
  scope: DetectionScope,
  { accountId, region }: Account,
): CloudTrailRecord {
  const example = createExampleScope("dev", EXAMPLE_REGION);
  const replacements = [
    // Replace whole ARNs first, because those of roles can have a path.
    [example.serviceRoleArn, scope.serviceRoleArn],
    [example.executionRoleArn, scope.executionRoleArn],
    [example.rolloutRoleArn, scope.rolloutRoleArn],
    [example.deployRoleArn, scope.deployRoleArn],
    [example.keyArn, scope.keyArn],
    [example.trailKeyArn, scope.trailKeyArn ?? example.trailKeyArn],
    [example.topicKeyArn, scope.topicKeyArn ?? example.topicKeyArn],
    ...example.storageKeyArns.map(
      (arn, index) => [arn, scope.storageKeyArns[index] ?? arn] as const,
    ),
    ...example.securityGroupIds.map(
      (id, index) => [id, scope.securityGroupIds[index] ?? id] as const,
    ),
    ...example.natAddresses.map(
      (address, index) => [address, scope.natAddresses[index] ?? address] as const,
    ),
    [example.trailLogGroupName, scope.trailLogGroupName],
    ...(scope.trailBucketName === undefined || scope.trailBucketName.endsWith("*")
      ? []
      : ([[bucketOf(example.namePrefix), scope.trailBucketName]] as const)),
    [example.namePrefix, scope.namePrefix],
    [EXAMPLE_ACCOUNT, accountId],
    [EXAMPLE_REGION, region],
  ] as const;
  const retargeted = replacements.reduce(
    (json, [from, to]) => json.replaceAll(from, to),
    JSON.stringify(record),
  );
  return JSON.parse(retargeted);
}
