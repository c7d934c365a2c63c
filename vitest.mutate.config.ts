import { defineConfig } from "vitest/config";

/**
 * The tests of the files that `npm run mutate` changes, apart from the store: V8 crashes when its PostgreSQL, in
 * WebAssembly, starts again and again in one process, so each mutant of the store runs in its own.
 */
export default defineConfig({
  test: {
    include: [
      "service/{key,known-records,vault}.test.ts",
      "cloudwatch/alarm/{evaluate,range}.test.ts",
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
