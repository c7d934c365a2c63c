import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { SettingsError } from "../settings/error.ts";
import { loadSettings } from "../settings/index.ts";

/** Whether loadSettings knows the variable, valid or not. */
function isSetting(variable: string): boolean {
  try {
    loadSettings({ [variable]: "?" });
    return true;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const issues = error.issues.filter((issue) => issue.variable === variable);
    return !issues.some(({ message }) => message.startsWith("Unknown variable"));
  }
}

test("a variable that does not exist would be noticed", () => {
  expect(isSetting("CIPHERWATCH_ENV")).toBe(true);
  expect(isSetting("CIPHERWATCH_NO_SUCH_THING")).toBe(false);
});

describe.each(["deploying.md", "controls.md"])("docs/%s", (file) => {
  const page = readFileSync(join(import.meta.dirname, file), "utf8");
  const found = (pattern: RegExp) => [...new Set(page.matchAll(pattern).map(([, it = ""]) => it))];

  test("names no setting that does not exist", () => {
    const variables = found(/\b(CIPHERWATCH_[A-Z_]+)\b/g);
    expect(variables).not.toEqual([]);
    expect(variables.filter((variable) => !isSetting(variable))).toEqual([]);
  });

  test("runs no script that does not exist", () => {
    const scripts = found(/npm run ([\w:]+)/g);
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(scripts));
  });

  test("links to no file or heading that does not exist", () => {
    const links = found(/\]\((?!https?:)([^)]+)\)/g);
    expect(links.filter((link) => !isThere(link, page))).toEqual([]);
  });
});

function isThere(link: string, page: string): boolean {
  const [path = "", heading] = link.split("#", 2);
  if (path !== "") return existsSync(join(import.meta.dirname, path));
  const headings = page.matchAll(/^#+ (.+)$/gm).map(([, title = ""]) => anchorOf(title));
  return [...headings].includes(heading ?? "") || page.includes(`<a id="${heading}">`);
}

/** As GitHub makes anchors: lower case, without punctuation, a hyphen for each blank. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
