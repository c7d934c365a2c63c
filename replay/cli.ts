import { statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isAnomalyAlarm } from "../cloudwatch/alarm/alarm.ts";
import { nearest } from "../common/nearest.ts";
import { athenaScript } from "./athena/script.ts";
import { type Bindings, type Detections, ownDetections } from "./detections/detections.ts";
import { loadDeployedApart } from "./detections/load.ts";
import { type ReplayOptions, readOptions, USAGE } from "./options.ts";
import { createProgress, type Terminal } from "./progress.ts";
import { renderJson } from "./report/json.ts";
import { renderPage } from "./report/page.ts";
import type { Report } from "./report/report.ts";
import { renderTable } from "./report/table.ts";
import { replay } from "./run.ts";

/** Where the answers go: standard output, and for what went wrong and how far it is, standard error. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: Terminal;
}

/**
 * `npm run replay`: reads, evaluates, prints.
 * @returns the exit code
 */
export async function main(args: readonly string[], output: Output): Promise<number> {
  try {
    const options = readOptions(args);
    if (options.help) {
      output.out(`${USAGE}\n`);
      return 0;
    }
    return await (options.athena ? printAthena(options, output) : run(options, output));
  } catch (error) {
    output.err.write(`${error instanceof Error ? error.message : error}\n`);
    return 2;
  }
}

async function run(options: ReplayOptions, { out, err }: Output): Promise<number> {
  if (options.html !== undefined) checkPlace(options.html);
  const detections = await detectionsOf(options);
  checkThresholds(options, detections);
  const progress = err.isTTY === true ? createProgress(err) : undefined;
  const report = await replay({ ...options, detections, ...(progress && { progress }) });
  if (options.html !== undefined) writeFileSync(options.html, renderPage(report, Date.now()));
  out(`${options.json ? renderJson(report) : renderTable(report, options)}\n`);
  if (report.input.malformed + report.input.unreadable > 0) return 2;
  return hasFired(report) && options.failOnAlarm ? 1 : 0;
}

/** Before all is read and there is nowhere to put it. */
function checkPlace(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new Error(`--html is "${file}", which is a folder. Name a file in it.`);
  }
  const folder = dirname(resolve(file));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new Error(
    `--html is "${file}", and ${folder} is no folder. Make it, or name a file in another.`,
  );
}

/** What only a stand-in for CloudWatch's model finds is no proof that an alarm would have fired. */
function hasFired({ detections, composites }: Report): boolean {
  const certain = detections.flatMap(({ alarms }) =>
    alarms.filter(({ alarm }) => !isAnomalyAlarm(alarm)),
  );
  return [...certain, ...composites].some(({ fired }) => fired.length > 0);
}

async function printAthena(options: ReplayOptions, { out }: Output): Promise<number> {
  const { archive, detections: deployed } = await loadDeployedApart(bindingsOf(options));
  const detections = options.patterns.length > 0 ? ownDetections(options.patterns) : deployed;
  checkThresholds(options, detections);
  const [path] = options.paths;
  const location = path && `${path.replace(/\/$/, "")}/CloudTrail`;
  const asked = { ...archive, ...(location && { location }) };
  out(`${athenaScript(detections, asked, options, options.thresholds)}\n`);
  return 0;
}

async function detectionsOf(options: ReplayOptions): Promise<Detections> {
  if (options.patterns.length > 0) return ownDetections(options.patterns);
  return (await loadDeployedApart(bindingsOf(options))).detections;
}

function bindingsOf({ roleArn, keyArn }: ReplayOptions): Bindings {
  return { roleArn, keyArn };
}

function checkThresholds({ thresholds }: ReplayOptions, { detections }: Detections): void {
  const known = detections.filter(({ alarms }) => alarms.length > 0).map(({ id }) => id);
  for (const [id, value] of thresholds) {
    if (known.includes(id)) continue;
    const meant = nearest(id, known);
    throw new Error(
      `--threshold is "${id}=${value}": there is no detection "${id}"` +
        `${meant === undefined ? "." : `; did you mean ${meant}?`} There are ${known.join(", ")}.`,
    );
  }
}

if (import.meta.main) {
  // Whoever reads the first lines only has what they want.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.exitCode = await main(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: process.stderr,
  });
}
