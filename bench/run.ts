import { readArguments } from "../common/parse-options.ts";
import { unknownName } from "../common/unknown-name.ts";
import { bench as replay } from "./replay.ts";
import { bench as service } from "./service.ts";
import { bench as synth } from "./synth.ts";

/** Prints results, and returns whether they meet the limits. */
export type Benchmark = () => boolean | Promise<boolean>;

const BENCHMARKS = new Map<string, Benchmark>(Object.entries({ synth, replay, service }));

const names = [...BENCHMARKS.keys()];
const USAGE = `npm run bench [-- NAME…]

Runs the named benchmarks, or all of them, and prints their results beside their limits.

  NAME     ${names.join(", ")}
  --help   show this help

Exit codes: 0 every limit is met; 1 a limit is not met; 2 invalid arguments.`;

const selected = readArguments(USAGE, { positionals: true });
const unknown = selected.find((name) => !BENCHMARKS.has(name));
if (unknown !== undefined) {
  console.error(`${unknownName("benchmark", unknown, names)} Allowed: ${names.join(", ")}.`);
  process.exit(2);
}
for (const [name, bench] of BENCHMARKS) {
  if (selected.length > 0 && !selected.includes(name)) continue;
  console.log(`\nBenchmark "${name}"`);
  if (!(await bench())) process.exitCode = 1;
}
