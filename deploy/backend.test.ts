import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Backend, stateLocationError, withAbsolutePath } from "./backend.ts";

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

function synthesize(backend: Backend): void {
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ terraform: { backend } }));
}

/** Writes what `terraform init` leaves in the folder. */
function initialize(type: string, config: Backend[string]): void {
  mkdirSync(join(folder, ".terraform"));
  const text = JSON.stringify({ version: 3, backend: { type, config, hash: 1 } });
  writeFileSync(join(folder, ".terraform/terraform.tfstate"), text);
}

test("accepts a folder that is new or was used with the same state", () => {
  synthesize({ s3: s3("dev") });
  expect(stateLocationError(folder)).toBeUndefined();
  initialize("s3", { ...s3("dev"), encrypt: null });
  expect(stateLocationError(folder)).toBeUndefined();
});

test("rejects a folder that was used with the state of another environment", () => {
  synthesize({ s3: s3("prod") });
  initialize("s3", s3("dev"));
  expect(stateLocationError(folder)).toMatch(
    /last used with the state in s3:\/\/cipherwatch-dev-state\/cipherwatch\/dev\/kms\.tfstate, .* s3:\/\/cipherwatch-prod-state\/.*\n.*separate clone/,
  );
});

test("explains how to move a local state into a new bucket", () => {
  synthesize({ s3: s3("dev") });
  initialize("local", { ...local, workspace_dir: null });
  expect(stateLocationError(folder)).toMatch(/terraform -chdir=.+ init -migrate-state$/);
});

test("makes the path of a local state absolute and leaves S3 unchanged", () => {
  expect(withAbsolutePath({ local }, "/a/cdktf.out/stacks/kms")).toEqual({
    local: { path: "/a/tfstate/dev/kms.tfstate" },
  });
  expect(withAbsolutePath({ s3: s3("dev") }, "/a/cdktf.out/stacks/kms")).toEqual({ s3: s3("dev") });
});
