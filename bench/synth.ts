import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const RUNS = 9;

/** A synth may take this many times what no TypeScript that uses CDKTF can avoid: to import it. */
const MOST = 3;

/** Every stack there is, the service among them. */
const SETTINGS = {
  CIPHERWATCH_ALERT_EMAIL: "security@example.com",
  CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST,
  CIPHERWATCH_GITHUB_REPOSITORY: "example-org/cipherwatch",
};

/** Wall time of `node main.ts`, as a multiple of that of importing cdktf and doing nothing. */
export function bench(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-bench-"));
  try {
    const programs = {
      "import cdktf": ["bench/import-cdktf.ts"],
      "node main.ts": ["main.ts"],
    };
    const times: Record<keyof typeof programs, number[]> = {
      "import cdktf": [],
      "node main.ts": [],
    };
    // Interleaved, so that what else the machine does falls on both alike; the first round warms up.
    for (let round = 0; round <= RUNS; round += 1) {
      for (const [name, args] of Object.entries(programs)) {
        const taken = timeOf(args, folder);
        if (round > 0) times[name as keyof typeof programs].push(taken);
      }
    }
    const imported = median(times["import cdktf"]);
    const synthesized = median(times["node main.ts"]);
    const ratio = synthesized / imported;
    console.log(`import cdktf  ${imported.toFixed(0)} ms`);
    console.log(`node main.ts  ${synthesized.toFixed(0)} ms, all stacks`);
    console.log(`ratio         ${ratio.toFixed(2)}, below ${MOST} wanted; medians of ${RUNS} runs`);
    return ratio < MOST;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds from start to exit. */
function timeOf(args: readonly string[], output: string): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env.PATH, ...SETTINGS, CDKTF_OUTDIR: output },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}:\n${stderr}`);
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
