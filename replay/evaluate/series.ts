import type { StatisticSet } from "../../cloudwatch/metric.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import type { Cells, Sums } from "./cells.ts";
import type { CountsByMinute } from "./counts.ts";
import { metricId } from "./metric-id.ts";
import { indexFrom } from "./sorted.ts";

/** The values published to a metric in each minute that has values, in flat memory. */
export interface Series {
  /** Minutes since the epoch, ascending. The other arrays have an element for each. */
  readonly minutes: Float64Array;
  readonly sums: Float64Array;
  readonly sampleCounts: Float64Array;
  readonly minimums: Float64Array;
  readonly maximums: Float64Array;
}

export const EMPTY_SERIES: Series = emptySeries(new Float64Array());

/**
 * Builds the values of a metric from its filters' matches.
 * @param events number of events in each minute that has events
 */
export function seriesOf(
  metric: { readonly index: number; readonly id: string | undefined },
  {
    filters,
    cells,
    events: { minutes, counts },
  }: {
    readonly filters: readonly MetricFilter[];
    readonly cells: Cells;
    readonly events: CountsByMinute;
  },
): Series {
  const series = emptySeries(minutes);
  for (const [filter, { transformation }] of filters.entries()) {
    const { metricNamespace: namespace, metricName: name, defaultValue } = transformation;
    const hasDefault =
      defaultValue !== undefined && metricId({ namespace, name, dimensions: {} }) === metric.id;
    const unmatched = hasDefault ? counts.slice() : undefined;
    const add = (published: number, minute: number, sums: Sums) => {
      const at = indexFrom(minutes, minute);
      if (unmatched !== undefined) unmatched[at] = (unmatched[at] ?? 0) - sums.deliveries;
      if (published === metric.index) merge(series, at, { ...sums, sampleCount: sums.published });
    };
    cells.visit(filter, add, hasDefault ? undefined : metric.index);
    if (!hasDefault) continue;
    // Reuses one object, because objects for each minute of a year would take most of the time.
    const set = { sum: 0, sampleCount: 0, minimum: defaultValue, maximum: defaultValue };
    for (let at = 0; at < minutes.length; at++) {
      set.sampleCount = unmatched?.[at] ?? 0;
      set.sum = defaultValue * set.sampleCount;
      merge(series, at, set);
    }
  }
  return withoutGaps(series);
}

function emptySeries(minutes: Float64Array): Series {
  const zeros = () => new Float64Array(minutes.length);
  return {
    minutes,
    sums: zeros(),
    sampleCounts: zeros(),
    minimums: zeros(),
    maximums: zeros(),
  };
}

function merge(
  { sums, sampleCounts, minimums, maximums }: Series,
  at: number,
  { sum, sampleCount, minimum, maximum }: StatisticSet,
): void {
  if (sampleCount <= 0) return;
  const isFirst = sampleCounts[at] === 0;
  sums[at] = (sums[at] ?? 0) + sum;
  sampleCounts[at] = (sampleCounts[at] ?? 0) + sampleCount;
  minimums[at] = isFirst ? minimum : Math.min(minimums[at] ?? 0, minimum);
  maximums[at] = isFirst ? maximum : Math.max(maximums[at] ?? 0, maximum);
}

/** Drops the minutes without values. */
function withoutGaps(series: Series): Series {
  const { sampleCounts } = series;
  if (!sampleCounts.includes(0)) return series;
  const hasValues = (_: number, at: number) => sampleCounts[at] !== 0;
  return {
    minutes: series.minutes.filter(hasValues),
    sums: series.sums.filter(hasValues),
    sampleCounts: sampleCounts.filter(hasValues),
    minimums: series.minimums.filter(hasValues),
    maximums: series.maximums.filter(hasValues),
  };
}
