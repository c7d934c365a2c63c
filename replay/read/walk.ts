import { type Dirent, existsSync, readdirSync } from "node:fs";
import { glob, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { STANDARD_INPUT } from "./chunks.ts";
import { isDigest, kindOfFile } from "./names.ts";
import type { FileError } from "./scan-files.ts";

/** Files that a walk skips. */
export interface Skipped {
  /** Digest and signature files, which prove the integrity of other files and contain no events. */
  digests: number;
  /** Logs of other services, and files in formats that are not read. */
  others: number;
  /** Unreadable folders and dangling links. */
  readonly unreadable: FileError[];
}

export const noneSkipped = (): Skipped => ({ digests: 0, others: 0, unreadable: [] });

/**
 * Resolves the paths of a command line: files, folders, globs for shells that do not expand them, and `-`
 * for standard input.
 * @returns absolute paths; none is inside another
 * @throws Error naming a path that matches nothing
 */
export async function resolvePaths(paths: readonly string[]): Promise<readonly string[]> {
  const resolved = new Set<string>();
  for (const path of paths) {
    if (path === STANDARD_INPUT) {
      resolved.add(path);
      continue;
    }
    const expanded = existsSync(path) ? [path] : await expand(path);
    if (path.startsWith("s3://")) {
      throw new Error(
        `${path} is in S3, but replay reads files on this machine. Copy them with \`aws s3 sync ${path} trail\`, ` +
          "and pass the folder trail. To evaluate them in place, pass --athena.",
      );
    }
    if (expanded.length === 0) {
      throw new Error(
        `${path} is not a file or folder, and no file matches it as a glob. ` +
          "Give CloudTrail files (.json, .json.gz, .zip), a folder such as s3-copy/AWSLogs, or - for standard input.",
      );
    }
    for (const match of expanded) resolved.add(await realpath(match));
  }
  const sorted = [...resolved].sort();
  return sorted.filter((path) => !sorted.some((other) => path.startsWith(other + sep)));
}

/** Creates the error for paths without a file to read. */
export function noFilesError(
  paths: readonly string[],
  { digests, others }: Pick<Skipped, "digests" | "others">,
): Error {
  return new Error(
    `No CloudTrail files found at ${paths.join(", ")}. Skipped by name: ${digests} digests and ` +
      `${others} other files. In folders and archives, only .json, .jsonl and .ndjson files, these with .gz, .zip ` +
      "archives, and result_1.csv.gz are read. To read a file with any other name, pass its path.",
  );
}

async function expand(pattern: string): Promise<readonly string[]> {
  if (!/[*?[{]/.test(pattern)) return [];
  return Array.fromAsync(glob(pattern));
}

/**
 * Finds the files to read, in order of their names. In folders, selects files by name. Reads a file from the
 * command line regardless of its name, except for digests, which a glob may match. Does not follow links to
 * folders, so that no file is read twice.
 * @param skipped counts the files left out
 * @returns the paths, a folder at a time: an iteration for each of the many small files of a trail takes longer
 */
export async function* walk(
  paths: readonly string[],
  skipped: Skipped,
): AsyncGenerator<readonly string[], void> {
  for (const path of paths) {
    if (path !== STANDARD_INPUT && (await stat(path)).isDirectory()) {
      yield* walkFolder(path, skipped);
    } else if (isDigest(basename(path))) skipped.digests++;
    else yield [path];
  }
}

async function* walkFolder(
  folder: string,
  skipped: Skipped,
): AsyncGenerator<readonly string[], void> {
  const onError = (file: string, error: unknown) => {
    skipped.unreadable.push({ file, why: error instanceof Error ? error.message : String(error) });
    return undefined;
  };
  let entries: Dirent[] = [];
  try {
    // Takes less CPU time than with a promise: a trail consists of many small folders.
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    onError(folder, error);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  let files: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const kind = kindOfFile(entry.name);
    if (entry.isDirectory()) {
      if (files.length > 0) yield files;
      files = [];
      yield* walkFolder(path, skipped);
    } else if (kind === "digest") skipped.digests++;
    else if (kind === "other") skipped.others++;
    else if (entry.isFile()) files.push(path);
    else {
      const target = await stat(path).catch((error) => onError(path, error));
      if (target?.isFile()) files.push(path);
      else if (target !== undefined) skipped.others++;
    }
  }
  if (files.length > 0) yield files;
}
