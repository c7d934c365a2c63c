import { setSourceMapsSupport } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Halves the CPU time of each program that a test runs: https://nodejs.org/api/module.html#module-compile-cache
// Not for the tests themselves: Vitest imports each file by a new address, which the cache would keep forever.
process.env.NODE_COMPILE_CACHE = join(tmpdir(), "cipherwatch-compile-cache");

// Node removes types without moving code, so no source map is needed to translate stack traces.
setSourceMapsSupport(false);

/**
 * Captures no stack trace without a limit. CDKTF captures one for each value, for its own errors; they take a quarter of
 * the CPU time of a synthesis. `npm run synth` captures them.
 */
function captureWithLimit(target: object, below?: Parameters<typeof captureStackTrace>[1]): void {
  if (Error.stackTraceLimit === Number.MAX_SAFE_INTEGER) return;
  captureStackTrace(target, below ?? captureWithLimit);
}
const { captureStackTrace } = Error;
if (captureStackTrace.name !== captureWithLimit.name) Error.captureStackTrace = captureWithLimit;
