import { join } from "node:path";
import { type Aws, type AwsOptions, startAws } from "../aws/aws.ts";
import { type Deliveries, fixedDelay } from "../aws/cloudtrail/deliveries.ts";

/**
 * Starts the AWS endpoint on a free port, with its journals in `folder`. Throws unexpected errors.
 * @param trailDeliveries default: each event once, after five minutes
 */
export function startTestAws({
  folder,
  trailDeliveries = fixedDelay(300),
  ...options
}: Pick<AwsOptions, "deployment" | "clock" | "primaryKmsEntries"> & {
  readonly folder: string;
  readonly trailDeliveries?: Deliveries;
}): Promise<Aws> {
  return startAws({
    ...options,
    port: 0,
    trailDeliveries,
    journalFile: (name) => join(folder, `${name}.jsonl`),
    onError: (error) => {
      throw error;
    },
  });
}
