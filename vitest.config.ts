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
    setupFiles: ["vitest.setup.ts"],
    // Node imports the modules, as it does outside of tests. Vite's module runner takes a third more CPU time.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // Fewer collections of short-lived objects, which synthesis and databases create many of: 5 % less CPU time
    execArgv: ["--max-semi-space-size=64"],
    maxWorkers: 3, // one more than the cores of a small machine, as some tests wait for processes that they start
  },
});
