import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Backend, fromAnywhere, movedState } from "./backend.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-deploy-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const s3 = (env: string) => ({
  bucket: `cipherwatch-${env}-state`,
  key: `cipherwatch/${env}/kms.tfstate`,
});
const local = { path: "../../../tfstate/dev/kms.tfstate" };

function synthesized(backend: Backend): void {
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ terraform: { backend } }));
}

/** As `terraform init` leaves it. */
function usedWith(type: string, config: Backend[string]): void {
  mkdirSync(join(folder, ".terraform"));
  const text = JSON.stringify({ version: 3, backend: { type, config, hash: 1 } });
  writeFileSync(join(folder, ".terraform/terraform.tfstate"), text);
}

test("a state is where it was, or nowhere yet", () => {
  synthesized({ s3: s3("dev") });
  expect(movedState(folder)).toBeUndefined();
  usedWith("s3", { ...s3("dev"), encrypt: null });
  expect(movedState(folder)).toBeUndefined();
});

test("the state of one environment is never offered to another", () => {
  synthesized({ s3: s3("prod") });
  usedWith("s3", s3("dev"));
  expect(movedState(folder)).toMatch(
    /last used with the state in s3:\/\/cipherwatch-dev-state\/cipherwatch\/dev\/kms\.tfstate, .* s3:\/\/cipherwatch-prod-state\/.*\n.*clone of its own/,
  );
});

test("whoever has a bucket now is told how to move the state there", () => {
  synthesized({ s3: s3("dev") });
  usedWith("local", { ...local, workspace_dir: null });
  expect(movedState(folder)).toMatch(/terraform -chdir=.+ init -migrate-state$/);
});

test("a local state is found from any folder", () => {
  expect(fromAnywhere({ local }, "/a/cdktf.out/stacks/kms")).toEqual({
    local: { path: "/a/tfstate/dev/kms.tfstate" },
  });
  expect(fromAnywhere({ s3: s3("dev") }, "/a/cdktf.out/stacks/kms")).toEqual({ s3: s3("dev") });
});
