import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { run } from "../../../common/run.ts";

const configuration = z.object({
  terraform: z.object({
    backend: z.object({ s3: z.object({ bucket: z.string(), key: z.string() }) }),
  }),
});

const listing = z.object({ Contents: z.array(z.object({ Key: z.string() })).default([]) });
const lock = z.object({ Who: z.string(), Operation: z.string(), Created: z.string() });

/**
 * Finds the stacks that are being applied, by the lock files beside their states.
 * https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
 * @param stacks synthesized stacks, all with their states in one folder of a bucket
 * @returns stack → such as `runner@host (OperationTypeApply since 2026-11-20T01:02:03Z)`
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
  const prefix = `${dirname(first.lockFile)}/`;
  const { stdout } = await run([
    ...(["aws", "s3api", "list-objects-v2", "--output", "json"] as const),
    ...["--bucket", first.bucket, "--prefix", prefix],
  ]);
  const { Contents } = listing.parse(stdout.trim() === "" ? {} : JSON.parse(stdout));
  const present = new Set(Contents.map(({ Key }) => Key));
  const locked = new Map<string, string>();
  for (const { name, bucket, lockFile } of states.filter((each) => present.has(each.lockFile))) {
    locked.set(name, await holderOf(bucket, lockFile));
  }
  return locked;
}

async function holderOf(bucket: string, key: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-lock-"));
  try {
    const file = join(folder, "lock.json");
    await run(["aws", "s3api", "get-object", "--bucket", bucket, "--key", key, file]);
    const { Who, Operation, Created } = lock.parse(JSON.parse(readFileSync(file, "utf8")));
    return `${Who} (${Operation} since ${Created})`;
  } catch (error) {
    // It was released in between, or is not Terraform's: the stack is locked all the same.
    return `an unknown process (${(error as Error).message.split("\n")[0]})`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
