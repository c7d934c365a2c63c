import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeRunner, type Runner } from "./testing/runner.ts";
import { FAKE_SNYK } from "./testing/snyk.ts";

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
  runner.fake("snyk", FAKE_SNYK);
});
afterEach(() => {
  runner.remove();
});

const scan = (name: string, env: Readonly<Record<string, string>> = {}) =>
  runner.run(
    "scan.ts",
    {
      SNYK_TOKEN: "token",
      SARIF_FOLDER: "sarif",
      FAKE_SNYK_LOG: join(runner.folder, "calls"),
      ...env,
    },
    name,
  );
const calls = (): string[][] =>
  readFileSync(join(runner.folder, "calls"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const results = (): string[] =>
  existsSync(join(runner.folder, "sarif")) ? readdirSync(join(runner.folder, "sarif")) : [];

test("passes a clean scan and keeps its results for code scanning", async () => {
  const { code, summary } = await scan("dependencies");
  expect(code).toBe(0);
  expect(summary).toMatch(/Snyk: dependencies: no findings of severity high/);
  expect(results()).toEqual(["snyk-dependencies.sarif"]);
  expect(calls()).toEqual([
    [
      "test",
      "--severity-threshold=high",
      "--policy-path=.snyk",
      "--sarif-file-output=sarif/snyk-dependencies.sarif",
    ],
  ]);
});

describe("fails for", () => {
  test.each([
    ["1", /found vulnerabilities \(exit code 1\)/],
    ["2", /it failed/],
    ["3", /nothing to scan/],
    ["69", /could not be reached/],
    ["77", /rejected the token/],
    ["0:none", /wrote no results/],
    ["0:garbage", /is not JSON.*wrote no results/s],
    ["0:finding", /succeeded but reported SNYK-1: 1/],
  ])("%s", async (exit, reason) => {
    const { code, log, summary } = await scan("dependencies", { FAKE_SNYK: exit });
    expect(code).toBe(1);
    expect(log).toMatch(reason);
    expect(summary).toMatch(/Snyk: dependencies: failed/);
  });

  test("a missing token, before anything runs", async () => {
    const { code, log } = await scan("dependencies", { SNYK_TOKEN: "" });
    expect(code).toBe(1);
    expect(log).toMatch(/SNYK_TOKEN is not set/);
    expect(results()).toEqual([]);
  });

  test.each([
    "https://snyk.example.com",
    "https://api.snyk.io.example.com",
    "https://api.snyk.io@example.com",
    "https://example.com/api.snyk.io",
    "https://mallorysnyk.io",
    "http://api.snyk.io",
    "api.snyk.io",
  ])("%s as Snyk's API, which would get the token", async (SNYK_API) => {
    const { code, log } = await scan("dependencies", { SNYK_API });
    expect(code).toBe(1);
    expect(log).toMatch(/SNYK_API must be https:\/\/ and a host of Snyk/);
    expect(existsSync(join(runner.folder, "calls"))).toBe(false);
  });

  test("a missing CLI", async () => {
    runner.fake("snyk", "#!/nowhere\n");
    const { code, log } = await scan("dependencies");
    expect(code).toBe(1);
    expect(log).toMatch(/Could not start snyk/);
  });

  test("no image, and no plans", async () => {
    expect((await scan("image", { ARCHIVE: "image.tar" })).log).toMatch(
      /no image to scan at image\.tar/,
    );
    expect((await scan("plans", { PLANS: "plans" })).log).toMatch(/no plans to scan in plans/);
  });

  test("no results, even with results of an earlier run", async () => {
    await scan("dependencies");
    const { code, log } = await scan("dependencies", { FAKE_SNYK: "0:none" });
    expect(code).toBe(1);
    expect(log).toMatch(/wrote no results/);
    expect(results()).toEqual([]);
  });

  test("an unknown scan", async () => {
    expect((await scan("everything")).log).toMatch(
      /Unknown scan "everything"\. Use one of dependencies, image, plans/,
    );
  });
});

test("keeps the results of a failed scan in the format of code scanning", async () => {
  await scan("dependencies", { FAKE_SNYK: "1" });
  const text = readFileSync(join(runner.folder, "sarif/snyk-dependencies.sarif"), "utf8");
  expect(JSON.parse(text).runs).toMatchObject([
    {
      automationDetails: { id: "snyk-dependencies/0/" },
      tool: { driver: { rules: [{ id: "SNYK-1", properties: { "security-severity": "8.0" } }] } },
    },
  ]);
});

test("lets the runner execute no workflow command that Snyk prints", async () => {
  runner.fake("snyk", "#!/bin/sh\necho '::add-mask::review'\nexit 1\n");
  const { log } = await scan("dependencies");
  const [, token] = /^::stop-commands::(\S+)$/m.exec(log) ?? [];
  const [before = "", printed = ""] = log.split("::add-mask::review");
  expect(before).toContain(`::stop-commands::${token}\n`);
  expect(printed).toContain(`\n::${token}::\n`);
});

test("scans the image archive with its platform and Dockerfile", async () => {
  runner.write("image.tar", "an archive");
  const { code } = await scan("image", { ARCHIVE: "image.tar", PLATFORM: "linux/arm64" });
  expect(code).toBe(0);
  expect(calls()[0]?.slice(0, 5)).toEqual([
    "container",
    "test",
    "oci-archive:image.tar",
    "--file=service/Dockerfile",
    "--platform=linux/arm64",
  ]);
});

test("scans each plan with separate results and fails if one fails", async () => {
  for (const path of ["plans/dev/kms.json", "plans/prod/kms.json"]) runner.write(path, "{}");
  expect((await scan("plans", { PLANS: "plans" })).code).toBe(0);
  expect(calls().map((args) => args.slice(0, 4))).toEqual([
    ["iac", "test", "plans/dev/kms.json", "--scan=planned-values"],
    ["iac", "test", "plans/prod/kms.json", "--scan=planned-values"],
  ]);
  // By name, not by place: those of another stack must not take their place in code scanning.
  expect(results()).toEqual(["snyk-plans-dev-kms.sarif", "snyk-plans-prod-kms.sarif"]);
  expect((await scan("plans", { PLANS: "plans", FAKE_SNYK: "iac=1" })).code).toBe(1);
});

test.each(["0", "1", "2", "77"])(
  "never fails the run when monitoring exits with %s",
  async (exit) => {
    runner.write("image.tar", "an archive");
    const { code, log } = await runner.run("monitor.ts", {
      SNYK_TOKEN: "token",
      FAKE_SNYK: exit,
      ARCHIVE: "image.tar",
      PLATFORM: "linux/amd64",
    });
    expect(code).toBe(0);
    expect(log.includes("::warning::")).toBe(exit !== "0");
  },
);

test("does not monitor at another address than Snyk's", async () => {
  runner.write("image.tar", "an archive");
  const { code, log } = await runner.run("monitor.ts", {
    SNYK_TOKEN: "token",
    SNYK_API: "https://snyk.example.com",
    FAKE_SNYK_LOG: join(runner.folder, "calls"),
    ARCHIVE: "image.tar",
    PLATFORM: "linux/amd64",
  });
  expect(code).toBe(0);
  expect(log).toMatch(/::warning::Snyk does not monitor this deployment/);
  expect(existsSync(join(runner.folder, "calls"))).toBe(false);
});

test.each(["https://api.snyk.io", "https://api.au.snyk.io", "https://api.snykgov.io"])(
  "scans with Snyk's region %s",
  async (SNYK_API) => {
    expect((await scan("dependencies", { SNYK_API })).code).toBe(0);
  },
);

test("warns if monitoring has no token", async () => {
  const { code, log } = await runner.run("monitor.ts", { ARCHIVE: "x", PLATFORM: "y" });
  expect(code).toBe(0);
  expect(log).toMatch(/::warning::Snyk does not monitor this deployment/);
});
