import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const RUNS = 9;

/**
 * Upper limit of the ratio. All stacks take about 4 times as long as importing CDKTF alone; an import of
 * the AWS provider's barrel file instead of single resources takes 60 times as long.
 */
const MAX_RATIO = 6;

/** Synthesizes every stack, the service included. */
const SETTINGS = {
  CIPHERWATCH_ALERT_EMAIL: "security@example.com",
  CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST,
  CIPHERWATCH_GITHUB_REPOSITORY: "example-org/cipherwatch",
};

const IMPORT_CDKTF = ["--eval", 'require("cdktf")'];
const SYNTHESIZE = ["main.ts"];

/** Measures the wall time of `node main.ts` as a multiple of importing CDKTF. */
export function bench(): boolean {
  const output = mkdtempSync(join(tmpdir(), "cipherwatch-bench-"));
  try {
    // Alternate the programs, so that other load on the machine affects both; the first round warms up.
    const rounds = Array.from({ length: RUNS + 1 }, () => ({
      imported: timeOf(IMPORT_CDKTF, output),
      synthesized: timeOf(SYNTHESIZE, output),
    })).slice(1);
    const imported = median(rounds.map((round) => round.imported));
    const synthesized = median(rounds.map((round) => round.synthesized));
    const ratio = synthesized / imported;
    console.log(`import cdktf  ${imported.toFixed(0)} ms`);
    console.log(`node main.ts  ${synthesized.toFixed(0)} ms, all stacks`);
    console.log(`ratio         ${ratio.toFixed(2)}, limit ${MAX_RATIO}; medians of ${RUNS} runs`);
    return ratio < MAX_RATIO;
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

/** @returns milliseconds from start to exit */
function timeOf(args: readonly string[], output: string): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env.PATH, ...SETTINGS, CDKTF_OUTDIR: output },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`node ${args.join(" ")} exited with ${status}:\n${stderr}`);
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
