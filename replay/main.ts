import { statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { continueAfterClosedPipe } from "../common/closed-pipe.ts";
import { nearest } from "../common/nearest.ts";
import { athenaScript, DEFAULT_REGIONS } from "./athena/script.ts";
import { customDetections } from "./detections/custom.ts";
import type { BoundArns, DefaultDetections, ReplayedDetections } from "./detections/detections.ts";
import { keyListDetections } from "./detections/key-list.ts";
import { evaluateGate } from "./gate.ts";
import { importedDetections } from "./imported/detections.ts";
import { type ReplayOptions, readOptions, usage } from "./options.ts";
import { createProgress, type Terminal } from "./progress.ts";
import { workerProgram } from "./read/worker-program.ts";
import { renderJson } from "./report/json.ts";
import { renderPage } from "./report/page.ts";
import { renderTable } from "./report/table.ts";
import { replay } from "./run.ts";

/** Standard output for results; standard error for errors and progress. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: Terminal;
}

/** The differences between this repository and the npm package. */
export interface Program {
  /** The command in the help text, without arguments. */
  readonly command: string;
  /** Loads the detections to replay if none of --plan, --keys and --pattern is given. */
  readonly loadDetections: (bound: BoundArns) => Promise<DefaultDetections>;
}

/**
 * Runs a replay with the arguments of a command line.
 * @returns the exit code
 */
export async function main(
  args: readonly string[],
  output: Output,
  program: Program,
): Promise<number> {
  try {
    const options = readOptions(args, program.command);
    if (options.help) {
      output.out(`${usage(program.command)}\n`);
      return 0;
    }
    return await (options.athena ? printAthena : run)(options, output, program);
  } catch (error) {
    output.err.write(`${error instanceof Error ? error.message : error}\n`);
    return 2;
  }
}

async function run(
  options: ReplayOptions,
  { out, err }: Output,
  { loadDetections }: Program,
): Promise<number> {
  if (options.html !== undefined) checkWritable(options.html);
  const loading =
    namedDetections(options) ?? loadDetections(options).then((loaded) => loaded.detections);
  // Prepares the code of the reader threads while a child process synthesizes the detections.
  workerProgram();
  const detections = await loading;
  checkDetectionIds(options, detections);
  const progress = err.isTTY === true ? createProgress(err) : undefined;
  const sweep = options.sweep || options.json || options.html !== undefined;
  const report = await replay({ ...options, detections, sweep, ...(progress && { progress }) });
  out(`${options.json ? renderJson(report) : renderTable(report, options)}\n`);
  if (options.html !== undefined) writePage(options.html, renderPage(report, Date.now()));
  const { code, error } = evaluateGate(report, options);
  if (error !== undefined) err.write(`${error}\n`);
  return code;
}

/** Checks the path before reading the archive, which may take a long time. */
function checkWritable(file: string): void {
  if (isFolder(file)) throw new Error(`--html must be a file; "${file}" is a folder.`);
  const folder = dirname(resolve(file));
  if (!isFolder(folder)) {
    throw new Error(`--html "${file}": the folder ${folder} does not exist. Create it first.`);
  }
}

function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(
      `Cannot write --html "${file}": ${reason}. Choose a file in a writable folder.`,
    );
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function printAthena(
  options: ReplayOptions,
  { out }: Output,
  { loadDetections }: Program,
): Promise<number> {
  const named = namedDetections(options);
  const [path] = options.paths;
  // The stacks' own trail is not the default for a plan or a list of keys, which may belong to any trail.
  const own =
    named === undefined ||
    (path === undefined && options.plans.length === 0 && options.keys === undefined)
      ? await loadDetections(options)
      : undefined;
  const detections = named ?? own?.detections;
  const location = path ? `${path.replace(/\/$/, "")}/CloudTrail` : own?.archive.location;
  if (detections === undefined || location === undefined) {
    throw new Error(
      "--athena needs the location of the trail's files. Pass it, such as s3://BUCKET/AWSLogs/ORGANIZATION/ACCOUNT" +
        // Settings do not apply to a plan or a list of keys, nor in the npm package.
        `${own === undefined ? "" : ", or set CIPHERWATCH_TRAIL_BUCKET"}.`,
    );
  }
  const archive = { location, regions: own?.archive.regions ?? DEFAULT_REGIONS };
  checkDetectionIds(options, detections);
  out(`${athenaScript(detections, archive, options, options.thresholds)}\n`);
  return 0;
}

/** Returns the detections of `--plan`, `--keys` or `--pattern`, if one is given. */
function namedDetections(options: ReplayOptions): ReplayedDetections | undefined {
  const { plans, patterns, keys } = options;
  if (plans.length > 0) return importedDetections(plans);
  if (keys !== undefined) return keyListDetections(keys);
  return patterns.length > 0 ? customDetections(patterns) : undefined;
}

function checkDetectionIds(
  { thresholds, exclusions }: ReplayOptions,
  { detections }: ReplayedDetections,
): void {
  const withAlarm = detections.filter(({ alarms }) => alarms.length > 0).map(({ id }) => id);
  for (const [id, value] of thresholds) checkId(id, withAlarm, `--threshold ${id}=${value}`);
  const all = detections.map(({ id }) => id);
  for (const [id, [caller]] of exclusions) checkId(id, all, `--exclude ${id}=${caller}`);
}

function checkId(id: string, ids: readonly string[], option: string): void {
  if (ids.includes(id)) return;
  const suggestion = nearest(id, ids);
  throw new Error(
    `${option}: unknown detection "${id}".` +
      `${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`} Allowed: ${ids.join(", ")}.`,
  );
}

/** Runs a replay with the arguments and streams of this process, and sets its exit code. */
export async function runInProcess(args: readonly string[], program: Program): Promise<void> {
  continueAfterClosedPipe();
  const output = { out: (text: string) => process.stdout.write(text), err: process.stderr };
  process.exitCode = await main(args, output, program);
}
