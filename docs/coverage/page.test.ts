import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { coveragePage, PAGE } from "./page.ts";

test("docs/coverage.md matches detections/coverage; update it with `npm run docs`", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(coveragePage());
});

test("lists covered and uncovered rows with a link or a reason", () => {
  const page = coveragePage();
  expect(page).toContain(
    "| AWS CloudWatch Alarm Deletion | [alarm-change](runbooks/alarm-change.md) (DeleteAlarms) |",
  );
  expect(page).toMatch(/- \*\*Imported key material\.\*\* .*AWS KMS Imported Key Material Deleted/);
  expect(page).toContain("[T1562.008](https://attack.mitre.org/techniques/T1562/008/)");
});
