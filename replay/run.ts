import { type Detections, watchedMetrics } from "./detections/detections.ts";
import { createTally } from "./evaluate/tally.ts";
import type { Progress } from "./progress.ts";
import { scanFiles } from "./read/pool.ts";
import { nothingLeftOut, resolvePaths, walk } from "./read/walk.ts";
import { MOST_PROBLEMS, type Problem } from "./read/worker.ts";
import { buildReport, type Report } from "./report/report.ts";

export interface ReplayProps {
  readonly paths: readonly string[];
  readonly detections: Detections;
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number | undefined;
  /** Milliseconds since the epoch, exclusive. */
  readonly until?: number | undefined;
  /** By detection, in place of the deployed ones. */
  readonly thresholds: ReadonlyMap<string, number>;
  readonly workers: number;
  readonly progress?: Progress;
}

/**
 * Reads the files and evaluates the detections' alarms over what is in them. The outcome depends on the
 * files alone, not on their order or on the number of workers.
 * @throws Error for paths that lead to no CloudTrail files; what else cannot be read is in the report
 */
export async function replay(props: ReplayProps): Promise<Report> {
  const { detections, since, until, progress } = props;
  const paths = await resolvePaths(props.paths);
  const watched = watchedMetrics(detections.detections);
  const countsKeyUse = detections.detections.some(({ unbound }) => unbound.length > 0);
  const tally = createTally(detections.filters, watched);
  const leftOut = nothingLeftOut();
  const problems: Problem[] = [];
  let files = 0;
  let bytes = 0;
  let malformed = 0;
  let unreadable = 0;

  // Only progress hangs on it, and what goes wrong with a path the other walk tells.
  const walked = progress && countFiles(paths, progress).catch(() => {});
  await scanFiles({
    plan: {
      filters: detections.filters,
      watched,
      countsKeyUse,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    },
    workers: props.workers,
    files: walk(paths, leftOut),
    onBatch: (batch, batchBytes) => {
      tally.add(batch);
      files += batch.files;
      bytes += batchBytes;
      malformed += batch.malformed;
      unreadable += batch.unreadable;
      problems.push(...batch.problems);
      if (problems.length > 2 * MOST_PROBLEMS) keepFirst(problems);
      progress?.add({ files: batch.files, events: batch.events, bytes: batchBytes });
    },
  });
  await walked;
  progress?.end();
  const { digests, others } = leftOut;
  problems.push(...leftOut.unreadable);
  unreadable += leftOut.unreadable.length;
  if (files + unreadable === 0) {
    throw new Error(
      `There is no CloudTrail file at ${props.paths.join(", ")}: files end in .json or .json.gz. ` +
        `Left out for their names: ${digests} digests, ${others} others.`,
    );
  }
  keepFirst(problems);
  return buildReport({
    tally,
    detections,
    watched,
    thresholds: props.thresholds,
    input: {
      digests,
      others,
      files,
      bytes,
      events: tally.events(),
      outside: tally.outside(),
      oversized: tally.oversized(),
      copies: tally.copies(),
      countsCopies: tally.countsCopies(),
      malformed,
      unreadable,
      problems,
    },
    countsKeyUse,
  });
}

async function countFiles(paths: readonly string[], progress: Progress): Promise<void> {
  let files = 0;
  let bytes = 0;
  for await (const file of walk(paths, nothingLeftOut())) {
    files++;
    bytes += file.bytes;
  }
  progress.expect({ files, bytes });
}

/** Of many, the first by file and place: which ones does not depend on the order in which they came. */
function keepFirst(problems: Problem[]): void {
  problems.sort((a, b) => compare(a.file, b.file) || numberIn(a.place) - numberIn(b.place));
  problems.length = Math.min(problems.length, MOST_PROBLEMS);
}

const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

function numberIn(place: string | undefined): number {
  return place === undefined ? Number.MAX_SAFE_INTEGER : Number(/\d+/.exec(place)?.[0]);
}
