import { glob, lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";

/** A file to be read. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
}

/** What a walk does not give to be read. */
export interface LeftOut {
  /** Digests, by which CloudTrail proves its log files, and which hold no events. */
  digests: number;
  /** Logs of other services, and whatever else is no JSON. */
  others: number;
  /** Folders that cannot be read, and links that lead nowhere. */
  readonly unreadable: { readonly file: string; readonly why: string }[];
}

export const nothingLeftOut = (): LeftOut => ({ digests: 0, others: 0, unreadable: [] });

const JSON_FILE = /\.(?:json|jsonl|ndjson)(?:\.gz)?$/i;
const DIGEST = /^\d{12}_CloudTrail-Digest_/;
/** `111122223333_Config_ap-southeast-2_…`: AWS's services name what they deliver after themselves. */
const OTHER_SERVICE = /^\d{12}_(?!CloudTrail)/;

/**
 * Finds what the paths of a command line mean: files, folders with all below them, and globs for shells
 * that leave these alone.
 * @returns absolute paths of files and folders, none of which lies inside of another
 * @throws Error naming the path that leads nowhere
 */
export async function resolvePaths(paths: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const expanded = (await exists(path)) ? [path] : await expand(path);
    if (expanded.length === 0) {
      throw new Error(
        `${path} is neither a file nor a folder, and no glob that matches any. ` +
          "Give CloudTrail files (.json, .json.gz), or a folder such as s3-copy/AWSLogs.",
      );
    }
    for (const one of expanded) found.add(await realpath(one));
  }
  const sorted = [...found].sort();
  return sorted.filter((path) => !sorted.some((other) => path.startsWith(other + sep)));
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function expand(pattern: string): Promise<readonly string[]> {
  if (!/[*?[{]/.test(pattern)) return [];
  return Array.fromAsync(glob(pattern));
}

/**
 * The files at and below the paths, in the order of their names; a file that is given by itself whatever
 * its name, unless it is a digest, as a glob over a bucket's copy finds them; of a folder those that
 * CloudTrail's records can be in. Links to folders are not followed, so that nothing is read twice.
 * @param leftOut is told what is not among them
 */
export async function* walk(
  paths: readonly string[],
  leftOut: LeftOut,
): AsyncGenerator<SourceFile, void> {
  for (const path of paths) {
    const found = await stat(path);
    if (found.isDirectory()) yield* walkFolder(path, leftOut);
    else if (DIGEST.test(basename(path))) leftOut.digests++;
    else yield { path, bytes: found.size };
  }
}

async function* walkFolder(folder: string, leftOut: LeftOut): AsyncGenerator<SourceFile, void> {
  const missed = (file: string) => (error: unknown) => {
    leftOut.unreadable.push({ file, why: error instanceof Error ? error.message : String(error) });
  };
  const entries = (await readdir(folder, { withFileTypes: true }).catch(missed(folder))) ?? [];
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walkFolder(path, leftOut);
    else if (DIGEST.test(entry.name)) leftOut.digests++;
    else if (!JSON_FILE.test(entry.name) || OTHER_SERVICE.test(entry.name)) leftOut.others++;
    else {
      const found = await stat(path).catch(missed(path));
      if (found?.isFile()) yield { path, bytes: found.size };
      else if (found !== undefined) leftOut.others++;
    }
  }
}
