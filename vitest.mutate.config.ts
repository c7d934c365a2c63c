import { defineConfig } from "vitest/config";

/**
 * The tests of the files that `npm run mutate` changes, apart from those with SQL: V8 crashes when their PostgreSQL, in
 * WebAssembly, starts again and again in one process, so each of their mutants runs in its own.
 */
export default defineConfig({
  test: {
    include: [
      "service/{concurrency-limit,header-template,quotas}.test.ts",
      "service/{key,known-records,multi-region-key,vault,vault-formats}.test.ts",
      "cloudwatch/alarm/{contributors,evaluate,range}.test.ts",
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
