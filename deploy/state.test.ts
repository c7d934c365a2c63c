import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { hasResources, isDeployed } from "./state.ts";

test("recognizes a deployed stack by the managed resources in its state", () => {
  const state = (...modes: readonly string[]) =>
    JSON.stringify({ version: 4, resources: modes.map((mode) => ({ mode, type: "aws_x" })) });
  expect(hasResources(state("data", "managed"))).toBe(true);
  expect(hasResources(state("data"))).toBe(false);
  expect(hasResources(state())).toBe(false);
  expect(hasResources("\n")).toBe(false);
});

test("fails if Terraform cannot be run, instead of treating the stack as not deployed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-deploy-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const backend = { local: { path: "kms.tfstate" } };
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ terraform: { backend } }));
  vi.stubEnv("TERRAFORM_BINARY_NAME", join(folder, "no-such-terraform"));
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(isDeployed(folder)).rejects.toThrow(/nothing was destroyed\.\n.*ENOENT/);
});
