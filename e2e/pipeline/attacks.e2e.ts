import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../terraform/workspace.ts";
import { makeAttackTestbed } from "./attack-testbed.ts";
import { completed, makePullRequest, onMain, opened, type PullRequest } from "./events.ts";
import { type RunResult, runWorkflow } from "./run-workflow.ts";
import { type GitHubTestbed, TOKEN } from "./testbed.ts";
import type { TriggerEvent } from "./workflow-run.ts";

/**
 * Attacks by somebody who can push branches to the repository, but whom nobody else supports: each is played from
 * the YAML, and its test names what stops it.
 */
let testbed: GitHubTestbed;
const logs: string[] = [];

beforeAll(async () => {
  console.log(
    "Real: the workflows and their scripts, the trust policies of the roles. " +
      "Fake: AWS, Terraform, GitHub's API and actions, Snyk, npm, Docker's builder.",
  );
  testbed = await makeAttackTestbed();
});
afterAll(async () => {
  await testbed?.close();
});

async function start(file: string, event: TriggerEvent, until?: string): Promise<RunResult> {
  const run = await runWorkflow(testbed, file, event, until);
  logs.push(run.log, run.summary);
  return run;
}

const build = (pullRequest: PullRequest) => start("build.yml", opened(pullRequest, testbed));
const reviewOf = (built: RunResult) => start("review.yml", completed(built, testbed));

const commentOf = ({ number }: PullRequest) =>
  testbed.api.comments.find(({ issue }) => issue === number);

/** The workflow of main with more jobs, as a branch would define it. */
function withJobs(file: string, jobs: string): string {
  return `${testbed.gitRemote.read("main", `.github/workflows/${file}`)}\n${jobs}`;
}

const EVIL = "EVIL-CODE-RAN";

describe("a branch that edits each file under .github", () => {
  let built: RunResult;
  let review: RunResult;
  let pullRequest: PullRequest;

  beforeAll(async () => {
    const listed = execFileSync("git", ["ls-files", ".github"], { cwd: root, encoding: "utf8" });
    const files = listed.split("\n").filter((file) => file !== "");
    const evil = Object.fromEntries(
      files
        .filter((file) => file.endsWith(".ts"))
        .map((file) => [
          file,
          `console.log(${JSON.stringify(EVIL)}, JSON.stringify(process.env));\n`,
        ]),
    );
    const others = files.filter((file) => !file.endsWith(".ts") && !file.includes("/workflows/"));
    for (const file of others) evil[file] = EVIL;
    // The branch's own build must still provide something to review.
    const settings = ".github/scripts/settings.ts";
    evil[settings] =
      `console.log(${JSON.stringify(EVIL)});\n${readFileSync(join(root, settings), "utf8")}`;
    for (const needed of ["github/environment.ts", "github/runner-files.ts", "github/step.ts"])
      delete evil[`.github/scripts/${needed}`];
    for (const file of files.filter((each) => each.includes("/workflows/")))
      evil[file] = withJobs(
        file.replace(".github/workflows/", ""),
        [
          "  evil:",
          "    runs-on: ubuntu-24.04",
          "    permissions: {}",
          "    steps:",
          `      - run: echo ${EVIL}`,
          "",
        ].join("\n"),
      );
    pullRequest = makePullRequest(testbed, "edit-everything", evil);
    built = await build(pullRequest);
    review = await reviewOf(built);
  });

  test("runs its code in its own workflows only, which have no credentials", () => {
    expect(built.log).toContain(EVIL);
    expect(built.run.assumedRoles).toEqual([]);
    expect(built.log).not.toContain(TOKEN);
  });

  test("is reviewed by main's definition and code", () => {
    expect(review.log).not.toContain(EVIL);
    expect(Object.keys(review.jobs)).not.toContain("evil");
    expect(review.conclusion("plan"), review.log.slice(-3000)).toBe("success");
    expect(commentOf(pullRequest)?.body).toMatch(new RegExp(pullRequest.head));
  });
});

describe("a branch whose workflow asks for credentials", () => {
  let run: RunResult;

  beforeAll(async () => {
    const role = (name: string, session: string, environment = "") =>
      [
        `  ${session}:`,
        "    runs-on: ubuntu-24.04",
        ...(environment === "" ? [] : [`    environment: { name: ${environment} }`]),
        "    permissions: { id-token: write }",
        "    steps:",
        "      - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c",
        "        with:",
        `          role-to-assume: arn:aws:iam::123456789012:role/bootstrap/cipherwatch-dev-${name}`,
        `          role-session-name: ${session}`,
        '          allowed-account-ids: "123456789012"',
        "          aws-region: ap-southeast-2",
      ].join("\n");
    const print = (job: string, environment: string, expression: string) =>
      [
        `  ${job}:`,
        "    runs-on: ubuntu-24.04",
        `    environment: { name: ${environment} }`,
        "    permissions: {}",
        "    steps:",
        '      - run: echo "stolen=$STOLEN" | sed "s/-/ /g"',
        `        env: { STOLEN: "\${{ ${expression} }}" }`,
      ].join("\n");
    const evil = withJobs(
      "build.yml",
      [
        role("plan", "plan-role"),
        role("deploy", "deploy-role"),
        role("deploy", "deploy-role-in-environment", "dev"),
        print("snyk", "snyk", "secrets.SNYK_TOKEN"),
        print("elsewhere", "made-up", "toJSON(secrets)"),
        "",
      ].join("\n"),
    );
    run = await build(
      makePullRequest(testbed, "credentials", { ".github/workflows/build.yml": evil }),
    );
  });

  test.each(["plan", "deploy"])(
    "cannot assume the %s role: it trusts workflows of main",
    (role) => {
      expect(run.conclusion(`${role}-role`)).toBe("failure");
      expect(run.jobs[`${role}-role`]?.log).toMatch(
        /does not trust repo:example-org\/cipherwatch:pull_request of .*build\.yml@refs\/pull/,
      );
      expect(run.run.assumedRoles).toEqual([]);
    },
  );

  test("cannot assume the deploy role in its environment, nor read the token in that of Snyk", () => {
    for (const job of ["deploy-role-in-environment", "snyk"]) {
      expect(run.conclusion(job)).toBe("failure");
      expect(run.jobs[job]?.log).toMatch(
        /is not allowed to deploy to .* environment protection rules/,
      );
    }
    expect(run.log).not.toContain(TOKEN.replaceAll("-", " "));
  });

  test("cannot assume the deploy role from a push either, even if the environment admits it", async () => {
    const { signIn } = await import("./aws-sign-in.ts");
    await expect(
      signIn(
        testbed.roles,
        "arn:aws:iam::123456789012:role/bootstrap/cipherwatch-dev-deploy",
        "evil",
        {
          repository: "example-org/cipherwatch",
          environment: "dev",
          event: "push",
          ref: "refs/heads/evil",
          file: "deploy.yml",
        },
      ),
    ).rejects.toThrow(/does not trust .*environment:dev of .*deploy\.yml@refs\/heads\/evil/);
  });
});

describe("a branch whose stacks do more than they show", () => {
  test("is stopped before its plan: a provisioner in the synthesized artifact", async () => {
    const pullRequest = makePullRequest(testbed, "provisioner", { "service/.provisioner": "x\n" });
    const built = await build(pullRequest);
    swapStack(built, (kms) => {
      Object.assign(Object.values(kms.resource?.aws_kms_key ?? {})[0] ?? {}, {
        provisioner: { "local-exec": { command: "env" } },
      });
    });
    const review = await reviewOf(built);
    expect(review.conclusion("plan")).toBe("failure");
    expect(review.log).toMatch(
      /kms\/cdk\.tf\.json: resource\.aws_kms_key\.\w+: must not have provisioner/,
    );
    expect(review.conclusion("review")).toBe("success");
    expect(testbed.api.statuses.at(-1)).toMatchObject({ sha: pullRequest.head, state: "failure" });
    expect(commentOf(pullRequest)?.body).toMatch(/No plan of dev/);
  });

  test("is stopped before its plan: a template that reads the job's credentials", async () => {
    const built = await build(makePullRequest(testbed, "environ", { "service/.environ": "x\n" }));
    swapStack(built, (kms) => {
      Object.assign(kms, { output: { stolen: { value: '${file("/proc/self/environ")}' } } });
    });
    const review = await reviewOf(built);
    expect(review.conclusion("plan")).toBe("failure");
    expect(review.log).toMatch(/output\.stolen\.value: must not call file/);
  });
});

interface StackJson {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

/** Swaps the stack kms in the artifact of a build. */
function swapStack({ run }: RunResult, change: (kms: StackJson) => void): void {
  const file = join(run.artifacts, "stacks-dev/stacks/kms/cdk.tf.json");
  const kms = JSON.parse(readFileSync(file, "utf8")) as StackJson;
  change(kms);
  writeFileSync(file, JSON.stringify(kms));
}

test("a package that swaps the image between two jobs cannot bring scripts for the next job", async () => {
  const swap = (artifacts: string) => {
    const scripts = join(artifacts, "image", ".github", "scripts");
    mkdirSync(scripts, { recursive: true });
    for (const name of ["image-digest.ts", "scan.ts"])
      writeFileSync(join(scripts, name), `console.log(${JSON.stringify(EVIL)});\n`);
  };
  testbed.beforeStep = async (job) => {
    if (job === "scan") swap([...testbed.artifacts.values()].at(-1) ?? "");
  };
  const event = onMain("workflow_dispatch", testbed.gitRemote.main(), { environment: "dev" });
  const run = await start("deploy.yml", event, "scan");
  testbed.beforeStep = undefined;
  expect(run.conclusion("scan"), run.log.slice(-3000)).toBe("success");
  expect(run.log).not.toContain(EVIL);
});

test("a forged deployment cannot make the drift check run the code of a branch", async () => {
  const evil = testbed.gitRemote.commit("forged-deployment", {
    ".github/scripts/plan.ts": `console.log(${JSON.stringify(EVIL)});\n`,
  });
  testbed.api.deployments.push({ id: 1, environment: "dev", sha: evil, states: ["success"] });
  const run = await start("drift.yml", onMain("schedule", testbed.gitRemote.main()));
  expect(run.conclusion("deployed")).toBe("failure");
  expect(run.log).toMatch(new RegExp(`is of ${evil}, which is not on main`));
  expect(run.log).not.toContain(EVIL);
});

test("Dependabot's merge ends without a red run, and says what to do", async () => {
  const run = await start("deploy.yml", {
    ...onMain("push", testbed.gitRemote.main()),
    actor: "dependabot[bot]",
  });
  expect(Object.values(run.jobs).map(({ conclusion }) => conclusion)).toEqual(["success"]);
  expect(run.log).toMatch(/Dependabot merged this commit.*Run Deploy by hand/);
});

test("no attack makes a log contain a secret", () => {
  expect(testbed.issuedSecrets.length).toBeGreaterThan(1);
  const found = testbed.issuedSecrets.filter((secret) => logs.some((log) => log.includes(secret)));
  expect(found).toEqual([]);
});
