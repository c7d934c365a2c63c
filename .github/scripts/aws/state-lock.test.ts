import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeRunner, type Runner } from "../testing/runner.ts";
import { lockedStacks } from "./state-lock.ts";

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
  vi.stubEnv("PATH", `${join(runner.folder, "../bin")}:${process.env.PATH}`);
  for (const name of ["kms", "trail"]) {
    const s3 = { bucket: "states", key: `cipherwatch/dev/${name}.tfstate` };
    runner.write(`${name}/cdk.tf.json`, JSON.stringify({ terraform: { backend: { s3 } } }));
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  runner.remove();
});
const stacks = () => ["kms", "trail"].map((name) => ({ name, folder: join(runner.folder, name) }));

/** The bucket holds these objects. */
function s3(objects: Readonly<Record<string, string>>): void {
  runner.fake(
    "aws",
    `#!/usr/bin/env node
const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const objects = ${JSON.stringify(objects)};
if (option("--bucket") !== "states") process.exit(2);
if (args[1] === "list-objects-v2") {
  const Contents = Object.keys(objects).filter((Key) => Key.startsWith(option("--prefix"))).map((Key) => ({ Key }));
  console.log(JSON.stringify(Contents.length > 0 ? { Contents } : {}));
} else require("node:fs").writeFileSync(args.at(-1), objects[option("--key")]);
`,
  );
}

test("returns who holds the lock of a state", async () => {
  s3({
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
  s3({ "cipherwatch/dev/kms.tfstate.tflock": "not JSON" });
  expect([...(await lockedStacks(stacks())).keys()]).toEqual(["kms"]);
});

test("returns nothing if no state is locked", async () => {
  s3({});
  expect(await lockedStacks(stacks())).toEqual(new Map());
});

test("rejects if the bucket cannot be read", async () => {
  runner.fake("aws", "#!/bin/sh\necho 'An error occurred (AccessDenied)' >&2\nexit 254\n");
  await expect(lockedStacks(stacks())).rejects.toThrow(/AccessDenied/);
});
