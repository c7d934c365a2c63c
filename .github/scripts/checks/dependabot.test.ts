import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";

interface Update {
  readonly "package-ecosystem": string;
  readonly directory: string;
  readonly schedule: { readonly interval: string };
  readonly cooldown: Readonly<Record<string, number>>;
}
const file = new URL("../../dependabot.yml", import.meta.url);
const { updates } = parse(readFileSync(file, "utf8")) as { readonly updates: readonly Update[] };

test("updates packages, actions and the base image", () => {
  expect(updates.map((update) => [update["package-ecosystem"], update.directory])).toEqual([
    ["npm", "/"],
    ["github-actions", "/"],
    ["docker", "/service"],
  ]);
});

test("waits some days before it proposes a release", () => {
  for (const { cooldown } of updates) expect(cooldown["default-days"]).toBeGreaterThanOrEqual(3);
});
