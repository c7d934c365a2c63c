import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pages } from "./page.ts";

/** How the pages in a folder differ from the generated ones, a line each. */
export function outdatedPages(folder: string): readonly string[] {
  const generated = pages();
  const existing = existingPages(folder);
  return [
    ...[...generated].flatMap(([file, text]) => {
      if (!existing.includes(file)) return [`${file} is missing`];
      const isCurrent = readFileSync(join(folder, file), "utf8") === `${text}\n`;
      return isCurrent ? [] : [`${file} is outdated`];
    }),
    ...existing
      .filter((file) => !generated.has(file))
      .map((file) => `${file} belongs to no detection`),
  ];
}

/** Writes all pages, and deletes those that belong to no detection. */
function writePages(folder: string): void {
  const generated = pages();
  for (const file of existingPages(folder)) {
    if (!generated.has(file)) rmSync(join(folder, file));
  }
  for (const [file, text] of generated) writeFileSync(join(folder, file), `${text}\n`);
}

function existingPages(folder: string): readonly string[] {
  return readdirSync(folder).filter((file) => file.endsWith(".md"));
}

if (import.meta.main) writePages(import.meta.dirname);
