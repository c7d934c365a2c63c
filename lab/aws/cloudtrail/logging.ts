import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedTrail } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import { readInput, text } from "../shared/input.ts";
import type { AwsStructure, Operations } from "../shared/operation.ts";

export interface Logging {
  readonly operations: Operations;
  /** Whether the trail delivers the event of this operation. It delivers the one that stops it. */
  readonly delivers: (operation: string) => boolean;
  /** Notes the time of a delivery to the log group. */
  readonly markDelivered: () => void;
}

const Name = z.object({ Name: text({ min: 3 }) });
const TrailName = z.object({ TrailName: text({ min: 3 }) });
const INVALID = "InvalidTrailNameException";

/**
 * Whether a trail is logging. A new lab has delivered just now, as if the trail had existed before.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
 */
export function createLogging({
  trail,
  clock,
}: {
  readonly trail: DeployedTrail;
  readonly clock: Clock;
}): Logging {
  let isLogging = true;
  let started = new Date(clock.now());
  let delivered = started;
  let stopped: Date | undefined;

  function requireTrail(name: string): void {
    if (name === trail.arn || name === trail.name) return;
    throw new AwsError("TrailNotFoundException", `Unknown trail: ${name}`);
  }

  const status = (): AwsStructure => ({
    IsLogging: isLogging,
    StartLoggingTime: started,
    StopLoggingTime: stopped,
    LatestDeliveryTime: delivered,
    LatestCloudWatchLogsDeliveryTime: delivered,
  });

  return {
    operations: {
      GetTrailStatus: (input) => {
        requireTrail(readInput(Name, input, INVALID).Name);
        return status();
      },
      GetEventSelectors: (input) => {
        requireTrail(readInput(TrailName, input, INVALID).TrailName);
        return {
          TrailARN: trail.arn,
          EventSelectors: [
            {
              ReadWriteType: "All",
              IncludeManagementEvents: true,
              DataResources: [],
              ExcludeManagementEventSources: [],
            },
          ],
        };
      },
      StopLogging: (input) => {
        requireTrail(readInput(Name, input, INVALID).Name);
        isLogging = false;
        stopped = new Date(clock.now());
        return {};
      },
      StartLogging: (input) => {
        requireTrail(readInput(Name, input, INVALID).Name);
        isLogging = true;
        started = new Date(clock.now());
        return {};
      },
    },
    delivers: (operation) => isLogging || operation === "StopLogging",
    markDelivered: () => {
      delivered = new Date(clock.now());
    },
  };
}
