import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateArchive } from "../replay/archive/generate.ts";

const EVENTS = 1_000_000;
const RUNS = 3;

/** One core that replays must read this part of what it reads by gunzip and JSON.parse alone. */
const LEAST_RATIO = 0.6;
/** Two cores that replay must be at work for this part of the time. */
const LEAST_CORES = 1.5;
/** Of a core, for one thread: with less, the machine has other work. */
const LEAST_SHARE = 0.9;
const MOST_MEMORY_MB = 400;

const PARSE = "gunzip and JSON.parse";

/** What a run used up. */
export interface Cost {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of all threads. */
  readonly cpu: number;
  /** Peak of the resident set. */
  readonly megabytes: number;
}

/**
 * Replays every detection over a generated archive of a million events, and reads the same files by gunzip
 * and JSON.parse alone. Rates are by CPU time: what else the machine does must not decide.
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
    // Interleaved, so that what else the machine does falls on all alike; the first round warms up.
    for (let round = 0; round <= RUNS; round += 1) {
      for (const [name, args] of Object.entries(programs)) {
        const cost = costOf(args);
        if (round > 0) costs.get(name)?.push(cost);
      }
    }
    return judge(costs, events);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(costs: ReadonlyMap<string, readonly Cost[]>, events: number): boolean {
  const of = (name: string, member: keyof Cost) =>
    median((costs.get(name) ?? []).map((cost) => cost[member]));
  for (const name of costs.keys()) {
    const [wall, cpu] = [of(name, "wall"), of(name, "cpu")];
    console.log(
      `${name.padEnd(22)} ${rate(events, cpu)} events per CPU second, ${rate(events, wall)} per second, ` +
        `${wall.toFixed(1)} s, ${(cpu / wall).toFixed(2)} cores, peak ${of(name, "megabytes").toFixed(0)} MB`,
    );
  }
  const cores = (name: string) => of(name, "cpu") / of(name, "wall");
  const ratio = of(PARSE, "cpu") / of("replay, 1 worker", "cpu");
  const replays = [...costs].filter(([name]) => name !== PARSE).flatMap(([, runs]) => runs);
  const memory = Math.max(...replays.map((cost) => cost.megabytes));
  // Where one thread does not get its core, two do not get two, and it says nothing about them.
  const isBusy = cores(PARSE) < LEAST_SHARE;
  const hasCores = isBusy || cores("replay, 2 workers") >= LEAST_CORES;
  console.log(`ratio of one core     ${ratio.toFixed(2)}, at least ${LEAST_RATIO} wanted`);
  console.log(
    `cores of two workers  ${cores("replay, 2 workers").toFixed(2)}, ` +
      (isBusy
        ? `not judged: of this machine one thread gets ${cores(PARSE).toFixed(2)}`
        : `at least ${LEAST_CORES} wanted`),
  );
  console.log(`peak of a replay      ${memory.toFixed(0)} MB, below ${MOST_MEMORY_MB} wanted`);
  console.log(`medians of ${RUNS} runs`);
  return ratio >= LEAST_RATIO && hasCores && memory < MOST_MEMORY_MB;
}

/** What one run in a process of its own costs. */
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
