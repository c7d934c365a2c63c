import { expect, test } from "vitest";
import { lostOptions } from "./lost-options.ts";

const OPTIONS = ["json", "fail-on-alarm", "threshold"];

test("names the options that npm took, and the command with --", () => {
  const env = {
    npm_lifecycle_event: "replay",
    npm_config_fail_on_alarm: "true",
    npm_config_threshold: "kms-errors=3",
  };
  expect(lostOptions(OPTIONS, env)).toBe(
    "npm kept --fail-on-alarm --threshold=kms-errors=3 for itself. Put -- before the arguments of the script: " +
      "npm run replay -- … --fail-on-alarm --threshold=kms-errors=3",
  );
});

test("names npm start as it is called", () => {
  const env = { npm_lifecycle_event: "start", npm_config_json: "true" };
  expect(lostOptions(OPTIONS, env)).toContain("npm start -- … --json");
});

test.each([
  ["without npm", { npm_config_json: "true" }],
  ["for npm's own options", { npm_lifecycle_event: "replay", npm_config_cache: "/tmp" }],
  ["of npx", { npm_lifecycle_event: "npx", npm_config_json: "true" }],
  ["for an empty option", { npm_lifecycle_event: "replay", npm_config_json: "" }],
])("accepts the environment %s", (_, env) => {
  expect(lostOptions(OPTIONS, env)).toBeUndefined();
});
