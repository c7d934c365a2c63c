import { type AlarmState, isAnomalyAlarm, type MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { evaluateAnomaly } from "../../cloudwatch/alarm/anomaly.ts";
import { type AlarmEvaluation, evaluateAlarm } from "../../cloudwatch/alarm/evaluate.ts";
import { evaluationInterval, evaluationRange } from "../../cloudwatch/alarm/range.ts";
import { MINUTE } from "./scan.ts";
import { BREACHING, createSides, MISSING, type Sides, WITHIN } from "./sides.ts";
import { type Segment, type Timeline, valueReader } from "./timeline.ts";

/** A change of an alarm's state. */
export interface Transition {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** The StateReason, worded as by CloudWatch. */
  readonly reason: string;
}

/**
 * Evaluates an alarm over history, at the times and over the periods at which CloudWatch would have
 * evaluated it. Skips evaluations whose result cannot differ from the previous one, because every value in
 * the evaluation range is on the same side of the threshold or band as before: in most minutes of a history,
 * nothing has changed for longer than the evaluation range.
 *
 * The alarm begins in INSUFFICIENT_DATA. Evaluation continues after the last event until the evaluation
 * range is empty.
 * @throws RangeError for an alarm that AWS would reject
 */
export function transitionsOf(
  alarm: MetricAlarm,
  { begin, segments }: Timeline,
): readonly Transition[] {
  const transitions: Transition[] = [];
  const stride = evaluationInterval(alarm) / MINUTE;
  const window: Window = {
    periods: evaluationRange(alarm, 0).length,
    minutesPerPeriod: alarm.period / 60,
    ignoresMissing: !isAnomalyAlarm(alarm) && alarm.treatMissingData === "notBreaching",
  };
  let state: AlarmState = "INSUFFICIENT_DATA";
  for (const segment of segments) {
    const { start, values } = segment;
    const nextDifference = createComparison(createSides(alarm, segment), stride, window);
    for (let at = start < begin ? stride : 0; at < values.length; ) {
      const { state: next, reason } = evaluate(alarm, segment, at, state);
      if (next === state) {
        at = nextDifference(at + stride);
        continue;
      }
      transitions.push({ at: start + at * MINUTE, from: state, to: next, reason });
      state = next;
      at += stride;
    }
  }
  return transitions;
}

/** The periods in an evaluation range. */
interface Window {
  readonly periods: number;
  readonly minutesPerPeriod: number;
  /** Without a breaching period, missing data makes no difference. */
  readonly ignoresMissing: boolean;
}

/**
 * Returns a function that finds the next evaluation whose result may differ from that of the evaluation before
 * it. Call it with ascending minutes.
 * @param stride minutes between two evaluations
 */
function createComparison(
  { sideAt, changes }: Sides,
  stride: number,
  window: Window,
): (from: number) => number {
  const { periods, minutesPerPeriod, ignoresMissing } = window;
  const isAlike = (side: number, other: number) =>
    side === other || (ignoresMissing && side + other === MISSING + WITHIN);
  // Minutes that the two evaluations look back.
  const reach = periods * minutesPerPeriod + stride;
  let changedAt = Number.NEGATIVE_INFINITY;
  let next = 0;
  return (from) => {
    for (let at = from; ; at += stride) {
      for (; (changes[next] ?? Number.POSITIVE_INFINITY) <= at; next++) {
        const change = changes[next] ?? 0;
        if (!isAlike(sideAt(change), sideAt(change - 1))) changedAt = change;
      }
      if (at - changedAt <= reach) {
        if (!isSameResult(sideAt, at - stride, at, window)) return at;
      } else {
        const change = changes[next];
        if (change === undefined) return Number.POSITIVE_INFINITY;
        // Continues with the first evaluation that sees the next change.
        at += Math.max(Math.ceil((change - at) / stride) - 1, 0) * stride;
      }
    }
  };
}

/** Whether two evaluations must have the same result. */
function isSameResult(
  sideAt: Sides["sideAt"],
  before: number,
  at: number,
  { periods, minutesPerPeriod, ignoresMissing }: Window,
): boolean {
  let differs = false;
  let breaches = false;
  for (let back = 0; back < periods * minutesPerPeriod; back += minutesPerPeriod) {
    const now = sideAt(at - back);
    const then = sideAt(before - back);
    if (now !== then) differs = true;
    if (now === BREACHING || then === BREACHING) breaches = true;
  }
  return !differs || (ignoresMissing && !breaches);
}

function evaluate(
  alarm: MetricAlarm,
  segment: Segment,
  at: number,
  currentState: AlarmState,
): AlarmEvaluation {
  const timestamps = evaluationRange(alarm, segment.start + at * MINUTE);
  const valueAt = valueReader(alarm, segment);
  if (isAnomalyAlarm(alarm)) return evaluateAnomaly(alarm, valueAt, timestamps, currentState);
  return evaluateAlarm({ ...alarm, datapoints: timestamps.map(valueAt), timestamps, currentState });
}
