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
  readonly milliseconds: number;
}

/** Best of five times for doubling sizes: noise only adds. */
export function timings(sizes: readonly number[], run: (size: number) => void): Timing[] {
  return sizes.map((size) => {
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now();
      run(size);
      return performance.now() - started;
    });
    return { size, milliseconds: Math.min(...times) };
  });
}

/** The growth exponent of the time: 1 is linear, 2 quadratic. */
export function exponentOf(measured: readonly Timing[]): number {
  const [first, last] = [measured[0], measured.at(-1)];
  if (first === undefined || last === undefined) throw new Error("Nothing was measured.");
  return Math.log(last.milliseconds / first.milliseconds) / Math.log(last.size / first.size);
}
