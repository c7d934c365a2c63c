import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { SettingsError } from "../settings/error.ts";
import { loadSettings } from "../settings/index.ts";

const root = join(import.meta.dirname, "..");
const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" })
  .trim()
  .split("\n")
  .filter((path) => existsSync(join(root, path)));

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

test("detects a variable that is not a setting", () => {
  expect(isSetting("CIPHERWATCH_ENV")).toBe(true);
  expect(isSetting("CIPHERWATCH_NO_SUCH_THING")).toBe(false);
});

test("gives each decision a number of its own, in its file name and its title", () => {
  const decisions = pages.filter((path) => path.startsWith("docs/decisions/"));
  const numbers = decisions.map((path) => /decisions\/(\d{4})-/.exec(path)?.[1] ?? path);
  expect(numbers, "rename the newer of two").toEqual([...new Set(numbers)]);
  const titles = decisions.map((path) => readFileSync(join(root, path), "utf8").slice(0, 10));
  expect(titles).toEqual(
    numbers.map((number) => expect.stringMatching(`^# ${Number(number)}\\. `)),
  );
});

/**
 * Commands that would download and run a package named `cipherwatch` from npm's registry, which is not ours. Without the
 * second --, npx takes options such as --help for itself.
 */
const RUNS_ANY_PACKAGE =
  /\b(?:npx|bunx|pnpx|(?:npm|bun|pnpm) (?:exec|x)|(?:pnpm|yarn) dlx) (?!--no -- )(?:-\S+ )*cipherwatch\b.*/g;
const INSTALLS_ANY_PACKAGE =
  /\b(?:npm|pnpm|yarn|bun) (?:i|install|add) (?:-\S+ )*cipherwatch(?![\w./-]*\.tgz).*/g;

const unsafeCommands = (text: string) => [
  ...(text.match(RUNS_ANY_PACKAGE) ?? []),
  ...(text.match(INSTALLS_ANY_PACKAGE) ?? []),
];

test.each([
  ["npx cipherwatch replay", 1],
  ["- run: npx --yes cipherwatch@1 replay --plan plan.json", 1],
  ["npm exec cipherwatch -- replay; pnpm dlx cipherwatch", 1],
  ["npm install --save-dev cipherwatch", 1],
  ["npm i cipherwatch@latest", 1],
  ["npx --no cipherwatch --help", 1],
  ["npx --no -- cipherwatch replay", 0],
  ["npm install --save-dev vendor/cipherwatch-0.1.0.tgz", 0],
  ["npm install cipherwatch-0.1.0.tgz", 0],
])("tells whether %j could run another package", (command, count) => {
  expect(unsafeCommands(command)).toHaveLength(count);
});

test("no page or message shows a command that could run another package of the same name", () => {
  const files = execFileSync("git", ["grep", "-lI", "cipherwatch"], {
    cwd: root,
    encoding: "utf8",
  });
  const unsafe = files
    .trim()
    .split("\n")
    .filter((path) => path !== "docs/pages.test.ts" && existsSync(join(root, path)))
    .flatMap((path) =>
      unsafeCommands(readFileSync(join(root, path), "utf8")).map(
        (command) => `${path}: ${command}`,
      ),
    );
  expect(unsafe, "use npx --no -- cipherwatch, or install the packed file by its path").toEqual([]);
});

describe.each(pages)("%s", (path) => {
  const page = readFileSync(join(root, path), "utf8");
  const matches = (pattern: RegExp) => [
    ...new Set(page.matchAll(pattern).map(([, match = ""]) => match)),
  ];

  test("names only settings that exist", () => {
    const variables = matches(/\b(CIPHERWATCH_[A-Z_]*[A-Z])\b/g);
    expect(variables.filter((variable) => !isSetting(variable))).toEqual([]);
  });

  test("runs only scripts that exist", () => {
    const scripts = matches(/npm run (\w[\w:-]*)/g);
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(scripts));
  });

  // Other operations on a single KMS key reject an alias.
  test("passes an alias only to KMS operations that accept one", () => {
    const operations = matches(/\baws kms ([a-z-]+) [^`|;]*?--key-id ["']?(?:arn:\S+:)?alias\//g);
    const accepting = /^(describe-key|encrypt|decrypt|re-encrypt|generate-.*)$/;
    expect(operations.filter((operation) => !accepting.test(operation))).toEqual([]);
  });

  test("links only to files and headings that exist", () => {
    const links = matches(/\]\((?!https?:)([^)\s]+)\)/g);
    expect(links.filter((link) => !resolves(link, path))).toEqual([]);
  });
});

function resolves(link: string, from: string): boolean {
  const [path = "", heading] = link.split("#", 2);
  const target = path === "" ? join(root, from) : join(root, dirname(from), path);
  if (!existsSync(target)) return false;
  if (heading === undefined || !target.endsWith(".md")) return true;
  const page = readFileSync(target, "utf8");
  const headings = page.matchAll(/^#+ (.+)$/gm).map(([, title = ""]) => anchorOf(title));
  return [...headings].includes(heading) || page.includes(`<a id="${heading}">`);
}

/** Anchors as GitHub creates them: lower case, no punctuation, a hyphen for each space. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
