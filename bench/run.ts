import { unknownName } from "../common/unknown-name.ts";
import { bench as replay } from "./replay.ts";
import { bench as synth } from "./synth.ts";

/** Prints its results and returns whether they meet the limits. */
export type Benchmark = () => boolean | Promise<boolean>;

/** `npm run bench [-- NAME…]` */
const BENCHMARKS = new Map<string, Benchmark>(Object.entries({ synth, replay }));

const selected = process.argv.slice(2);
const names = [...BENCHMARKS.keys()];
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
