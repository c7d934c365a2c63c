/** Counts by minute, in flat memory. */
export interface CountsByMinute {
  /** Minutes since the epoch, ascending. */
  readonly minutes: Float64Array;
  /** The count of each minute. */
  readonly counts: Float64Array;
}

/** @param byMinute in any order */
export function sortByMinute(byMinute: ReadonlyMap<number, number>): CountsByMinute {
  const minutes = Float64Array.from(byMinute.keys()).sort();
  return { minutes, counts: minutes.map((minute) => byMinute.get(minute) ?? 0) };
}
