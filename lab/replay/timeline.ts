import { type AlarmState, evaluateAlarm } from "../alarm/evaluate.ts";
import { evaluationInterval, evaluationRange } from "../alarm/range.ts";
import { statisticOf } from "../aws/metrics.ts";
import type { DeployedAlarm } from "../deployment.ts";
import { MINUTE } from "./scan.ts";
import type { Series } from "./tally.ts";

/** A change of an alarm's state. Times are milliseconds since the epoch. */
export interface Transition {
  readonly at: number;
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** In AWS's words. */
  readonly reason: string;
}

/** What an alarm's metric was, wherever an evaluation may look; made once for all thresholds. */
export interface Timeline {
  /**
   * The transitions with this threshold.
   * @throws RangeError as the evaluation does, for an alarm that AWS would refuse
   */
  readonly transitions: (threshold: number) => readonly Transition[];
  /** Every value that a period had, ascending, each once. */
  readonly values: () => readonly number[];
}

/** A stretch of time with data in it, and no longer gap without any than an evaluation looks back. */
interface Stretch {
  /** The first step's time. */
  readonly start: number;
  /** At each step the statistic of the period that ends there; NaN: there were no data. */
  readonly values: Float64Array;
}

/**
 * Evaluates an alarm over history as the lab's monitor does while it happens: at the same times, over the
 * same periods, by the same function. An evaluation is left out only where it cannot change anything: all
 * periods that it would look at are on the same side of the threshold as they were at the one before.
 *
 * The alarm is new, in INSUFFICIENT_DATA, when history begins; after the last event nothing else happens
 * until every period that counts is past it.
 *
 * @param begin milliseconds since the epoch, at or before the first data
 */
export function createTimeline(alarm: DeployedAlarm, series: Series, begin: number): Timeline {
  const period = alarm.period * 1000;
  const interval = evaluationInterval(alarm);
  // Evaluations and the periods' ends all fall on these.
  const step = Math.min(period, interval, MINUTE);
  const slots = evaluationRange(alarm, 0).length;
  const stretches = findStretches();

  function findStretches(): readonly Stretch[] {
    const found: Stretch[] = [];
    const settled = (slots + 1) * period + interval;
    const { minutes, sets } = series;
    let index = 0;
    let start = floor(begin, interval);
    do {
      let last = index;
      let end = start + settled;
      while ((minutes[last] ?? Number.POSITIVE_INFINITY) * MINUTE <= end) {
        end = (minutes[last] ?? 0) * MINUTE + settled;
        last++;
      }
      found.push({
        start,
        values: valuesOf(minutes.slice(index, last), sets.slice(index, last), start, end),
      });
      index = last;
      start = floor((minutes[index] ?? 0) * MINUTE, interval);
    } while (index < minutes.length);
    return found;
  }

  function valuesOf(
    minutes: Series["minutes"],
    sets: Series["sets"],
    start: number,
    end: number,
  ): Float64Array {
    const values = new Float64Array((end - start) / step + 1).fill(Number.NaN);
    let from = 0;
    let to = 0;
    for (let at = 0; at < values.length; at++) {
      const periodEnd = start + at * step;
      while ((minutes[to] ?? Number.POSITIVE_INFINITY) * MINUTE < periodEnd) to++;
      while (from < to && (minutes[from] ?? 0) * MINUTE < periodEnd - period) from++;
      const present = sets.slice(from, to);
      if (present.length > 0) values[at] = statisticOf[alarm.statistic](total(present));
    }
    return values;
  }

  function transitions(threshold: number): readonly Transition[] {
    const changed: Transition[] = [];
    let state: AlarmState = "INSUFFICIENT_DATA";
    const sideOf = createSides({ ...alarm, threshold });
    for (const { start, values } of stretches) {
      const sides = Int8Array.from(values, sideOf);
      let isSettled = false;
      let before = -1;
      for (let at = 0; at < values.length; at += interval / step) {
        isSettled &&= !hasChanged(sides, before, at);
        before = at;
        if (isSettled) continue;
        const evaluated = evaluate(values, start, at, threshold, state);
        isSettled = evaluated.state === state;
        if (isSettled) continue;
        changed.push({
          at: start + at * step,
          from: state,
          to: evaluated.state,
          reason: evaluated.reason,
        });
        state = evaluated.state;
      }
    }
    return changed;
  }

  /** Whether any period that the evaluation looks at is on another side than it was for the one before. */
  function hasChanged(sides: Int8Array, before: number, at: number): boolean {
    const stride = period / step;
    for (let slot = 0; slot < slots; slot++) {
      if ((sides[at - slot * stride] ?? 0) !== (sides[before - slot * stride] ?? 0)) return true;
    }
    return false;
  }

  function evaluate(
    values: Float64Array,
    start: number,
    at: number,
    threshold: number,
    currentState: AlarmState,
  ) {
    const time = start + at * step;
    const timestamps = evaluationRange(alarm, time);
    const datapoints = timestamps.map((periodStart) => {
      const value = values[(periodStart + period - start) / step] ?? Number.NaN;
      return Number.isNaN(value) ? null : value;
    });
    return evaluateAlarm({ ...alarm, threshold, datapoints, timestamps, currentState });
  }

  return {
    transitions,
    values: () => {
      const found = new Set<number>();
      for (const { values } of stretches) for (const value of values) found.add(value);
      found.delete(Number.NaN);
      return [...found].sort((a, b) => a - b);
    },
  };
}

const MISSING = 0;
const WITHIN = 1;
const BREACHING = 2;

/** On which side of the threshold a value is, by the evaluation's own judgement of that value alone. */
function createSides(alarm: DeployedAlarm): (value: number) => number {
  const known = new Map<number, number>();
  return (value) => {
    if (Number.isNaN(value)) return MISSING;
    let side = known.get(value);
    if (side === undefined) {
      const { state } = evaluateAlarm({
        ...alarm,
        datapoints: [value],
        evaluationPeriods: 1,
        datapointsToAlarm: 1,
        currentState: "OK",
      });
      side = state === "ALARM" ? BREACHING : WITHIN;
      known.set(value, side);
    }
    return side;
  };
}

function total(sets: Series["sets"]): Series["sets"][number] {
  const [first, ...others] = sets;
  if (first === undefined) throw new RangeError("Nothing has no statistics.");
  return others.reduce(
    (sum, set) => ({
      sum: sum.sum + set.sum,
      sampleCount: sum.sampleCount + set.sampleCount,
      minimum: Math.min(sum.minimum, set.minimum),
      maximum: Math.max(sum.maximum, set.maximum),
    }),
    first,
  );
}

const floor = (time: number, step: number) => time - (time % step);
