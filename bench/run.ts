import { bench as replay } from "./replay.ts";
import { bench as synth } from "./synth.ts";

/** A benchmark prints what it measured and says whether that is good enough. */
export type Benchmark = () => boolean | Promise<boolean>;

/** `npm run bench [-- NAME…]` */
const BENCHMARKS: Readonly<Record<string, Benchmark>> = { synth, replay };

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(
    `Unknown benchmark ${unknown.join(", ")}. There are: ${Object.keys(BENCHMARKS).join(", ")}.`,
  );
  process.exit(2);
}
for (const [name, bench] of Object.entries(BENCHMARKS)) {
  if (named.length > 0 && !named.includes(name)) continue;
  console.log(`\nBenchmark "${name}"`);
  if (!(await bench())) process.exitCode = 1;
}
