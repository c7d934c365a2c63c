import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { baseImageOf, rescanIssue } from "./rescan.ts";
import { type GitHubApi, startGitHubApi } from "./testing/github-api.ts";
import { makeRunner, type Runner } from "./testing/runner.ts";

const OLD = `sha256:${"1".repeat(64)}`;
const NEW = `sha256:${"2".repeat(64)}`;
const links = { compareUrl: "https://compare", run: "https://run" };
const base = { name: "docker.io/library/node:24-slim", pinned: OLD, newest: OLD };

describe("the base image", () => {
  test.each(["Dockerfile", "base.Dockerfile"])("is read from service/%s", (file) => {
    const text = readFileSync(new URL(`../../service/${file}`, import.meta.url), "utf8");
    expect(baseImageOf(text)).toEqual({
      name: expect.stringMatching(/^docker\.io\/library\/node:/),
      pinned: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
  });

  test("must be named by tag and digest", () => {
    expect(() => baseImageOf("FROM node:24-slim\n")).toThrow(/must name the base image as/);
  });
});

describe("the issue", () => {
  test("does not exist while no image is vulnerable", () => {
    expect(rescanIssue(new Map(), { ...base, newest: NEW }, links)).toBeUndefined();
  });

  test("names environments and vulnerabilities, and links to a pull request with the fix", () => {
    const vulnerable = new Map([
      ["dev", ["SNYK-1: 1"]],
      ["prod", ["SNYK-1: 2", "SNYK-2: 1"]],
    ]);
    const issue = rescanIssue(vulnerable, { ...base, newest: NEW }, links);
    expect(issue?.title).toBe("Vulnerabilities in the image of dev and prod");
    expect(issue?.body).toMatch(/^- prod: `SNYK-1: 2`, `SNYK-2: 1`$/m);
    expect(issue?.body).toContain(`[Open a pull request](https://compare)`);
    expect(issue?.body).toContain(NEW);
  });

  test("says how to continue if the base image has no fix", () => {
    const issue = rescanIssue(new Map([["dev", ["SNYK-1: 1"]]]), base, links);
    expect(issue?.body).toMatch(/already has the newest .*gh workflow run deploy\.yml/);
    expect(issue?.body).not.toContain("https://compare");
  });
});

describe("the step", () => {
  let api: GitHubApi;
  let runner: Runner;
  beforeEach(async () => {
    api = await startGitHubApi();
    runner = makeRunner();
    runner.write("service/base.Dockerfile", `FROM docker.io/library/node:24-slim@${OLD}\n`);
    runner.write("service/Dockerfile", `ARG NODE_IMAGE=node:24-slim@${OLD}\n# more\n`);
  });
  afterEach(async () => {
    runner.remove();
    await api.close();
  });

  function scanned(ruleIds: readonly string[]): void {
    const results = ruleIds.map((ruleId) => ({ ruleId }));
    const run = { tool: { driver: { name: "Snyk", rules: [] } }, results };
    runner.write(
      "reports/rescan-dev/snyk-image.sarif",
      JSON.stringify({ version: "2.1.0", runs: [run] }),
    );
  }
  const rescan = (newest: string) => {
    runner.fake("skopeo", `#!/bin/sh\necho ${newest}\n`);
    return runner.run("rescan.ts", {
      ENVIRONMENTS: '["dev"]',
      GITHUB_API_URL: api.url,
      GITHUB_SHA: "a".repeat(40),
      GITHUB_TOKEN: api.tokenFor({ contents: "write", issues: "write" }),
      REPORTS: "reports",
    });
  };

  test("opens an issue and a branch with the fix, updates both, and closes the issue", async () => {
    scanned(["SNYK-1"]);
    expect((await rescan(NEW)).log).toMatch(/issue opened/);
    expect(api.branches.get("base-image")).toEqual({
      "service/Dockerfile": `ARG NODE_IMAGE=node:24-slim@${NEW}\n# more\n`,
      "service/base.Dockerfile": `FROM docker.io/library/node:24-slim@${NEW}\n`,
    });
    const newer = `sha256:${"3".repeat(64)}`;
    expect((await rescan(newer)).log).toMatch(/issue updated/);
    expect(api.branches.get("base-image")?.["service/Dockerfile"]).toContain(newer);
    scanned([]);
    expect((await rescan(newer)).log).toMatch(/issue closed/);
    expect(api.issues).toMatchObject([{ state: "closed" }]);
  });

  test("prepares no branch without a vulnerability or without a newer base image", async () => {
    scanned([]);
    await rescan(NEW);
    scanned(["SNYK-1"]);
    await rescan(OLD);
    expect(api.branches.size).toBe(0);
    expect(api.issues).toHaveLength(1);
  });

  test("fails and keeps the issue if an image was not scanned", async () => {
    scanned(["SNYK-1"]);
    await rescan(OLD);
    runner.write("reports/rescan-dev/snyk-image.sarif", "");
    expect(await rescan(OLD)).toMatchObject({ code: 1, log: expect.stringMatching(/is not JSON/) });
    expect(api.issues).toMatchObject([{ state: "open" }]);
  });
});
