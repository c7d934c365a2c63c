import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { controlAreas } from "./index.ts";
import { controlsPage, PAGE } from "./page.ts";

test("docs/controls.md is up to date; update it with `npm run docs`", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(controlsPage());
});

test("the page has the reason of every exemption and declined requirement", () => {
  const page = controlsPage();
  for (const control of controlAreas.flatMap((area) => area.controls)) {
    for (const { reason } of [...(control.exemptions ?? []), ...(control.declined ?? [])]) {
      expect(page).toContain(reason);
    }
  }
});
