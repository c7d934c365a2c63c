import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseAst } from "rolldown/parseAst";

const root = join(import.meta.dirname, "..");

/** A TypeScript file of this repository, as far as the structure tests read it. */
export interface SourceFile {
  /** From the top of the repository, with forward slashes. */
  readonly path: string;
  readonly lines: number;
  /** Paths of the repository's files that it imports, types included. */
  readonly imports: readonly string[];
  /** Packages and built-in modules that it imports, as written. */
  readonly packages: readonly string[];
  readonly functions: readonly SourceFunction[];
}

export interface SourceFunction {
  /** `<anonymous>` for a callback without a name. */
  readonly name: string;
  readonly line: number;
  readonly lines: number;
  /** Functions with a name that are declared inside it, at any depth. */
  readonly inner: number;
  /** Whether it is the callback of vitest's `describe`. */
  readonly isSuite: boolean;
}

/** Tests and benchmarks, and code that only they import. */
export function isTest(path: string): boolean {
  return /\.(test|e2e)\.ts$|(^|\/)testing(\/|\.ts$)|^(e2e|bench)\/|^structure\//.test(path);
}

/** Every TypeScript file that git tracks or would add. */
export function readSources(): readonly SourceFile[] {
  const options = { cwd: root, encoding: "utf8" } as const;
  const paths = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "*.ts"],
    options,
  );
  const deleted = new Set(
    execFileSync("git", ["ls-files", "--deleted", "*.ts"], options).split("\n"),
  );
  return paths
    .split("\n")
    .filter((path) => path !== "" && !deleted.has(path))
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
}

/** @param path from the top of the repository */
export function parseSource(path: string, text: string): SourceFile {
  const specifiers: string[] = [];
  const functions: SourceFunction[] = [];
  visit(parseAst(text, { lang: "ts" }, path) as unknown as Node, undefined, (node, parent) => {
    const source = node.source as Node | null | undefined;
    if (IMPORTS.has(node.type) && typeof source?.value === "string") specifiers.push(source.value);
    if (FUNCTIONS.has(node.type)) functions.push(functionOf(text, node, parent));
  });
  const isRelative = (specifier: string) => specifier.startsWith(".");
  return {
    path,
    lines: text.split("\n").length - 1,
    imports: specifiers.filter(isRelative).map((it) => normalize(join(dirname(path), it))),
    packages: specifiers.filter((specifier) => !isRelative(specifier)),
    functions,
  };
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

const IMPORTS: ReadonlySet<string> = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
]);

const FUNCTIONS: ReadonlySet<string> = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
]);

function functionOf(text: string, node: Node, parent: Node | undefined): SourceFunction {
  const lineAt = (offset: number) => text.slice(0, offset).split("\n").length;
  let inner = 0;
  visit(node.body as Node, node, (child, above) => {
    if (FUNCTIONS.has(child.type) && nameOf(child, above) !== undefined) inner++;
  });
  return {
    name: nameOf(node, parent) ?? "<anonymous>",
    line: lineAt(node.start),
    lines: lineAt(node.end) - lineAt(node.start) + 1,
    inner,
    isSuite: parent?.type === "CallExpression" && text.startsWith("describe", parent.start),
  };
}

/** The name that a function is declared, assigned or stored under. */
function nameOf(node: Node, parent: Node | undefined): string | undefined {
  const named = parent?.type === "VariableDeclarator" ? parent.id : (node.id ?? parent?.key);
  return (named as { readonly name?: string } | null | undefined)?.name;
}

function visit(
  node: Node,
  parent: Node | undefined,
  enter: (node: Node, parent: Node | undefined) => void,
): void {
  enter(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, node, enter);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof (value as Partial<Node> | null)?.type === "string";
}
