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

test("packages, actions and the base image are kept up to date", () => {
  expect(updates.map((update) => [update["package-ecosystem"], update.directory])).toEqual([
    ["npm", "/"],
    ["github-actions", "/"],
    ["docker", "/service"],
  ]);
});

test("no release is taken on its first days", () => {
  for (const { cooldown } of updates) expect(cooldown["default-days"]).toBeGreaterThanOrEqual(3);
});
