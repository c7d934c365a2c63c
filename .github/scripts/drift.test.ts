import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { driftIssue } from "./drift.ts";
import { type EnvironmentReport, reportStack, type StackReport } from "./plan/plan-report.ts";
import { planFixture } from "./testing/fixtures.ts";
import { type GitHubApi, startGitHubApi } from "./testing/github-api.ts";
import { makeRunner, type Runner } from "./testing/runner.ts";

const report = (environment: string, ...stacks: readonly StackReport[]): EnvironmentReport => ({
  environment,
  commit: "a".repeat(40),
  stacks: [...stacks],
});
const kms = (name: string) =>
  reportStack("kms", planFixture(name), { digest: "0".repeat(64), readBy: [] });

describe("the issue", () => {
  test("does not exist while AWS matches the deployment", () => {
    expect(driftIssue([report("dev", kms("no-change"))], "https://run")).toBeUndefined();
  });

  test("names the environments that differ and their changes", () => {
    const issue = driftIssue(
      [report("dev", kms("no-change")), report("prod", kms("change"))],
      "https://run",
    );
    expect(issue?.title).toBe("Drift in prod");
    expect(issue?.body).toMatch(/rotation_period_in_days = 180/);
    expect(issue?.body).not.toMatch(/### dev/);
  });

  test("reports a failed plan", () => {
    const failed: StackReport = { outcome: "failed", stack: "kms", error: "Error: AccessDenied" };
    expect(driftIssue([report("dev", failed)], "https://run")?.body).toMatch(/AccessDenied/);
  });
});

describe("the step", () => {
  let api: GitHubApi;
  let runner: Runner;
  beforeEach(async () => {
    api = await startGitHubApi();
    runner = makeRunner();
  });
  afterEach(async () => {
    runner.remove();
    await api.close();
  });
  const night = () =>
    runner.run("drift.ts", {
      ENVIRONMENTS: '["dev"]',
      GITHUB_API_URL: api.url,
      GITHUB_TOKEN: api.tokenFor({ issues: "write" }),
      REPORTS: "plan-reports",
    });

  test("opens one issue, updates it, and closes it once AWS matches again", async () => {
    const plan = (name: string) =>
      runner.write("plan-reports/dev.json", JSON.stringify(report("dev", kms(name))));
    plan("change");
    expect((await night()).log).toMatch(/issue opened/);
    plan("destroy-key");
    expect((await night()).log).toMatch(/issue updated/);
    expect(api.issues).toMatchObject([{ title: "Drift in dev", state: "open" }]);
    plan("no-change");
    expect((await night()).log).toMatch(/issue closed/);
    expect(api.issues).toMatchObject([{ state: "closed" }]);
  });

  test("fails without closing the issue if a plan is missing", async () => {
    runner.write("plan-reports/dev.json", JSON.stringify(report("dev", kms("change"))));
    await night();
    const { code, log } = await runner.run("drift.ts", {
      ENVIRONMENTS: '["dev","prod"]',
      GITHUB_API_URL: api.url,
      GITHUB_TOKEN: api.tokenFor({ issues: "write" }),
      REPORTS: "empty",
    });
    expect(code).toBe(1);
    expect(log).toMatch(/Missing plan reports: empty\/dev\.json, empty\/prod\.json/);
    expect(api.issues).toMatchObject([{ state: "open" }]);
  });

  test("rejects an invalid report", async () => {
    runner.write("plan-reports/dev.json", '{"environment":"dev"}');
    const { code, log } = await night();
    expect(code).toBe(1);
    expect(log).toMatch(/is not a plan report/);
    expect(api.requests).toEqual([]);
  });
});
