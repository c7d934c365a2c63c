import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedTrail } from "../../../terraform/deployment.ts";
import { partitionOf } from "../shared/arn.ts";
import { list, readInput, text } from "../shared/input.ts";
import type { AwsStructure, Operations } from "../shared/operation.ts";

export const INVALID_NAME = "InvalidTrailNameException";

export const Name = z.object({ Name: text({ min: 3 }) });
const TrailNames = z.object({ trailNameList: list(text()).default([]) });

export interface DescribedTrail {
  readonly trail: DeployedTrail;
  readonly accountId: string;
}

/** Returns the operations that describe the only trail. */
export function describeTrailOperations(described: DescribedTrail): Operations {
  const { trail } = described;
  return {
    DescribeTrails: (input) => {
      const { trailNameList } = readInput(TrailNames, input, INVALID_NAME);
      const isRequested =
        trailNameList.length === 0 || trailNameList.some((name) => isNamed(trail, name));
      return { trailList: isRequested ? [describeTrail(described)] : [] };
    },
    GetTrail: (input) => {
      requireTrail(described, readInput(Name, input, INVALID_NAME).Name);
      return { Trail: describeTrail(described) };
    },
    ListTrails: () => ({
      Trails: [{ TrailARN: trail.arn, Name: trail.name, HomeRegion: trail.homeRegion }],
    }),
  };
}

/** Checks that a name is the name or the ARN of the trail. @throws AwsError `TrailNotFoundException` */
export function requireTrail({ trail, accountId }: DescribedTrail, name: string): void {
  if (isNamed(trail, name)) return;
  const arn = name.startsWith("arn:") ? name : trail.arn.replace(/[^/]+$/, () => name);
  throw new AwsError("TrailNotFoundException", `Unknown trail: ${arn} for the user: ${accountId}`);
}

function isNamed(trail: DeployedTrail, name: string): boolean {
  return name === trail.arn || name === trail.name;
}

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html */
function describeTrail({ trail, accountId }: DescribedTrail): AwsStructure {
  const { homeRegion, logGroupName } = trail;
  const partition = partitionOf(homeRegion);
  return {
    Name: trail.name,
    S3BucketName: trail.bucketName,
    IncludeGlobalServiceEvents: true,
    IsMultiRegionTrail: trail.multiRegion,
    HomeRegion: homeRegion,
    TrailARN: trail.arn,
    LogFileValidationEnabled: trail.validatesLogFiles,
    CloudWatchLogsLogGroupArn: `arn:${partition}:logs:${homeRegion}:${accountId}:log-group:${logGroupName}:*`,
    CloudWatchLogsRoleArn: trail.logsRoleArn,
    KmsKeyId: trail.kmsKeyArn,
    HasCustomEventSelectors: false,
    HasInsightSelectors: false,
    IsOrganizationTrail: false,
  };
}
