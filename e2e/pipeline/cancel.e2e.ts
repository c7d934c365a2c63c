import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { lockedStacks } from "../../.github/scripts/aws/state-lock.ts";
import { readWorkflow, scriptOf, workflowSources } from "../../.github/scripts/checks/workflow.ts";
import { readFileCommands } from "../../.github/scripts/testing/runner.ts";
import { type CommandResult, run } from "../../common/run.ts";
import { type Emulator, startEmulator } from "../terraform/emulator.ts";
import { root } from "../terraform/workspace.ts";

/**
 * Cancels the step that applies, as GitHub does, while Terraform creates a resource that takes long. The stack
 * contains only resources of Terraform's built-in provider; its state and its lock are in the emulator's S3.
 */
const BUCKET = "states";
const STATE = "cipherwatch/dev/service.tfstate";
const DEADLINE = { timeout: 120_000, interval: 100 };

let emulator: Emulator;
let folder: string;
let workspace: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  emulator = await startEmulator("ap-southeast-2");
});
afterAll(async () => {
  await emulator?.stop();
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-cancel-"));
  workspace = join(folder, "workspace");
  mkdirSync(workspace);
  for (const name of [".github", "node_modules"])
    symlinkSync(join(root, name), join(workspace, name));
  writeFileSync(join(workspace, "main.ts"), synthesis(join(folder, "started")));
  const files = ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"].map((name) => [name, join(folder, name)]);
  env = {
    ...process.env,
    ...emulator.env,
    ...Object.fromEntries(files),
    CHECKPOINT_DISABLE: "1",
    COMMIT: "a".repeat(40),
    ENVIRONMENT: "dev",
    GITHUB_REPOSITORY: "example-org/cipherwatch",
    GITHUB_RUN_ID: "1",
    IMAGE_DIGEST: `sha256:${"5".repeat(64)}`,
    PLAN_BUCKET: BUCKET,
  };
  for (const [, file] of files) writeFileSync(file as string, "");
  await aws("s3api", "create-bucket", "--bucket", BUCKET, ...REGION);
  const planned = await bash("node .github/scripts/plan.ts").done;
  expect(planned.code, planned.output).toBe(0);
  const { plans = "" } = readFileCommands(readFileSync(join(folder, "GITHUB_OUTPUT"), "utf8"));
  env = { ...env, REVIEWED: plans };
  return async () => {
    vi.unstubAllEnvs();
    await aws("s3", "rb", `s3://${BUCKET}`, "--force");
    rmSync(folder, { recursive: true, force: true });
  };
});

const REGION = ["--create-bucket-configuration", "LocationConstraint=ap-southeast-2"];

test("lets Terraform save its state and release its lock when the job is cancelled", async () => {
  const { child, done } = bash(applyStep());
  await expect.poll(() => existsSync(join(folder, "started")), DEADLINE).toBe(true);
  expect(await objects()).toContain(`${STATE}.tflock`);
  child.kill("SIGINT");
  const { code, output } = await done;
  expect(code).not.toBe(0);
  expect(output).toMatch(/Interrupt received/);
  expect(output).toMatch(/Already applied: none/);
  expect(await objects()).not.toContain(`${STATE}.tflock`);
  expect(await stateResources()).toContain("slow");
  expect(await stateResources()).not.toContain("after");
});

test("reports the lock that a killed apply leaves, and unlocks the state as documented", async () => {
  const { child, done } = bash(applyStep());
  await expect.poll(() => existsSync(join(folder, "started")), DEADLINE).toBe(true);
  const { stdout } = await run(["ps", "-o", "pid=,args=", "--ppid", String(child.pid)]);
  const [terraform = ""] = stdout
    .trim()
    .split("\n")
    .filter((line) => line.includes("terraform apply"));
  process.kill(Number.parseInt(terraform, 10), "SIGKILL");
  expect((await done).output).toMatch(/was terminated by SIGKILL/);

  const stack = join(workspace, "cdktf.out/stacks/service");
  for (const [name, value] of Object.entries(emulator.env)) vi.stubEnv(name, value);
  const locked = await lockedStacks([{ name: "service", folder: stack }]);
  expect(locked.get("service")).toMatch(/@.* \(OperationTypeApply since 2\d{3}-/);

  const args = ["-input=false", "-no-color", "-auto-approve", "-lock-timeout=1s"];
  const refused = await run(["terraform", `-chdir=${stack}`, "apply", ...args], {
    env,
    accept: "any",
  });
  expect(refused.code).toBe(1);
  const [, id = ""] = /^ *ID: +([0-9a-f-]{36})$/m.exec(refused.output) ?? [];
  const [, command = ""] =
    /^(terraform -chdir=\S+ force-unlock) LOCK_ID$/m.exec(
      readFileSync(join(root, "docs/pipeline.md"), "utf8"),
    ) ?? [];
  expect(command).not.toBe("");
  const unlocked = await bash(`${command} -force ${id}`).done;
  expect(unlocked.code, unlocked.output).toBe(0);
  expect(await lockedStacks([{ name: "service", folder: stack }])).toEqual(new Map());
});

/** The command of the step that applies, from the YAML. */
function applyStep(): string {
  const [, source = ""] = workflowSources.find(([name]) => name === "deploy.yml") ?? [];
  const { workflow } = readWorkflow("deploy.yml", source);
  const steps = workflow.jobs.deploy?.steps ?? [];
  return steps.find((step) => scriptOf(step) === "apply.ts")?.run ?? "";
}

/** Runs a script in a file, as GitHub does: bash stays the parent, unless the script replaces it. */
function bash(script: string): {
  readonly child: ChildProcess;
  readonly done: Promise<CommandResult>;
} {
  const file = join(folder, "script.sh");
  writeFileSync(file, `${script}\n`);
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", file], {
    cwd: workspace,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const done = once(child, "close").then(([code]) => ({
    code: Number(code ?? -1),
    stdout: output,
    stderr: "",
    output,
  }));
  return { child, done };
}

async function aws(...args: readonly string[]): Promise<string> {
  return (await run(["aws", ...args], { env: { ...process.env, ...emulator.env } })).stdout;
}

async function objects(): Promise<readonly string[]> {
  return (await emulator.objects()).map(({ key }) => key);
}

/** Returns the names of the resources in the state. */
async function stateResources(): Promise<readonly string[]> {
  const state = (await emulator.objects()).find(({ key }) => key === STATE);
  const { resources } = JSON.parse(Buffer.from(state?.body ?? "", "base64").toString()) as {
    readonly resources: readonly { readonly name: string }[];
  };
  return resources.map(({ name }) => name);
}

/** Source of a main.ts that writes a stack whose first resource takes a minute, unless it is interrupted. */
function synthesis(started: string): string {
  const slow = `touch ${started}; sleep 60`;
  const stack = {
    terraform: {
      backend: {
        s3: {
          bucket: BUCKET,
          key: STATE,
          region: "ap-southeast-2",
          use_lockfile: true,
          use_path_style: true,
        },
      },
    },
    resource: {
      terraform_data: {
        slow: { input: "a", provisioner: [{ "local-exec": { command: slow } }] },
        after: { input: "${terraform_data.slow.id}" },
      },
    },
  };
  const manifest = {
    version: "0.21.0",
    stacks: { service: { name: "service", workingDirectory: "stacks/service", dependencies: [] } },
  };
  return `import { mkdirSync, writeFileSync } from "node:fs";
mkdirSync("cdktf.out/stacks/service", { recursive: true });
writeFileSync("cdktf.out/manifest.json", ${JSON.stringify(JSON.stringify(manifest))});
writeFileSync("cdktf.out/stacks/service/cdk.tf.json", ${JSON.stringify(JSON.stringify(stack))});
`;
}
