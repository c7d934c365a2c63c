import { join } from "node:path";
import { type Aws, type AwsOptions, startAws } from "../aws/aws.ts";

/** Starts the AWS endpoint on a free port, with its journals in `folder`. Throws unexpected errors. */
export function startTestAws({
  folder,
  trailDelaySeconds = 300,
  ...options
}: Pick<AwsOptions, "deployment" | "clock"> & {
  readonly folder: string;
  readonly trailDelaySeconds?: number;
}): Promise<Aws> {
  return startAws({
    ...options,
    port: 0,
    trailDelaySeconds,
    journalFile: (name) => join(folder, `${name}.jsonl`),
    onError: (error) => {
      throw error;
    },
  });
}
