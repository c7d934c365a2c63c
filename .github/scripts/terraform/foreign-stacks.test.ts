import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { settingsOf } from "../../../settings/testing.ts";
import { synthesize } from "../../../stacks/synthesize.ts";
import { admitForeignStacks } from "./foreign-stacks.ts";

const location = {
  env: "dev",
  stateBucket: "cipherwatch-dev-state",
  region: "ap-southeast-2",
  accountId: "123456789012",
};
const stacks = synthesize(
  settingsOf({
    ACCOUNT_ID: location.accountId,
    DOMAIN_NAME: "vault.example.com",
    EXECUTE_COMMAND: "true",
    GITHUB_REPOSITORY: "example-org/cipherwatch",
    HOSTED_ZONE_ID: "Z0123456789ABCDEFGHIJ",
    IMAGE_DIGEST: `sha256:${"1".repeat(64)}`,
    STATE_BUCKET: location.stateBucket,
    VPC_ENDPOINTS: "true",
    WEBHOOK_URL: "https://hooks.example.com/cipherwatch",
  }),
);

let folder: string;
let from: string;
let to: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-foreign-"));
  from = join(folder, "artifact");
  to = join(folder, "cdktf.out");
  const names = [...stacks.keys()];
  write("manifest.json", {
    stacks: Object.fromEntries(
      names.map((name, index) => [
        name,
        { workingDirectory: `stacks/${name}`, dependencies: names.slice(0, index), extra: 1 },
      ]),
    ),
  });
  for (const [name, json] of stacks) write(`stacks/${name}/cdk.tf.json`, json);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(from, path)), { recursive: true });
  writeFileSync(join(from, path), typeof content === "string" ? content : JSON.stringify(content));
}

const admit = () => admitForeignStacks(from, to, location);

/** Replaces values of the stack kms by their path. */
function edit(...edits: readonly (readonly [path: string, value: unknown])[]): void {
  const json = structuredClone(stacks.get("kms")) as unknown as Record<string, unknown>;
  for (const [path, value] of edits) {
    const keys = path.split("/");
    const last = keys.pop() ?? "";
    let target = json;
    for (const key of keys) {
      target[key] ??= {};
      target = target[key] as Record<string, unknown>;
    }
    target[last] = value;
  }
  write("stacks/kms/cdk.tf.json", json);
}

test("admits every stack of this repository except bootstrap, and copies nothing else", () => {
  const admitted = admit();
  expect(admitted.map(({ name }) => name).sort()).toEqual(
    [...stacks.keys()].filter((name) => name !== "bootstrap").sort(),
  );
  for (const { name, folder: stack } of admitted) {
    expect(readdirSync(stack)).toEqual(["cdk.tf.json"]);
    expect(JSON.parse(readFileSync(join(stack, "cdk.tf.json"), "utf8"))).toEqual(stacks.get(name));
  }
  expect(readFileSync(join(to, "manifest.json"), "utf8")).not.toMatch(/extra|bootstrap/);
});

test("admits another version of the provider", () => {
  edit(["terraform/required_providers/aws/version", "6.26.0"]);
  expect(admit()).toHaveLength(stacks.size - 1);
});

describe("rejects", () => {
  const RESOURCE = "resource/aws_kms_key/Evil";
  test.each<[what: string, edits: [string, unknown][], message: RegExp]>([
    [
      "a provisioner",
      [[RESOURCE, { provisioner: { "local-exec": { command: "env" } } }]],
      /provisioner/,
    ],
    [
      "a resource that runs code",
      [["resource/terraform_data/x", { provisioner: { "local-exec": { command: "env" } } }]],
      /must not have provisioner/,
    ],
    ["a connection", [[RESOURCE, { connection: { host: "evil.example" } }]], /connection/],
    [
      "another provider's resource",
      [["resource/null_resource/x", {}]],
      /resource of the provider aws/,
    ],
    ["an external data source", [["data/external/x", { program: ["env"] }]], /data\.external\.x/],
    ["an HTTP data source", [["data/http/x", { url: "https://evil.example" }]], /data\.http\.x/],
    [
      "a data source of secrets",
      [["data/aws_secretsmanager_secret_version/x", {}]],
      /must be one of/,
    ],
    ["a module", [["module/x", { source: "evil/module" }]], /^ {2}.*module: must be one of/m],
    ["a check with a data source", [["check/x", { data: { http: {} } }]], /have assertions only/],
    // Terraform accepts lists of labelled blocks, too.
    [
      "a list of checks, one with a data source that runs code",
      [["check", [{ x: { data: { external: { x: { program: ["env"] } } }, assert: [] } }]]],
      /check: must be an object/,
    ],
    [
      "a check that is a list",
      [["check/x", [{ data: { http: { x: { url: "https://evil.example" } } } }]]],
      /check\.x: must have assertions only/,
    ],
    ["a local value", [["locals/x", 1]], /locals: must be one of/],
    ["another provider", [["terraform/required_providers/evil", { source: "evil/evil" }]], /evil/],
    [
      "another source of the provider",
      [["terraform/required_providers/aws/source", "evil.example/x/aws"]],
      /exact version of hashicorp\/aws/,
    ],
    [
      "a range of versions",
      [["terraform/required_providers/aws/version", ">= 6"]],
      /exact version/,
    ],
    [
      "another backend",
      [["terraform/backend", { http: { address: "https://evil.example" } }]],
      /backend/,
    ],
    ["another state bucket", [["terraform/backend/s3/bucket", "evil"]], /terraform\.backend/],
    ["an endpoint of the backend", [["terraform/backend/s3/endpoints", { s3: "x" }]], /backend/],
    [
      "another stack's state",
      [["terraform/backend/s3/key", "cipherwatch/dev/network.tfstate"]],
      /backend/,
    ],
    ["Terraform Cloud", [["terraform/cloud", { organization: "evil" }]], /terraform\.cloud/],
    [
      "an endpoint of the provider",
      [["provider/aws/0/endpoints", [{ sts: "x" }]]],
      /aws\.endpoints/,
    ],
    ["a second provider configuration", [["provider/aws/1", { alias: "b" }]], /one configuration/],
    ["another account", [["provider/aws/0/allowed_account_ids", ["1"]]], /allowed_account_ids/],
    [
      "the state of bootstrap",
      [
        [
          "data/terraform_remote_state/x",
          {
            backend: "s3",
            config: {
              bucket: location.stateBucket,
              key: "cipherwatch/dev/bootstrap.tfstate",
              region: location.region,
            },
            workspace: "${terraform.workspace}",
          },
        ],
      ],
      /must read the state of one of/,
    ],
    [
      "a file of the runner",
      [["output/x", { value: '${file("/proc/self/environ")}' }]],
      /not call file/,
    ],
    [
      "a file of the runner in a key",
      [[`${RESOURCE}/tags`, { '${file("x")}': "" }]],
      /not call file/,
    ],
    [
      "a revealed secret",
      [["output/x", { value: "${nonsensitive(a.b)}" }]],
      /not call nonsensitive/,
    ],
    [
      "a file of the runner after dollar signs that look like a template",
      [["output/x", { value: '$$${ "\\${file("/proc/self/environ")}"}' }]],
      /not call file/,
    ],
    ["a hidden call", [["output/x", { value: "${file/**/(1)}" }]], /cannot be checked/],
    ["a list of blocks", [["resource", [{ aws_kms_key: {} }]]], /resource: must be an object/],
  ])("%s", (_, edits, message) => {
    edit(...edits);
    expect(admit).toThrow(message);
    expect(() => readdirSync(to)).toThrow();
  });

  test.each([
    ["stacks/kms/evil.tf", 'data "external" "x" {}'],
    ["stacks/kms/evil_override.tf.json", "{}"],
    ["stacks/kms/terraform.tfvars", ""],
    ["stacks/kms/.terraform.lock.hcl", ""],
    [".terraformrc", ""],
  ])("the file %s", (path, content) => {
    write(path, content);
    expect(admit).toThrow(`${path}: is neither the manifest nor a stack`);
  });

  test("a link", () => {
    rmSync(join(from, "stacks/kms/cdk.tf.json"));
    symlinkSync("/proc/self/environ", join(from, "stacks/kms/cdk.tf.json"));
    expect(admit).toThrow(/kms\/cdk\.tf\.json: must be a file/);
  });

  test("a path as the name of a stack", () => {
    write("manifest.json", { stacks: { "../../main": { dependencies: [] } } });
    expect(admit).toThrow(/manifest\.json/);
  });

  test("text that is not JSON, and says how to go on", () => {
    write("stacks/kms/cdk.tf.json", "evil");
    expect(admit).toThrow(/kms\/cdk\.tf\.json: .*JSON.*in a pull request of its own/s);
  });
});
