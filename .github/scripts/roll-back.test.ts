import { afterEach, beforeEach, expect, test } from "vitest";
import { fixture } from "./testing/fixtures.ts";
import { makeRunner, type Runner } from "./testing/runner.ts";
import { fakeTerraform, withTaskChange } from "./testing/terraform.ts";

const PREVIOUS = `sha256:${"5".repeat(64)}`;
const BROKEN = `sha256:${"6".repeat(64)}`;
/** A plan that changes only the image, back to the previous one. */
const ONLY_IMAGE = fixture("image.json").replaceAll(`sha256:${"0".repeat(64)}`, PREVIOUS);

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
});
afterEach(() => {
  runner.remove();
});

async function rollBack(plan: string, previous = PREVIOUS, locked = false) {
  const fake = fakeTerraform(runner, { service: { plans: [plan], locked } });
  const env = { IMAGE_DIGEST: BROKEN, PREVIOUS_DIGEST: previous };
  const { code, log } = await runner.run("roll-back.ts", env);
  return { code, log, applied: fake.applied() };
}

test("applies a plan that changes only the image", async () => {
  const { code, log, applied } = await rollBack(ONLY_IMAGE);
  expect(code, log).toBe(0);
  expect(log).toMatch(new RegExp(`Rolled back to ${PREVIOUS}`));
  expect(applied).toEqual(["service"]);
});

test("waits with the apply, while somebody else has locked the state", async () => {
  const { code, log, applied } = await rollBack(ONLY_IMAGE, PREVIOUS, true);
  expect(code, log).toBe(0);
  expect(applied).toEqual(["service"]);
});

test.each([
  ["another setting", (plan: string) => withTaskChange(plan, { cpu: "4096" })],
  [
    "another repository",
    (plan: string) => plan.replaceAll(/[^"\\]*cipherwatch-dev-service@(?=sha256:5)/g, "mallory/x@"),
  ],
  ["another image", (plan: string) => plan.replaceAll(PREVIOUS, `sha256:${"7".repeat(64)}`)],
  ["another resource", () => fixture("destroy-key.json")],
  ["an output", (plan: string) => plan.replace('"output_changes":{', OUTPUT)],
])("rejects a plan that changes %s", async (_, edit) => {
  const plan = edit(ONLY_IMAGE);
  expect(plan).not.toBe(ONLY_IMAGE);
  const { code, log, applied } = await rollBack(plan);
  expect(code).toBe(1);
  expect(log).toMatch(/Not rolled back: .* would change more than the image, and is not reviewed/);
  expect(applied).toEqual([]);
});

test.each([
  ["there was no earlier deployment", "", /Cannot roll back: this was the first deployment/],
  ["the previous image is the deployed one", BROKEN, /is the deployed one/],
])("does not plan if %s", async (_, previous, message) => {
  const { code, log, applied } = await rollBack(ONLY_IMAGE, previous);
  expect(code).toBe(1);
  expect(log).toMatch(message);
  expect(applied).toEqual([]);
});

test("rejects a plan that failed", async () => {
  const { code, log, applied } = await rollBack("Error: AccessDenied");
  expect(code).toBe(1);
  expect(log).toMatch(/Cannot plan the rollback:%0AError: AccessDenied/);
  expect(applied).toEqual([]);
});

const OUTPUT =
  '"output_changes":{"Extra":{"actions":["create"],"before":null,"after":"x","after_unknown":false},';
