import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeRunner, type Runner } from "../testing/runner.ts";
import { digestOf, savedPlans } from "./saved-plans.ts";

/** Objects as files in a folder, in the place of S3. */
const AWS = `#!/usr/bin/env node
const { copyFileSync, existsSync } = require("node:fs");
const [, operation, ...args] = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const object = process.env.BUCKET + "/" + (option("--bucket") + "/" + option("--key")).replaceAll("/", "_");
if (operation === "put-object") copyFileSync(option("--body"), object);
else if (!existsSync(object)) {
  console.error("An error occurred (NoSuchKey)");
  process.exit(254);
} else copyFileSync(object, args.at(-1));
`;

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
  runner.fake("aws", AWS);
  vi.stubEnv("PATH", `${join(runner.folder, "../bin")}:${process.env.PATH}`);
  vi.stubEnv("BUCKET", runner.folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  runner.remove();
});

const plans = savedPlans("plans", "dev");

test("reads a saved plan by its digest", async () => {
  const file = runner.write("plan.json", '{"a":1}');
  const digest = await plans.save("kms", file);
  expect(digest).toBe(digestOf('{"a":1}'));
  expect(await plans.read("kms", digest)).toBe('{"a":1}');
  expect(
    readFileSync(join(runner.folder, `plans_cipherwatch_dev_kms_${digest}.json`), "utf8"),
  ).toBe('{"a":1}');
});

test("rejects a plan that does not match its digest", async () => {
  const digest = await plans.save("kms", runner.write("plan.json", '{"a":1}'));
  writeFileSync(join(runner.folder, `plans_cipherwatch_dev_kms_${digest}.json`), '{"a":2}');
  await expect(plans.read("kms", digest)).rejects.toThrow(/is not the reviewed plan/);
});

test("explains what to do if a plan has expired", async () => {
  await expect(plans.read("kms", digestOf("x"))).rejects.toThrow(
    /Cannot read the reviewed plan of kms .* from plans: .*NoSuchKey.*expire after a week\. Run Deploy by hand/s,
  );
});
