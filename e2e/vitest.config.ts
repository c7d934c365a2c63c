import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest. They start first, so that a suite does not end with one of them running alone. */
const LONGEST = ["pipeline.e2e.ts", "apply.e2e.ts", "cli.e2e.ts"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.indexOf(basename(moduleId));
      return index < 0 ? LONGEST.length : index;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ["e2e/**/*.e2e.ts"],
    testTimeout: 45 * 60_000, // a deadline for a busy machine: a scenario of the pipeline shares it with others
    hookTimeout: 5 * 60_000,
    fileParallelism: false,
    maxConcurrency: 20, // of the nested blocks of a file that run at the same time
    // Halves the CPU time of each program that a test runs: https://nodejs.org/api/module.html#module-compile-cache
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "cipherwatch-compile-cache") },
    sequence: { sequencer: LongestFirst },
    reporters: ["verbose"],
  },
});
