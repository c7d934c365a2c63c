import type { StatisticSet } from "../../cloudwatch/metric.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import type { Cells } from "./cells.ts";
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

/** A filter that publishes to a metric. */
interface Source {
  readonly filter: number;
  /** Value published for each event that the filter does not match. Undefined: none. */
  readonly defaultValue: number | undefined;
}

/**
 * Builds the values of metrics from the matches of their filters.
 * @param events number of events in each minute that has events
 * @returns a function that builds the values of a metric from its index and id. Metrics without matches that have
 * the same default value share one result.
 */
export function createSeries({
  filters,
  cells,
  events,
}: {
  readonly filters: readonly MetricFilter[];
  readonly cells: Cells;
  readonly events: CountsByMinute;
}): (metric: number, id: string | undefined) => Series {
  const withoutMatches = new Map<string, Series>();
  // The alarms of a detection are evaluated one after the other, and usually read the same metric.
  let latest: { readonly metric: number; readonly series: Series } | undefined;

  function build(metric: number, sources: readonly Source[]): Series {
    if (latest?.metric !== metric) {
      latest = { metric, series: seriesOf(metric, sources, cells, events) };
    }
    return latest.series;
  }

  return (metric, id) => {
    const sources = filters.flatMap(({ transformation }, filter): readonly Source[] => {
      const { metricNamespace: namespace, metricName: name, defaultValue } = transformation;
      if (defaultValue !== undefined && metricId({ namespace, name, dimensions: {} }) === id) {
        return [{ filter, defaultValue }];
      }
      return cells.has(filter, metric) ? [{ filter, defaultValue: undefined }] : [];
    });
    if (sources.some(({ filter }) => cells.has(filter))) return build(metric, sources);
    const key = sources.map(({ defaultValue }) => defaultValue).join(" ");
    const series = withoutMatches.get(key) ?? seriesOf(metric, sources, cells, events);
    withoutMatches.set(key, series);
    return series;
  };
}

function seriesOf(
  metric: number,
  sources: readonly Source[],
  cells: Cells,
  { minutes, counts }: CountsByMinute,
): Series {
  const series = emptySeries(minutes);
  let isEmpty = true;
  for (const { filter, defaultValue } of sources) {
    if (defaultValue !== undefined) {
      // In the usual case, the sums, minimums and maximums are 0 already.
      const isDone = defaultValue === 0 && isEmpty;
      const unmatched = isDone ? series.sampleCounts : new Float64Array(counts.length);
      unmatched.set(counts);
      cells.visit(filter, (_, minute, { deliveries }) => {
        const at = indexFrom(minutes, minute);
        unmatched[at] = (unmatched[at] ?? 0) - deliveries;
      });
      if (!isDone) addDefault(series, defaultValue, unmatched);
    }
    cells.visit(
      filter,
      (_, minute, { published: sampleCount, sum, minimum, maximum }) => {
        merge(series, indexFrom(minutes, minute), { sampleCount, sum, minimum, maximum });
      },
      metric,
    );
    isEmpty = false;
  }
  return withoutGaps(series);
}

/** @param counts number of times that the value is published in each minute */
function addDefault(series: Series, value: number, counts: Float64Array): void {
  // Reuses one object, because objects for each minute of a year would take most of the time.
  const set = { sum: 0, sampleCount: 0, minimum: value, maximum: value };
  for (let at = 0; at < counts.length; at++) {
    set.sampleCount = counts[at] ?? 0;
    set.sum = value * set.sampleCount;
    merge(series, at, set);
  }
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

/** Removes the minutes without values. */
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
