import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeRunner, type Runner } from "../testing/runner.ts";
import { runningImage } from "./running-image.ts";

const OLD = `sha256:${"1".repeat(64)}`;
const NEW = `sha256:${"2".repeat(64)}`;

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
  vi.stubEnv("PATH", `${join(runner.folder, "../bin")}:${process.env.PATH}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  runner.remove();
});

/** ECS says this of the service; `task:1` has the old image and `task:2` the new one. */
function ecs(service: unknown, images: readonly string[] = []): void {
  runner.fake(
    "aws",
    `#!/usr/bin/env node
const args = process.argv.slice(2);
const digest = args.includes("task:1") ? "${OLD}" : "${NEW}";
const images = ${JSON.stringify(images)};
const containerDefinitions = images.length > 0 ? images.map((image) => ({ image })) : [{ image: "r@" + digest }, { image: "r@" + digest }];
console.log(JSON.stringify(args[1] === "describe-services"
  ? { services: ${JSON.stringify(service === undefined ? [] : [service])} }
  : { taskDefinition: { containerDefinitions } }));
`,
  );
}
const deployment = (status: string, rolloutState = "COMPLETED") => ({ status, rolloutState });
const service = (taskDefinition: string, ...deployments: readonly unknown[]) => ({
  status: "ACTIVE",
  taskDefinition,
  deployments,
});

test("returns the image of a service with one completed deployment", async () => {
  ecs(service("task:2", deployment("PRIMARY")));
  expect(await runningImage("cluster", "api")).toEqual({ digest: NEW, steady: true });
});

test("returns the previous image and ECS's reason after a rollback", async () => {
  const rolloutStateReason = "ECS deployment circuit breaker: rolling back to deploymentId 1.";
  ecs(service("task:1", { ...deployment("PRIMARY"), rolloutStateReason }));
  expect(await runningImage("cluster", "api")).toEqual({
    digest: OLD,
    steady: true,
    reason: rolloutStateReason,
  });
});

test.each([
  ["starts", [deployment("PRIMARY", "IN_PROGRESS")]],
  ["starts beside the old", [deployment("PRIMARY"), deployment("ACTIVE")]],
])("one that %s is not steady", async (_, deployments) => {
  ecs(service("task:2", ...deployments));
  expect(await runningImage("cluster", "api")).toEqual({ digest: NEW, steady: false });
});

test("returns undefined if there is no such service", async () => {
  ecs(undefined);
  expect(await runningImage("cluster", "api")).toBeUndefined();
  ecs({ ...service("task:2"), status: "INACTIVE" });
  expect(await runningImage("cluster", "api")).toBeUndefined();
  runner.fake(
    "aws",
    '#!/bin/sh\necho "An error occurred (ClusterNotFoundException)" >&2\nexit 254\n',
  );
  expect(await runningImage("cluster", "api")).toBeUndefined();
});

test("throws if ECS cannot be read", async () => {
  runner.fake("aws", '#!/bin/sh\necho "An error occurred (AccessDenied)" >&2\nexit 254\n');
  await expect(runningImage("cluster", "api")).rejects.toThrow(/AccessDenied/);
});

test("rejects an image referenced by tag, and two images", async () => {
  ecs(service("task:2", deployment("PRIMARY")), ["r:latest"]);
  await expect(runningImage("cluster", "api")).rejects.toThrow(
    /exactly one image referenced by digest, but runs 0/,
  );
  ecs(service("task:2", deployment("PRIMARY")), [`r@${OLD}`, `r@${NEW}`]);
  await expect(runningImage("cluster", "api")).rejects.toThrow(/but runs 2/);
});
