import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateArchive } from "../replay/archive/generate.ts";

const EVENTS = 1_000_000;
const RUNS = 3;

/** The minimum throughput of one worker, relative to gunzip and JSON.parse alone. */
const MIN_RATIO = 0.6;
/** The minimum number of cores that two workers keep busy. */
const MIN_CORES = 1.5;
/** If one thread gets less of a core than this, the machine is busy with other work. */
const MIN_SHARE = 0.9;
const MAX_MEMORY_MB = 400;

const PARSE = "gunzip and JSON.parse";

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
 * Compares replaying all detections over a generated archive of a million events with only decompressing
 * and parsing the same files. Uses CPU time, which depends little on other load of the machine.
 */
export function bench(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-bench-"));
  try {
    const archive = generateArchive({ folder, events: EVENTS, seed: 1, days: 7 });
    const { events, files } = archive;
    console.log(
      `${events.toLocaleString("en-US")} events in ${files.toLocaleString("en-US")} files, ` +
        `${megabytes(archive.compressedBytes)} MB, ${megabytes(archive.bytes)} MB decompressed`,
    );
    const { roleArn, keyArn } = archive;
    const options = ["--role-arn", roleArn, "--key-arn", keyArn, "--workers"];
    const programs = {
      [PARSE]: ["parse", folder],
      "replay, 1 worker": ["replay", ...options, "1", folder],
      "replay, 2 workers": ["replay", ...options, "2", folder],
    };
    const costs = new Map<string, Cost[]>(Object.keys(programs).map((name) => [name, []]));
    // Interleaved, so that other load affects all programs alike. The first round is a warm-up.
    for (let round = 0; round <= RUNS; round += 1) {
      for (const [name, args] of Object.entries(programs)) {
        const cost = costOf(args);
        if (round > 0) costs.get(name)?.push(cost);
      }
    }
    return meetsLimits(costs, events);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function meetsLimits(costs: ReadonlyMap<string, readonly Cost[]>, events: number): boolean {
  const medianOf = (name: string, member: keyof Cost) =>
    median((costs.get(name) ?? []).map((cost) => cost[member]));
  for (const name of costs.keys()) {
    const [wall, cpu] = [medianOf(name, "wall"), medianOf(name, "cpu")];
    console.log(
      `${name.padEnd(22)} ${rate(events, cpu)} events per CPU second, ${rate(events, wall)} per second, ` +
        `${wall.toFixed(1)} s, ${(cpu / wall).toFixed(2)} cores, peak ${medianOf(name, "megabytes").toFixed(0)} MB`,
    );
  }
  const cores = (name: string) => medianOf(name, "cpu") / medianOf(name, "wall");
  const ratio = medianOf(PARSE, "cpu") / medianOf("replay, 1 worker", "cpu");
  const replays = [...costs].filter(([name]) => name !== PARSE).flatMap(([, runs]) => runs);
  const memory = Math.max(...replays.map((cost) => cost.megabytes));
  // Two workers cannot get two cores if one thread does not get one.
  const isBusy = cores(PARSE) < MIN_SHARE;
  const hasCores = isBusy || cores("replay, 2 workers") >= MIN_CORES;
  console.log(`ratio of one core     ${ratio.toFixed(2)} (minimum ${MIN_RATIO})`);
  console.log(
    `cores of two workers  ${cores("replay, 2 workers").toFixed(2)} ` +
      (isBusy
        ? `(not checked: the machine is busy, one thread got ${cores(PARSE).toFixed(2)} cores)`
        : `(minimum ${MIN_CORES})`),
  );
  console.log(`peak of a replay      ${memory.toFixed(0)} MB (maximum ${MAX_MEMORY_MB})`);
  console.log(`medians of ${RUNS} runs`);
  return ratio >= MIN_RATIO && hasCores && memory < MAX_MEMORY_MB;
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
