/** Measures the duration of each step of each stack. */
export interface Timings {
  readonly measure: <T>(stack: string, step: string, work: () => Promise<T>) => Promise<T>;
  /** Formats the durations in seconds as a table with one row per stack and one column per step. */
  readonly table: () => string;
}

/** @param concurrency number of stacks processed at once, shown below the table */
export function startTimings(concurrency?: number): Timings {
  const started = performance.now();
  const seconds = new Map<string, Map<string, number>>();
  return {
    measure: async (stack, step, work) => {
      const from = performance.now();
      try {
        return await work();
      } finally {
        const row = seconds.get(stack) ?? new Map<string, number>();
        row.set(step, (performance.now() - from) / 1000);
        seconds.set(stack, row);
      }
    },
    table: () => {
      const steps = [...new Set([...seconds.values()].flatMap((row) => [...row.keys()]))];
      const rows = [
        ["seconds", ...steps],
        ...[...seconds].map(([stack, row]) => [
          stack,
          ...steps.map((step) => row.get(step)?.toFixed(1) ?? ""),
        ]),
      ];
      const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
      const total = ((performance.now() - started) / 1000).toFixed(0);
      return [
        ...rows.map((row) =>
          row
            .map((cell, i) => (i === 0 ? cell.padEnd : cell.padStart).call(cell, widths?.[i] ?? 0))
            .join("  "),
        ),
        `${total} s in total${concurrency === undefined ? "" : `, up to ${concurrency} stacks at a time`}`,
      ].join("\n");
    },
  };
}
