import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { basename, join } from "node:path";

/** Implements GitHub's `hashFiles`: returns an empty text if no file matches. */
export function hashFiles(workspace: string, patterns: readonly string[]): string {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: workspace }));
  if (files.length === 0) return "";
  const hash = createHash("sha256");
  for (const file of files.sort()) hash.update(readFileSync(join(workspace, file)));
  return hash.digest("hex");
}

/** Copies a file, or the content of a folder, into a folder. @returns whether anything was copied */
export function copyInto(from: string, to: string): boolean {
  if (!existsSync(from)) return false;
  mkdirSync(to, { recursive: true });
  if (statSync(from).isFile()) {
    cpSync(from, join(to, basename(from)));
    return true;
  }
  const names = readdirSync(from);
  for (const name of names) cpSync(join(from, name), join(to, name), { recursive: true });
  return names.length > 0;
}
