import { z } from "zod";
import type { Clock } from "../../state/clock.ts";
import { readInput, text } from "../shared/input.ts";
import type { AwsStructure, Operations } from "../shared/operation.ts";
import { type DescribedTrail, INVALID_NAME, Name, requireTrail } from "./describe-trails.ts";

export interface Logging {
  readonly operations: Operations;
  /** Returns whether the trail delivers the event of an operation: while it is logging, and always StopLogging. */
  readonly delivers: (operation: string) => boolean;
  /** Records the current time as that of the latest delivery to the log group. */
  readonly markDelivered: () => void;
}

const TrailName = z.object({ TrailName: text({ min: 3 }) });

/**
 * Emulates the logging status of the trail. A new lab reports a delivery at its start, as if the trail had existed
 * before.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
 */
export function createLogging(options: DescribedTrail & { readonly clock: Clock }): Logging {
  const { trail, clock } = options;
  let isLogging = true;
  let started = new Date(clock.now());
  let delivered = started;
  let stopped: Date | undefined;

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
        requireTrail(options, readInput(Name, input, INVALID_NAME).Name);
        return status();
      },
      GetEventSelectors: (input) => {
        requireTrail(options, readInput(TrailName, input, INVALID_NAME).TrailName);
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
        requireTrail(options, readInput(Name, input, INVALID_NAME).Name);
        isLogging = false;
        stopped = new Date(clock.now());
        return {};
      },
      StartLogging: (input) => {
        requireTrail(options, readInput(Name, input, INVALID_NAME).Name);
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
