import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadWatchSettings } from "../settings/watch.ts";
import { synthesizeWatch } from "../stacks/watch.ts";
import { packagedPages } from "./pages.ts";
import { replaceModules } from "./replace-cdktf.ts";
import { writeWatchStacks } from "./watch.ts";

const key = (name: string, digit: number, more: object = {}) => ({
  name,
  key: `arn:aws:kms:eu-west-1:111122223333:key/7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c81${digit}`,
  roles: ["arn:aws:iam::111122223333:role/api"],
  ...more,
});
const KEYS = JSON.stringify([
  key("payments", 1),
  key("orders", 2, { services: ["rds.amazonaws.com"], accounts: ["444455556666"] }),
]);
const EMAIL = "security@example.com";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-watch-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the stacks that the package synthesizes without CDKTF", () => {
  let packaged: { readonly synthesizeWatch: typeof synthesizeWatch };
  beforeAll(async () => {
    const file = join(folder, "stacks.mjs");
    const { output } = await build({
      input: resolve(import.meta.dirname, "../stacks/watch.ts"),
      platform: "node",
      external: /^node:/,
      plugins: [replaceModules],
      output: { file, format: "esm", codeSplitting: false },
      logLevel: "warn",
    });
    const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
    expect(modules.filter((id) => /node_modules\/(?:@?cdktf)/.test(id))).toEqual([]);
    packaged = await import(file);
  });

  it.each<[string, Record<string, string>]>([
    ["default settings", { ALERT_EMAIL: EMAIL }],
    [
      "prod with its states in a bucket, a lock on the trail, a webhook, a role path and a boundary",
      {
        ALERT_EMAIL: EMAIL,
        ENV: "prod",
        STATE_BUCKET: "states",
        TRAIL_LOCK_DAYS: "30",
        TAGS: "Team=security",
        WEBHOOK_URL: "https://example.com/alarms",
        ALARM_QUEUE: "true",
        ROLE_PATH: "/security/",
        PERMISSIONS_BOUNDARY: "arn:aws:iam::111122223333:policy/boundary",
      },
    ],
    [
      "an existing trail and existing topics, a Slack channel and the CIS pack",
      {
        TRAIL_LOG_GROUP: "trail",
        URGENT_TOPIC_ARN: "arn:aws:sns:ap-southeast-2:111122223333:urgent",
        ROUTINE_TOPIC_ARN: "arn:aws:sns:ap-southeast-2:111122223333:routine",
        SLACK_TEAM_ID: "T01234567",
        SLACK_CHANNEL_ID: "C01234567",
        CIS_PACK: "true",
        CUSTOMER_MANAGED_KEYS: "records",
      },
    ],
  ])("are those of npm run deploy -- watch: %s", (_, variables) => {
    const prefixed = Object.entries({ MONITORED_KEYS: KEYS, ...variables });
    const settings = loadWatchSettings(
      Object.fromEntries(prefixed.map(([name, value]) => [`CIPHERWATCH_${name}`, value])),
    );
    const [own, stacks] = [synthesizeWatch(settings), packaged.synthesizeWatch(settings)];
    expect([...stacks.keys()]).toEqual([...own.keys()]);
    expect(Object.fromEntries(stacks)).toEqual(Object.fromEntries(own));
  });
});

describe("cipherwatch watch", () => {
  const watch = (args: readonly string[], variables = {}) =>
    writeWatchStacks(["--out", join(folder, "terraform"), ...args], variables);
  const written = (stack: string) =>
    JSON.parse(readFileSync(join(folder, "terraform/stacks", stack, "main.tf.json"), "utf8"));

  it("writes a folder for each stack, for the Region of the first key, and shows the commands", () => {
    const output = watch(["--keys", KEYS, "--email", EMAIL]);
    expect(output).toMatch(/^Wrote 2 stacks for eu-west-1\. Deploy with:$/m);
    expect(output).toMatch(/terraform -chdir=\S+watch-trail init\n[\s\S]*watch-alarm apply$/m);
    expect(written("watch-trail").provider.aws).toMatchObject([{ region: "eu-west-1" }]);
    expect(JSON.stringify(written("watch-alarm").resource)).toContain("key-outsider-orders");
  });

  it("reads the other settings of the stacks from the environment", () => {
    const variables = {
      CIPHERWATCH_MONITORED_KEYS: KEYS,
      CIPHERWATCH_STATE_BUCKET: "states",
      CIPHERWATCH_REGION: "us-east-1",
    };
    const output = watch(["--email", EMAIL], variables);
    expect(output).toMatch(/for us-east-1\.[\s\S]*states in the bucket states\.$/);
  });

  it("names only commands and pages that a user of the package has", () => {
    watch(["--keys", KEYS, "--email", EMAIL], { CIPHERWATCH_CIS_PACK: "true" });
    const texts = ["watch-trail", "watch-alarm"].map((stack) => JSON.stringify(written(stack)));
    const pages = new Set(texts.flatMap((text) => text.match(/docs\/[\w/-]+\.md/g) ?? []));
    expect([...pages]).toEqual(expect.arrayContaining(["docs/runbooks/key-outsider.md"]));
    expect(packagedPages()).toEqual(expect.arrayContaining([...pages]));
    const sentences = texts.flatMap((text) => text.match(/[^.]*npm run[^.]*\./g) ?? []);
    expect(sentences.length).toBeGreaterThan(2);
    for (const sentence of sentences) expect(sentence).toMatch(/npm package: `?terraform plan/);
  });

  it("names the folder that it cannot create, and --out", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const args = ["--keys", KEYS, "--email", EMAIL, "--out", join(file, "terraform")];
    expect(() => writeWatchStacks(args, {})).toThrow(
      /^Cannot write the stacks to .*file.terraform: .* Choose a writable folder with --out FOLDER\.$/,
    );
  });

  it("writes nothing if a setting is invalid", () => {
    const invalid = () => writeWatchStacks(["--keys", "[]", "--out", join(folder, "none")], {});
    expect(invalid).toThrow(/CIPHERWATCH_MONITORED_KEYS[\s\S]*CIPHERWATCH_ALERT_EMAIL/);
    expect(() => readFileSync(join(folder, "none"))).toThrow(/ENOENT/);
  });
});
