import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeRunner, type Runner } from "../testing/runner.ts";
import { type FakeS3, startS3 } from "../testing/s3.ts";
import { lockedStacks } from "./state-lock.ts";

let runner: Runner;
let s3: FakeS3;
beforeEach(async () => {
  runner = makeRunner();
  s3 = await startS3();
  for (const [name, value] of Object.entries(s3.env)) vi.stubEnv(name, value);
  for (const name of ["kms", "trail"]) {
    const backend = { bucket: "states", key: `cipherwatch/dev/${name}.tfstate` };
    runner.write(
      `${name}/cdk.tf.json`,
      JSON.stringify({ terraform: { backend: { s3: backend } } }),
    );
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  runner.remove();
  await s3.close();
});
const stacks = () => ["kms", "trail"].map((name) => ({ name, folder: join(runner.folder, name) }));

const put = (objects: Readonly<Record<string, string>>) => {
  for (const [key, content] of Object.entries(objects)) s3.objects.set(`states/${key}`, content);
};

test("returns who holds the lock of a state", async () => {
  put({
    "cipherwatch/dev/kms.tfstate": "{}",
    "cipherwatch/dev/trail.tfstate": "{}",
    "cipherwatch/dev/kms.tfstate.tflock":
      '{"ID":"1","Who":"runner@host","Operation":"OperationTypeApply","Created":"2026-11-20T01:02:03Z"}',
  });
  expect([...(await lockedStacks(stacks()))]).toEqual([
    ["kms", "runner@host (OperationTypeApply since 2026-11-20T01:02:03Z)"],
  ]);
});

test("returns a stack whose lock file cannot be read", async () => {
  put({ "cipherwatch/dev/kms.tfstate.tflock": "not JSON" });
  expect([...(await lockedStacks(stacks())).keys()]).toEqual(["kms"]);
});

test("returns nothing if no state is locked", async () => {
  put({ "cipherwatch/dev/kms.tfstate": "{}" });
  expect(await lockedStacks(stacks())).toEqual(new Map());
});

test("rejects if the bucket cannot be read", async () => {
  s3.failWith = "AccessDenied";
  await expect(lockedStacks(stacks())).rejects.toThrow(
    /Cannot list the locks of states in states: AccessDenied/,
  );
});
