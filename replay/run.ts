import { monitoredMetricsOf, type ReplayedDetections } from "./detections/detections.ts";
import { type Exclusions, exclusionTrials } from "./detections/exclude.ts";
import { createTally } from "./evaluate/tally.ts";
import type { Progress } from "./progress.ts";
import { scanFiles } from "./read/pool.ts";
import { type FileError, MAX_ERRORS, sizeOf } from "./read/scan-files.ts";
import { noFilesError, noneSkipped, resolvePaths, walk } from "./read/walk.ts";
import { buildReport } from "./report/build.ts";
import type { Report } from "./report/report.ts";

export interface ReplayProps {
  readonly paths: readonly string[];
  readonly detections: ReplayedDetections;
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number | undefined;
  /** Milliseconds since the epoch, exclusive. */
  readonly until?: number | undefined;
  /** Thresholds to evaluate instead of the deployed ones, by detection id. */
  readonly thresholds: ReadonlyMap<string, number>;
  readonly exclusions?: Exclusions;
  readonly workers: number;
  /** Whether to evaluate other thresholds too, which takes longer than the rest of the evaluation; default true. */
  readonly sweep?: boolean;
  readonly progress?: Progress;
}

/**
 * Reads the files and evaluates the detections' alarms over their events. The report depends only on the
 * files, not on their order or the number of workers.
 * @throws Error if the paths contain no CloudTrail files. Other files that cannot be read are in the report.
 */
export async function replay(props: ReplayProps): Promise<Report> {
  const { since, until, progress } = props;
  const { filters, trials } = exclusionTrials(props.detections, props.exclusions ?? new Map());
  const detections = { ...props.detections, filters: [...props.detections.filters, ...filters] };
  const paths = await resolvePaths(props.paths);
  const monitoredMetrics = monitoredMetricsOf([
    ...detections.detections,
    ...trials.map(({ remaining }) => remaining),
  ]);
  const countsKeyUse = detections.detections.some(({ unbound }) => unbound.length > 0);
  const tally = createTally(detections.filters, monitoredMetrics, {
    countCopies: props.detections.filters.length,
  });
  const skipped = noneSkipped();
  const errors: FileError[] = [];
  const read = { files: 0, bytes: 0, malformed: 0, unreadable: 0 };

  // Only for the progress display: the walk below reports any error.
  const counting = progress && countFiles(paths, progress).catch(() => {});
  await scanFiles({
    plan: {
      filters: detections.filters,
      monitoredMetrics,
      countsKeyUse,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    },
    workers: props.workers,
    files: walk(paths, skipped),
    onBatch: (batch) => {
      tally.add(batch);
      read.files += batch.files;
      read.bytes += batch.bytes;
      read.malformed += batch.malformed;
      read.unreadable += batch.unreadable;
      skipped.digests += batch.digests;
      skipped.others += batch.others;
      errors.push(...batch.errors);
      if (errors.length > 2 * MAX_ERRORS) keepFirst(errors);
      progress?.add(batch);
    },
  });
  await counting;
  progress?.end();
  const { digests, others } = skipped;
  errors.push(...skipped.unreadable);
  read.unreadable += skipped.unreadable.length;
  if (read.files + read.unreadable === 0) throw noFilesError(props.paths, skipped);
  keepFirst(errors);
  return buildReport({
    tally,
    detections,
    trials,
    monitoredMetrics,
    thresholds: props.thresholds,
    sweep: props.sweep ?? true,
    input: { digests, others, ...read, ...tally.counts(), errors },
    countsKeyUse,
  });
}

async function countFiles(paths: readonly string[], progress: Progress): Promise<void> {
  let files = 0;
  let bytes = 0;
  for await (const list of walk(paths, noneSkipped())) {
    files += list.length;
    for (const path of list) bytes += sizeOf(path);
  }
  progress.expect({ files, bytes });
}

/** Keeps the first errors by file and place, so that the selection does not depend on their order. */
function keepFirst(errors: FileError[]): void {
  errors.sort((a, b) => compare(a.file, b.file) || numberIn(a.place) - numberIn(b.place));
  errors.length = Math.min(errors.length, MAX_ERRORS);
}

const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

/** Returns the number in a place. Errors about a whole file sort after those about its records. */
function numberIn(place: string | undefined): number {
  return place === undefined ? Number.MAX_SAFE_INTEGER : Number(/\d+/.exec(place)?.[0]);
}
