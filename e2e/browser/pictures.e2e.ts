import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../../lab/testing/spawn-lab.ts";
import { visit } from "./chromium.ts";
import { type LabAndBrowser, startLabAndBrowser } from "./lab-and-browser.ts";
import { palettePng } from "./palette-png.ts";

/**
 * The pictures of the README. Their pixels depend on the machine's fonts, and their records on the detections, so
 * the suite compares what they show of the page: headings, buttons and names must be those of now.
 */
const IMAGES = join(root, "docs/images");
const OUTLINES = join(IMAGES, "outlines.txt");
const UPDATE = process.env.UPDATE_IMAGES === "1";
const MAX_BYTES = 150_000;

let lab: LabAndBrowser["lab"];
let browser: LabAndBrowser["browser"];
let close: LabAndBrowser["close"] | undefined;
const outlines = new Map<string, readonly string[]>();

beforeAll(async () => {
  ({ lab, browser, close } = await startLabAndBrowser());
});
afterAll(() => close?.());

it("shows in the README's pictures what the page shows", async () => {
  const { page, context } = await visit(browser, lab.console, { width: 1360, height: 850 });
  await page.getByRole("button", { name: "Send a wrong Key" }).click();
  await page.locator(".station.alert", { hasText: "Email" }).waitFor();
  await page.locator(".email").first().waitFor();
  await page.locator("#chart canvas").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await take(page, "console", "body");

  await page.getByRole("button", { name: "Decrypt with a wrong Key" }).click();
  await page.getByRole("dialog").locator("mark.met").first().waitFor();
  await page.setViewportSize({ width: 1360, height: 700 });
  await take(page, "record", "dialog");

  const lines = [...outlines].flatMap(([name, texts]) => texts.map((text) => `${name}: ${text}\n`));
  if (UPDATE) writeFileSync(OUTLINES, lines.join(""));
  const hint = "The page changed; run: UPDATE_IMAGES=1 npm run e2e -- browser";
  expect(lines.join(""), hint).toBe(readFileSync(OUTLINES, "utf8"));
  for (const name of outlines.keys()) {
    expect(statSync(join(IMAGES, `${name}.png`)).size).toBeLessThan(MAX_BYTES);
    expect(readFileSync(join(root, "README.md"), "utf8")).toContain(`docs/images/${name}.png`);
  }
  await context.close();
});

/** What the browser's elements have, which Node's types do not declare. */
interface OutlineElement {
  readonly checkVisibility: () => boolean;
  readonly cloneNode: (deep: boolean) => OutlineElement;
  readonly querySelector: (selector: string) => OutlineElement | null;
  readonly remove: () => void;
  readonly textContent: string;
}

/** Takes a picture when images are updated, and records the headings, buttons and names that it shows. */
async function take(page: Page, name: string, scope: string): Promise<void> {
  const outline = await page
    .locator(scope)
    .first()
    .locator("h1, h2, button:not(.link), th, .station-name")
    .evaluateAll((elements) =>
      (elements as unknown as readonly OutlineElement[])
        .filter((element) => element.checkVisibility())
        .map((element) => {
          const copy = element.cloneNode(true);
          copy.querySelector(".terraform")?.remove();
          return copy.textContent.replace(/\s+/g, " ").trim();
        }),
    );
  outlines.set(name, [...new Set(outline)]);
  if (!UPDATE) return;
  mkdirSync(IMAGES, { recursive: true });
  writeFileSync(join(IMAGES, `${name}.png`), await palettePng(page));
}
