import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { digestOf } from "./plan/saved-plans.ts";
import { fixture } from "./testing/fixtures.ts";
import { makeRunner, type Runner, type StepResult } from "./testing/runner.ts";
import { type FakeS3, startS3 } from "./testing/s3.ts";
import { type FakeStack, fakeTerraform, withTaskChange } from "./testing/terraform.ts";

const KMS = fixture("create.json");
const NO_CHANGE = fixture("no-change.json");
const BUILT = `sha256:${"5".repeat(64)}`;
const SERVICE = fixture("image.json");
/** The plan of the service with the built image, and with another change. */
const SERVICE_BUILT = SERVICE.replaceAll(`sha256:${"0".repeat(64)}`, BUILT);
const SERVICE_CHANGED = withTaskChange(SERVICE_BUILT, { cpu: "4096" });

let s3: FakeS3;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(async () => {
  await s3.close();
});

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
});
afterEach(() => {
  runner.remove();
});

/** Applies the stacks after these plans were reviewed. */
async function apply(
  stacks: Readonly<Record<string, FakeStack>>,
  reviewed: Readonly<Record<string, string>>,
): Promise<StepResult & Readonly<Record<"applied" | "shown", readonly string[]>>> {
  const fake = fakeTerraform(runner, stacks);
  s3.objects.clear();
  for (const [stack, plan] of Object.entries(reviewed))
    s3.objects.set(`plans/cipherwatch/dev/${stack}/${digestOf(plan)}.json`, plan);
  const digests = Object.entries(reviewed).map(([stack, plan]) => [stack, digestOf(plan)]);
  const result = await runner.run("apply.ts", {
    ...s3.env,
    ENVIRONMENT: "dev",
    IMAGE_DIGEST: BUILT,
    PLAN_BUCKET: "plans",
    REVIEWED: JSON.stringify(Object.fromEntries(digests)),
  });
  return { ...result, applied: fake.applied(), shown: fake.shown() };
}

test("applies reviewed plans in the order of their dependencies, with the built image", async () => {
  const stacks = {
    service: { dependencies: ["kms"], plans: [SERVICE_BUILT] },
    kms: { plans: [KMS] },
  };
  const { code, log, applied } = await apply(stacks, { kms: KMS, service: SERVICE });
  expect(code, log).toBe(0);
  expect(applied).toEqual(["kms", "service"]);
});

test("applies nothing if one plan differs from the reviewed one", async () => {
  const stacks = {
    kms: { plans: [KMS] },
    service: { dependencies: ["kms"], plans: [SERVICE_CHANGED] },
  };
  const { code, log, summary, applied } = await apply(stacks, { kms: KMS, service: SERVICE });
  expect(code).toBe(1);
  expect(log).toMatch(/service: aws_ecs_task_definition\.Task: cpu .*another value than reviewed/);
  expect(summary).toMatch(/Plans differ from the review: `service`/);
  expect(applied).toEqual([]);
});

test("compares a plan again after a stack that it reads was applied", async () => {
  const stacks = {
    kms: { plans: [KMS] },
    service: { dependencies: ["kms"], plans: [SERVICE_BUILT, SERVICE_CHANGED] },
  };
  const { code, log, applied } = await apply(stacks, { kms: KMS, service: SERVICE });
  expect(code).toBe(1);
  expect(log).toMatch(/Already applied: kms/);
  expect(log).toMatch(/service: aws_ecs_task_definition\.Task: cpu/);
  expect(applied).toEqual(["kms"]);
});

test("applies no stack without a reviewed plan", async () => {
  const { code, log, applied } = await apply({ kms: { plans: [KMS] } }, {});
  expect(code).toBe(1);
  expect(log).toMatch(/create: no plan of kms was reviewed/);
  expect(applied).toEqual([]);
});

test("applies nothing if a plan fails", async () => {
  const stacks = {
    kms: { plans: [KMS] },
    trail: { plans: ["Error: AccessDenied"] },
  };
  const { code, log, applied } = await apply(stacks, { kms: KMS });
  expect(code).toBe(1);
  expect(log).toMatch(/Cannot plan trail:%0AError: AccessDenied/);
  expect(applied).toEqual([]);
});

test("skips stacks that do not change, without reading their plans", async () => {
  const stacks = { kms: { plans: [NO_CHANGE] }, service: { plans: [SERVICE_BUILT] } };
  const { log, applied, shown } = await apply(stacks, { kms: KMS, service: SERVICE });
  expect(log).toMatch(/kms: no changes/);
  expect(applied).toEqual(["service"]);
  expect(shown).toEqual(["service"]);
});
