import { defineConfig } from "vitest/config";

/** The tests of the files that `npm run mutate` changes. */
export default defineConfig({
  test: {
    include: [
      "service/{key,known-records,store,vault}.test.ts",
      "cloudwatch/alarm/{evaluate,range}.test.ts",
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
