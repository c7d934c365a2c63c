import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { synthesize } from "./synthesize.ts";

test.each(["dev", "prod"])(
  "orders the stacks of %s so that the alarms come after what they refer to",
  (env) => {
    const ids = [...synthesize(settingsOf({ ENV: env })).keys()];
    expect(ids.filter((id) => ["kms", "trail", "alarm"].includes(id))).toEqual([
      "kms",
      "trail",
      "alarm",
    ]);
  },
);

describe.each(["dev", "prod"])("the Terraform of %s", (env) => {
  const stacks = synthesize(settingsOf({ ENV: env }));
  const text = JSON.stringify([...stacks]);

  test("contains no unresolved CDKTF token", () => {
    expect(text).not.toMatch(/TfToken|TOKEN\.|\[object Object\]/);
  });

  test("contains no path of the machine that synthesized it", () => {
    expect(text).not.toContain(process.cwd());
  });
});
