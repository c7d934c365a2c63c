import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type GeneratedArchive, generateArchive } from "../replay/archive/generate.ts";

const EVENTS = 1_000_000;
/** Runs of replay and of its baseline. DuckDB runs once, because no limit depends on it. */
const RUNS = 3;

/** The same number of events in large files, and in about 100,000 small files, which most trails deliver. */
const ARCHIVES = { large: { days: 7 }, small: { days: 120 } };

/** The minimum throughput of one worker, relative to gunzip and JSON.parse alone. */
const MIN_RATIO = 0.9;
/** The minimum throughput of two workers, relative to `MIN_RATIO`. */
const MIN_SCALING = 1.7;
/** If one thread gets less of a core than this, the machine is busy with other work. */
const MIN_SHARE = 0.9;
const MAX_MEMORY_MB = 400;

const PARSE = "gunzip and JSON.parse";
const ONE = "replay, 1 worker";
const TWO = "replay, 2 workers";

/** Resources that a run used. */
export interface Cost {
  /** Seconds. */
  readonly wall: number;
  /** CPU seconds of all threads. */
  readonly cpu: number;
  /** Peak resident set size. */
  readonly megabytes: number;
}

/**
 * Compares replaying all detections over two generated archives of a million events with only decompressing
 * and parsing the same files, and with DuckDB's evaluation of one detection. Uses CPU time, which depends
 * little on other load of the machine.
 */
export function bench(): boolean {
  return Object.entries(ARCHIVES)
    .map(([name, { days }]) => benchArchive(name, days))
    .every((meets) => meets);
}

function benchArchive(name: string, days: number): boolean {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-bench-"));
  try {
    const archive = generateArchive({ folder, events: EVENTS, seed: 1, days });
    const { events, files } = archive;
    console.log(
      `\n${name} files: ${events.toLocaleString("en-US")} events in ${files.toLocaleString("en-US")} files, ` +
        `${megabytes(archive.compressedBytes)} MB, ${megabytes(archive.bytes)} MB decompressed`,
    );
    const { roleArn, keyArn } = archive;
    const options = ["--role-arn", roleArn, "--key-arn", keyArn, "--workers"];
    const programs = {
      [PARSE]: ["parse", folder],
      [ONE]: ["replay", ...options, "1", folder],
      [TWO]: ["replay", ...options, "2", folder],
      "DuckDB, 1 thread": ["duckdb", "1", folder],
      "DuckDB, 2 threads": ["duckdb", "2", folder],
    };
    const costs = new Map<string, Cost[]>(Object.keys(programs).map((each) => [each, []]));
    // Alternates the programs, so that other load affects all of them. The new files are in the page cache.
    for (let round = 0; round < RUNS; round += 1) {
      for (const [program, args] of Object.entries(programs)) {
        if (round === 0 || args[0] !== "duckdb") costs.get(program)?.push(costOf(args));
      }
    }
    const meets = meetsLimits(costs, events);
    printYear(archive, events / medianOf(costs, TWO, "wall"));
    return meets;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function meetsLimits(costs: ReadonlyMap<string, readonly Cost[]>, events: number): boolean {
  const of = (name: string, member: keyof Cost) => medianOf(costs, name, member);
  const ratioOf = (name: string, member: keyof Cost) => of(PARSE, member) / of(name, member);
  for (const name of costs.keys()) {
    const [wall, cpu] = [of(name, "wall"), of(name, "cpu")];
    console.log(
      `${name.padEnd(22)} ${rate(events, cpu)} events per CPU second (${ratioOf(name, "cpu").toFixed(2)}), ` +
        `${rate(events, wall)} per second (${ratioOf(name, "wall").toFixed(2)}), ${wall.toFixed(1)} s, ` +
        `${(cpu / wall).toFixed(2)} cores, peak ${of(name, "megabytes").toFixed(0)} MB`,
    );
  }
  const ratio = ratioOf(ONE, "cpu");
  const scaled = ratioOf(TWO, "wall");
  const minScaled = MIN_SCALING * MIN_RATIO;
  const memory = Math.max(of(ONE, "megabytes"), of(TWO, "megabytes"));
  const share = of(PARSE, "cpu") / of(PARSE, "wall");
  // Two workers cannot get two cores if one thread does not get one.
  const isBusy = share < MIN_SHARE;
  console.log(`ratio of one core     ${ratio.toFixed(2)} (minimum ${MIN_RATIO})`);
  console.log(
    `ratio of two cores    ${scaled.toFixed(2)} ` +
      (isBusy
        ? `(not checked: the machine is busy, one thread got ${share.toFixed(2)} cores)`
        : `(minimum ${minScaled.toFixed(2)})`),
  );
  console.log(`peak of a replay      ${memory.toFixed(0)} MB (maximum ${MAX_MEMORY_MB})`);
  console.log(`ratios to ${PARSE} on one thread; medians of ${RUNS} runs`);
  return ratio >= MIN_RATIO && (isBusy || scaled >= minScaled) && memory < MAX_MEMORY_MB;
}

function medianOf(
  costs: ReadonlyMap<string, readonly Cost[]>,
  name: string,
  member: keyof Cost,
): number {
  return median((costs.get(name) ?? []).map((cost) => cost[member]));
}

const EVENTS_PER_YEAR = 365 * 1_000_000;

/** Prints the figures of docs/replay.md for a year with a million events a day. */
function printYear(
  { events, compressedBytes, bytes }: GeneratedArchive,
  eventsPerSecond: number,
): void {
  const gigabytes = (size: number) => ((size / events) * EVENTS_PER_YEAR) / 1e9;
  console.log(
    `a year on paper       ${gigabytes(compressedBytes).toFixed(0)} GB in S3, ${gigabytes(bytes).toFixed(0)} GB decompressed, ` +
      `${(EVENTS_PER_YEAR / eventsPerSecond / 60).toFixed(0)} minutes with 2 workers on this machine`,
  );
}

/** Runs a program in its own process. */
function costOf(args: readonly string[]): Cost {
  const child = fileURLToPath(new URL("replay-once.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, ...args], {
    env: { PATH: process.env.PATH },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${child} ${args.join(" ")} ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout);
}

function rate(events: number, seconds: number): string {
  return Math.round(events / seconds)
    .toLocaleString("en-US")
    .padStart(7);
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6).toLocaleString("en-US");

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
