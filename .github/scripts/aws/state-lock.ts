import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { z } from "zod";
import { StepError } from "../github/step.ts";
import { clientOptions } from "./client-options.ts";
import { readObject } from "./s3.ts";

const configuration = z.object({
  terraform: z.object({
    backend: z.object({ s3: z.object({ bucket: z.string(), key: z.string() }) }),
  }),
});

const lock = z.object({ Who: z.string(), Operation: z.string(), Created: z.string() });

/**
 * Finds the stacks that are being applied, by the lock files beside their states.
 * https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
 * @param stacks synthesized stacks, all with their states in one folder of a bucket
 * @returns stack → such as `runner@host (OperationTypeApply since 2026-11-20T01:02:03Z)`
 * @throws StepError if the bucket cannot be read
 */
export async function lockedStacks(
  stacks: readonly { readonly name: string; readonly folder: string }[],
): Promise<ReadonlyMap<string, string>> {
  const states = stacks.map(({ name, folder }) => {
    const json = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8"));
    const { bucket, key } = configuration.parse(json).terraform.backend.s3;
    return { name, bucket, lockFile: `${key}.tflock` };
  });
  const [first] = states;
  if (first === undefined) return new Map();
  const s3 = new S3Client(clientOptions());
  const place = { Bucket: first.bucket, Prefix: `${dirname(first.lockFile)}/` };
  const present = new Set<string | undefined>();
  try {
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, place))
      for (const { Key } of Contents) present.add(Key);
  } catch (error) {
    throw new StepError(`Cannot list the locks of states in ${first.bucket}: ${error}`);
  }
  const locked = new Map<string, string>();
  for (const { name, bucket, lockFile } of states.filter((each) => present.has(each.lockFile))) {
    locked.set(name, await holderOf(s3, bucket, lockFile));
  }
  return locked;
}

async function holderOf(s3: S3Client, bucket: string, key: string): Promise<string> {
  try {
    const content = await readObject(s3, { Bucket: bucket, Key: key });
    const { Who, Operation, Created } = lock.parse(JSON.parse(content));
    return `${Who} (${Operation} since ${Created})`;
  } catch (error) {
    // It was released in between, or is not Terraform's: the stack is locked all the same.
    return `an unknown process (${(error as Error).message.split("\n")[0]})`;
  }
}
