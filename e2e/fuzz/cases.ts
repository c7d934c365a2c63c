import fc from "fast-check";

/** Cases of the whole suite: a hundred thousand, or a million in the long form. */
const FACTOR = process.env.CIPHERWATCH_E2E_LONG === "1" ? 10 : 1;

/** How many cases a property runs. fast-check prints the seed and the smallest case of a failure. */
export function cases(count: number) {
  return { numRuns: count * FACTOR };
}

/** Mutates some of the texts: deletes, repeats, inserts or replaces a part. */
export function mutated(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const mutation = fc.record({
    kind: fc.constantFrom("delete", "repeat", "insert", "replace"),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 1, max: 8 }),
    other: fc.oneof(
      fc.constantFrom('"', "\\", "{", "}", "\0", "\u2028", "\ud800", "🔑", "%", "*", "[", "]", "é"),
      fc.string({ maxLength: 4 }),
    ),
  });
  return fc.tuple(texts, fc.array(mutation, { minLength: 1, maxLength: 3 })).map(([text, list]) =>
    list.reduce((changed, { kind, at, length, other }) => {
      const from = Math.floor(at * changed.length);
      const [before, part, after] = [
        changed.slice(0, from),
        changed.slice(from, from + length),
        changed.slice(from + length),
      ];
      if (kind === "delete") return before + after;
      if (kind === "repeat") return before + part + part + after;
      return kind === "insert" ? before + other + part + after : before + other + after;
    }, text),
  );
}

/** The given texts, one in `weight` of them mutated. */
export function sometimesMutated(texts: fc.Arbitrary<string>, weight: number) {
  return fc.oneof(
    { weight: weight - 1, arbitrary: texts },
    { weight: 1, arbitrary: mutated(texts) },
  );
}

export interface Timing {
  readonly size: number;
  /** CPU time of this thread: it does not count the time that other processes take. */
  readonly milliseconds: number;
}

/** Quadratic time has 2. Caches and garbage collection take linear time up to 1.4. */
export const MAX_EXPONENT = 1.7;

const ROUNDS = 6;

/** CPU milliseconds for each size and round: the kernel counts CPU time in steps of several milliseconds. */
const SAMPLE = 100;

/**
 * Measures how the time grows with the size: the best time of each size, since noise only adds. Measures on
 * while the growth seems too large.
 */
export function measureGrowth(
  sizes: readonly number[],
  run: (size: number) => void,
): { readonly timings: readonly Timing[]; readonly exponent: number } {
  const best = new Map<number, number>();
  let timings: Timing[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    for (const size of sizes) {
      best.set(
        size,
        Math.min(
          best.get(size) ?? Number.POSITIVE_INFINITY,
          timeOf(() => run(size)),
        ),
      );
    }
    timings = [...best].map(([size, milliseconds]) => ({ size, milliseconds }));
    if (round > 1 && exponentOf(timings) < MAX_EXPONENT) break;
  }
  return { timings, exponent: exponentOf(timings) };
}

/** @returns CPU milliseconds of this thread for one run */
function timeOf(run: () => void): number {
  const started = process.threadCpuUsage();
  for (let runs = 1; ; runs++) {
    run();
    const { user, system } = process.threadCpuUsage(started);
    const milliseconds = (user + system) / 1_000;
    if (milliseconds >= SAMPLE) return milliseconds / runs;
  }
}

/** The growth exponent of the time: 1 is linear, 2 quadratic. */
function exponentOf(measured: readonly Timing[]): number {
  const [first, last] = [measured[0], measured.at(-1)];
  if (first === undefined || last === undefined) throw new Error("Nothing was measured.");
  return Math.log(last.milliseconds / first.milliseconds) / Math.log(last.size / first.size);
}
