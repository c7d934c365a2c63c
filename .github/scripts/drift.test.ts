import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { driftIssue, failureIssue } from "./drift.ts";
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

const failed: StackReport = { outcome: "failed", stack: "kms", error: "Error: AccessDenied" };

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

  test("names a check that does not hold, although nothing changed", () => {
    const failedChecks = [
      { address: "check.urgent_subscription", messages: ["The subscription is not confirmed."] },
    ];
    const issue = driftIssue([report("dev", { ...kms("no-change"), failedChecks })], "https://run");
    expect(issue?.title).toBe("Drift in dev");
    expect(issue?.body).toMatch(/A check of the last deployment to dev does not hold/);
    expect(issue?.body).toContain("The subscription is not confirmed.");
    expect(issue?.body).not.toMatch(/who changed|no longer matches/);
  });

  test("does not exist for a plan that failed or was not made", () => {
    expect(driftIssue([report("dev", failed)], "https://run")).toBeUndefined();
    const locked: StackReport = { outcome: "locked", stack: "kms", by: "runner" };
    expect(driftIssue([report("dev", locked)], "https://run")).toBeUndefined();
  });

  test("names who changed a resource, and the limits of CloudTrail", () => {
    const drifted = kms("change");
    const changedBy = [
      {
        event: "EnableKeyRotation",
        caller: "arn:aws:iam::123456789012:user/mallory",
        time: "2026-11-20T01:02:03Z",
        id: "4c0b9d8e",
      },
    ];
    const resources = drifted.resources.map((resource) => ({ ...resource, changedBy }));
    const body = driftIssue([report("dev", { ...drifted, resources })], "https://run")?.body;
    expect(body).toContain(
      "- dev: `aws_kms_key.DataKey_17AFBB84`: `EnableKeyRotation` by `arn:aws:iam::123456789012:user/mallory` at 2026-11-20T01:02:03Z (event `4c0b9d8e`)",
    );
    expect(body).toMatch(/last 90 days .* up to 15 minutes late/);
  });

  test("says if CloudTrail does not show who changed a resource", () => {
    expect(driftIssue([report("dev", kms("change"))], "https://run")?.body).toMatch(
      /CloudTrail does not show who changed these resources/,
    );
  });
});

describe("the issue about failed plans", () => {
  test("shows the error and says that it is not drift", () => {
    const issue = failureIssue(
      [report("dev", failed), report("prod", kms("change"))],
      [],
      "https://run",
    );
    expect(issue?.title).toBe("The drift check of dev failed");
    expect(issue?.body).toMatch(/not drift/);
    expect(issue?.body).toMatch(/AccessDenied/);
    expect(issue?.body).not.toMatch(/rotation_period_in_days/);
  });

  test("does not exist if all plans succeed", () => {
    expect(failureIssue([report("dev", kms("change"))], [], "https://run")).toBeUndefined();
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
    expect(log).toMatch(/The drift check of dev and prod failed/);
    expect(api.issues).toMatchObject([
      { title: "Drift in dev", state: "open" },
      { title: "The drift check of dev and prod failed", state: "open" },
    ]);
  });

  test("keeps the drift issue open while a stack cannot be planned, and reports that apart", async () => {
    const reports = (...stacks: readonly StackReport[]) =>
      runner.write("plan-reports/dev.json", JSON.stringify(report("dev", ...stacks)));
    reports(kms("change"));
    await night();
    reports(failed);
    expect((await night()).code).toBe(1);
    expect(api.issues).toMatchObject([
      { title: "Drift in dev", state: "open" },
      { title: "The drift check of dev failed", state: "open" },
    ]);
    reports({ outcome: "locked", stack: "kms", by: "runner" });
    expect((await night()).code).toBe(0);
    expect(api.issues).toMatchObject([{ state: "open" }, { state: "closed" }]);
    reports(kms("no-change"));
    expect((await night()).code).toBe(0);
    expect(api.issues).toMatchObject([{ state: "closed" }, { state: "closed" }]);
  });

  test("rejects an invalid report", async () => {
    runner.write("plan-reports/dev.json", '{"environment":"dev"}');
    const { code, log } = await night();
    expect(code).toBe(1);
    expect(log).toMatch(/is not a plan report/);
    expect(api.requests).toEqual([]);
  });
});
