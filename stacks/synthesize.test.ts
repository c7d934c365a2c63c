import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key/index.js";
import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { CipherwatchStack } from "./cipherwatch-stack.ts";
import { synthesize, synthesizeApp } from "./synthesize.ts";
import { resourceOf } from "./testing.ts";

test.each(["dev", "prod"])("%s has what the alarms need before the alarms", (env) => {
  const ids = [...synthesize(settingsOf({ ENV: env })).keys()];
  expect(ids.filter((id) => ["kms", "trail", "alarm"].includes(id))).toEqual([
    "kms",
    "trail",
    "alarm",
  ]);
});

test("a reference across stacks becomes an output of one and a remote state of the other", () => {
  const stacks = synthesizeApp((app) => {
    const settings = settingsOf();
    const giver = new CipherwatchStack(app, "giver", { settings });
    const taker = new CipherwatchStack(app, "taker", { settings });
    const key = new KmsKey(giver, "Key", {});
    new CloudwatchLogGroup(taker, "Logs", { name: "logs", kmsKeyId: key.arn });
  });
  const reference = /^\$\{data\.terraform_remote_state\.(.+)\.outputs\.(.+)\}$/;
  const taken = resourceOf(taker(stacks), "aws_cloudwatch_log_group").kms_key_id;
  const [, state = "", output = ""] = reference.exec(String(taken)) ?? [];
  expect(taker(stacks).data?.terraform_remote_state?.[state]).toMatchObject({
    backend: "local",
    config: { path: "../../../tfstate/dev/giver.tfstate" },
  });
  expect(stacks.get("giver")?.output?.[output]).toMatchObject({ value: "${aws_kms_key.Key.arn}" });
});

function taker(stacks: ReturnType<typeof synthesizeApp>) {
  const stack = stacks.get("taker");
  if (stack === undefined) throw new Error("There is no stack taker.");
  return stack;
}

describe.each(["dev", "prod"])("the output of %s", (env) => {
  const stacks = synthesize(settingsOf({ ENV: env }));
  const text = JSON.stringify([...stacks]);

  test("holds no token that CDKTF left unresolved", () => {
    expect(text).not.toMatch(/TfToken|TOKEN\.|\[object Object\]/);
  });

  test("names no folder of the machine that made it", () => {
    expect(text).not.toContain(process.cwd());
  });
});
