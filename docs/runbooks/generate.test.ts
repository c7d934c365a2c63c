import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { drift } from "./generate.ts";
import { pages } from "./page.ts";

test("the runbooks in the repository are those of the table", () => {
  expect(drift(import.meta.dirname)).toEqual([]);
});

test("a page that was changed, is missing or is of no detection is told", () => {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-runbooks-"));
  try {
    cpSync(import.meta.dirname, folder, { recursive: true });
    writeFileSync(join(folder, "kms-errors.md"), "Do nothing.\n");
    writeFileSync(join(folder, "kms-erors.md"), "");
    rmSync(join(folder, "trail-change.md"));
    expect(drift(folder).toSorted()).toEqual([
      "kms-erors.md is of no detection",
      "kms-errors.md is outdated",
      "trail-change.md is missing",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("no page shows what Terraform or JavaScript should have filled in", () => {
  for (const [file, text] of pages()) {
    expect.soft(text, file).not.toMatch(/\$\{|undefined|\[object|TfToken/);
  }
});
