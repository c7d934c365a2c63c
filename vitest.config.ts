import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "cdktf.out/**", ".lab*/**", "e2e/**"],
    // A slow, shared machine must not turn a correct test into a failure.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Files share a process and its imported modules, which halves the time of a run. In return, every
    // test file restores what it changes: environment variables, globals, the working directory.
    isolate: false,
    // Halves the CPU time of each program that a test runs: https://nodejs.org/api/module.html#module-compile-cache
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "cipherwatch-compile-cache") },
    maxWorkers: 3, // one more than the cores of a small machine, as some tests wait for processes that they start
  },
});
