import { expect, test } from "vitest";
import { fixture, planFixture } from "../testing/fixtures.ts";
import { countsInText, countsOf } from "./counts.ts";

const lines: Readonly<Record<string, string>> = JSON.parse(fixture("lines.json"));

test.each(Object.entries(lines))("counts the changes of %s as Terraform does: %s", (name, line) => {
  expect(countsOf(planFixture(name))).toEqual(countsInText(line));
});

test("reads Terraform's line", () => {
  expect(countsInText(fixture("shapes.txt"))).toEqual({ import: 1, add: 7, change: 7, destroy: 4 });
  expect(countsInText("No changes. Your infrastructure matches the configuration.")).toEqual({
    import: 0,
    add: 0,
    change: 0,
    destroy: 0,
  });
});
