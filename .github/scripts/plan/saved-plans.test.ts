import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeRunner, type Runner } from "../testing/runner.ts";
import { type FakeS3, startS3 } from "../testing/s3.ts";
import { digestOf, type SavedPlans, savedPlans } from "./saved-plans.ts";

let runner: Runner;
let s3: FakeS3;
let plans: SavedPlans;
beforeEach(async () => {
  runner = makeRunner();
  s3 = await startS3();
  for (const [name, value] of Object.entries(s3.env)) vi.stubEnv(name, value);
  plans = savedPlans("plans", "dev");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  runner.remove();
  await s3.close();
});

const save = (content: string) => plans.save("kms", runner.write("plan.json", content));

test("reads a saved plan by its digest", async () => {
  const digest = await save('{"a":1}');
  expect(digest).toBe(digestOf('{"a":1}'));
  expect(await plans.read("kms", digest)).toBe('{"a":1}');
  expect([...s3.objects]).toEqual([[`plans/cipherwatch/dev/kms/${digest}.json`, '{"a":1}']]);
});

test("saves the same plan again, and never replaces an object", async () => {
  const digest = await save('{"a":1}');
  s3.objects.set(`plans/cipherwatch/dev/kms/${digest}.json`, "written by somebody else");
  expect(await save('{"a":1}')).toBe(digest);
  expect([...s3.objects.values()]).toEqual(["written by somebody else"]);
});

test("rejects a plan that does not match its digest", async () => {
  const digest = await save('{"a":1}');
  s3.objects.set(`plans/cipherwatch/dev/kms/${digest}.json`, '{"a":2}');
  await expect(plans.read("kms", digest)).rejects.toThrow(/is not the reviewed plan/);
});

test("explains what to do if a plan has expired", async () => {
  await expect(plans.read("kms", digestOf("x"))).rejects.toThrow(
    /Cannot read the reviewed plan of kms .* from plans: .*NoSuchKey.*expire after a week\. Run Deploy by hand/s,
  );
});

test("rejects if a plan cannot be saved", async () => {
  s3.failWith = "AccessDenied";
  await expect(save("{}")).rejects.toThrow(/Cannot save the plan of kms in plans: AccessDenied/);
});
