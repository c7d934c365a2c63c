import { setSourceMapsSupport } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Halves the CPU time of each program that a test runs: https://nodejs.org/api/module.html#module-compile-cache
// Not for the tests themselves: Vitest imports each file by a new address, which the cache would keep forever.
process.env.NODE_COMPILE_CACHE = join(tmpdir(), "cipherwatch-compile-cache");

// Node removes types without moving code, so no source map is needed. CDKTF captures thousands of stack traces, each of
// which Vitest would otherwise have translated.
setSourceMapsSupport(false);
