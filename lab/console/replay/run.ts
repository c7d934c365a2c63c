import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const MAX_MEGABYTES = 64;
export const MAX_FILES = 200;
const MAX_BYTES = MAX_MEGABYTES * 1024 * 1024;
const NAME = /\.(json|json\.gz|zip)$/i;
const TIMEOUT = 5 * 60_000;

/** The input of a replay. */
export interface ReplayInput {
  readonly files: readonly File[];
  /** ARNs of the IAM role and the KMS key to monitor; if empty, those of the stacks. */
  readonly roleArn: string;
  readonly keyArn: string;
}

/**
 * Replays files.
 * @returns the report as an HTML document
 * @throws Error with a message for the user
 */
export type ReplayFiles = (input: ReplayInput, signal: AbortSignal) => Promise<string>;

/** Validates the files of a replay. @returns an error message, or undefined if the page accepts the files */
export function validateFiles(files: readonly File[]): string | undefined {
  if (files.length === 0) return "Choose at least one CloudTrail file: .json, .json.gz or .zip.";
  const other = files.find(({ name }) => !NAME.test(name));
  if (other !== undefined) {
    return `${JSON.stringify(other.name)} is not a CloudTrail file; choose .json, .json.gz or .zip files.`;
  }
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return files.length > MAX_FILES || bytes > MAX_BYTES
    ? limitError(files.length, bytes)
    : undefined;
}

function limitError(files: number, bytes: number): string {
  const megabytes = (bytes / 1024 / 1024).toFixed(1);
  return (
    `${files} files with ${megabytes} MB are too much for this page, which accepts at most ${MAX_FILES} files ` +
    `with ${MAX_MEGABYTES} MB. For more, run: npm run replay -- FOLDER`
  );
}

/**
 * Runs `npm run replay` on copies of the files and deletes the copies. Runs it in a separate process, so that a file
 * that exhausts its memory or time does not stop the lab.
 */
export const replayFiles: ReplayFiles = async ({ files, roleArn, keyArn }, signal) => {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-replay-"));
  try {
    const names = files.map(({ name }, index) => `${index + 1}-${safeName(name)}`);
    for (const [index, file] of files.entries()) {
      await writeFile(join(folder, names[index] ?? ""), Buffer.from(await file.arrayBuffer()));
    }
    const error = await runCli(folder, signal, [
      ...(roleArn === "" ? [] : ["--role-arn", roleArn]),
      ...(keyArn === "" ? [] : ["--key-arn", keyArn]),
      ...["--html", "report.html", "--", ...names],
    ]);
    if (error !== undefined) throw new Error(error);
    return readFileSync(join(folder, "report.html"), "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Returns a name that is recognizable in the report, and that is neither a path nor an option. */
function safeName(name: string): string {
  return basename(name)
    .replaceAll(/[^\w.@-]/g, "_")
    .slice(-150);
}

const CLI = fileURLToPath(new URL("../../../replay/cli.ts", import.meta.url));

/** Runs the CLI in a folder. @returns the error; undefined if it wrote a report */
function runCli(
  folder: string,
  signal: AbortSignal,
  args: readonly string[],
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", CLI, ...args], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      signal,
      timeout: TIMEOUT,
      killSignal: "SIGKILL",
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr = (stderr + chunk).slice(-4_000);
    });
    child.once("error", (error) => resolve(`The replay could not run: ${error.message}.`));
    child.once("close", (code, killedBy) => {
      if (killedBy !== null) {
        resolve(
          `The replay was stopped (${killedBy}) after at most ${TIMEOUT / 60_000} minutes. ` +
            "For large archives, run: npm run replay -- FOLDER",
        );
      } else {
        // Exit code 2 without a message means that some records could not be read; the report lists them.
        resolve(code === 0 || stderr === "" ? undefined : stderr.trim());
      }
    });
  });
}

const KEPT_REPORTS = 5;

/** Keeps the latest reports in memory, by a random id. */
export function createReports() {
  const reports = new Map<string, string>();
  return {
    get: (id: string) => reports.get(id),
    add: (report: string): string => {
      const id = randomBytes(16).toString("base64url");
      reports.set(id, report);
      for (const oldest of [...reports.keys()].slice(0, -KEPT_REPORTS)) reports.delete(oldest);
      return id;
    },
  };
}
