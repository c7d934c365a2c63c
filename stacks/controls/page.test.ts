import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { controlAreas } from "./index.ts";
import { controlsPage, PAGE } from "./page.ts";

test("docs/controls.md is what the table says; npx node stacks/controls/page.ts writes it", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(controlsPage());
});

test("the page gives the reason of every refusal", () => {
  const page = controlsPage();
  for (const { refusals = [] } of controlAreas.flatMap((area) => area.controls)) {
    for (const { reason } of refusals) expect(page).toContain(reason);
  }
});
