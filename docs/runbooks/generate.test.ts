import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { outdatedPages } from "./generate.ts";
import { pages } from "./page.ts";

test("matches the detections", () => {
  const message =
    "docs/runbooks does not match detections/. Run `npm run docs` and commit the pages.";
  expect(outdatedPages(import.meta.dirname), message).toEqual([]);
});

test("reports a page that was edited, is missing or belongs to no detection", () => {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-runbooks-"));
  try {
    cpSync(import.meta.dirname, folder, { recursive: true });
    writeFileSync(join(folder, "kms-errors.md"), "Do nothing.\n");
    writeFileSync(join(folder, "kms-erors.md"), "");
    rmSync(join(folder, "trail-change.md"));
    expect(outdatedPages(folder).toSorted()).toEqual([
      "kms-erors.md belongs to no detection",
      "kms-errors.md is outdated",
      "trail-change.md is missing",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("contains no placeholder of Terraform or JavaScript", () => {
  for (const [file, text] of pages()) {
    expect.soft(text, file).not.toMatch(/\$\{|undefined|\[object|TfToken/);
  }
});
