import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const main = join(import.meta.dirname, "main.ts");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-main-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `node main.ts` in an empty folder, with no environment variables that it reads but these. */
function synth(settings: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    env: { PATH, NODE_COMPILE_CACHE, ...settings },
    encoding: "utf8",
  });
}

test("writes each stack's Terraform to cdktf.out, and their order to the manifest", () => {
  const { status, stdout, stderr } = synth({ CIPHERWATCH_ALERT_EMAIL: "security@example.com" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  expect(stderr).toMatch(
    /^Warning: the service stack is left out because CIPHERWATCH_IMAGE_DIGEST .+\n$/,
  );
  const { stacks } = JSON.parse(readFileSync(join(folder, "cdktf.out/manifest.json"), "utf8"));
  expect(stacks).toMatchObject({
    kms: { dependencies: [] },
    trail: { dependencies: [] },
    alarm: { dependencies: expect.arrayContaining(["trail"]) },
  });
  const text = readFileSync(join(folder, "cdktf.out/stacks/alarm/cdk.tf.json"), "utf8");
  expect(JSON.parse(text).resource.aws_cloudwatch_metric_alarm).toBeDefined();
  expect(stacks).not.toHaveProperty("service");
});

test("exits with 1 on an invalid setting, prints only the message and writes no stack", () => {
  const { status, stdout, stderr } = synth({
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    CIPHERWATCH_ENV: "Staging",
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(
    /^1 setting is invalid\. Nothing was built\.\n\n {2}CIPHERWATCH_ENV = "Staging"/,
  );
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(existsSync(join(folder, "cdktf.out/stacks/kms"))).toBe(false);
});

test("prints warnings on standard output for the CDKTF CLI, which shows standard error as errors", () => {
  const { status, stdout, stderr } = synth({
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    CDKTF_CONTEXT_JSON: "{}",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^Warning: the service stack is left out/);
});

test("writes the stacks that monitor other keys for the argument watch", () => {
  const settings = {
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    CIPHERWATCH_MONITORED_KEYS: JSON.stringify([
      {
        name: "payments",
        key: "arn:aws:kms:ap-southeast-2:111122223333:key/7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815",
        roles: ["arn:aws:iam::111122223333:role/payments-api"],
      },
    ]),
  };
  const { status, stdout, stderr } = synth(settings, "watch");
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  const { stacks } = JSON.parse(readFileSync(join(folder, "cdktf.out/manifest.json"), "utf8"));
  expect(stacks).toMatchObject({
    "watch-trail": { dependencies: [] },
    "watch-alarm": { dependencies: ["watch-trail"] },
  });
  expect(Object.keys(stacks)).toHaveLength(2);
});

test("exits with 2 for an unknown argument", () => {
  const { status, stderr } = synth({}, "wach");
  expect(status).toBe(2);
  expect(stderr).toMatch(/^Unknown argument "wach"\. Did you mean watch\?/);
});
