import type { AlarmState, GroupedAlarm, TreatMissingData } from "./alarm.ts";
import { evaluateAlarm } from "./evaluate.ts";

/** One series of an alarm with `groupBy`. */
export interface Contributor {
  /** Opaque, 16 hexadecimal digits; the same for equal attributes. */
  readonly id: string;
  /** The value of the dimension, by its name. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The data of a contributor in the evaluation range. */
export interface ContributorSeries {
  /** Value of the dimension `groupBy`. */
  readonly value: string;
  /** As for `evaluateAlarm`: at least one is not null. */
  readonly datapoints: readonly (number | null)[];
}

export interface ContributorTransition {
  readonly contributor: Contributor;
  readonly from: "OK" | "ALARM";
  readonly to: "OK" | "ALARM";
  readonly reason: string;
}

export interface GroupedEvaluation {
  /** State and reason of the alarm itself. */
  readonly state: AlarmState;
  readonly reason: string;
  readonly transitions: readonly ContributorTransition[];
}

/** AWS counts no further. */
const MAX_IN_ALARM = 100;

/**
 * Evaluates each series as an alarm of its own. A contributor is in OK or ALARM, and a new one was in OK before.
 * A contributor without data is in OK. The alarm is in ALARM while a contributor is.
 * @param series those with data in the evaluation range
 * @param inAlarm contributors that are in ALARM
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/multi-time-series-alarm.html
 */
export function evaluateContributors(
  alarm: GroupedAlarm,
  series: readonly ContributorSeries[],
  timestamps: readonly number[],
  inAlarm: readonly Contributor[],
  currentState: AlarmState,
): GroupedEvaluation {
  const previous = new Map(inAlarm.map((contributor) => [contributor.id, contributor]));
  const transitions: ContributorTransition[] = [];
  let breaching = 0;
  for (const { value, datapoints } of series) {
    const contributor = contributorOf({ [alarm.groupBy]: value });
    const from = previous.delete(contributor.id) ? "ALARM" : "OK";
    const evaluation = { ...alarm, datapoints, timestamps, currentState: from } as const;
    const { state, reason } = evaluateAlarm({ ...evaluation, isContributor: true });
    const to = state === "ALARM" ? "ALARM" : "OK";
    if (to === "ALARM") breaching += 1;
    if (to !== from) transitions.push({ contributor, from, to, reason });
  }
  for (const contributor of previous.values()) {
    const reason = "No data was returned for this contributor";
    transitions.push({ contributor, from: "ALARM", to: "OK", reason });
  }
  const result =
    series.length === 0
      ? stateWithoutSeries(alarm.treatMissingData, currentState)
      : stateOf(breaching, series.length + previous.size);
  return { ...result, transitions };
}

function stateOf(breaching: number, total: number): { state: AlarmState; reason: string } {
  if (breaching === 0) return { state: "OK", reason: `${total} time series evaluated to OK` };
  const quantity = breaching > MAX_IN_ALARM ? `${MAX_IN_ALARM}+` : `${breaching} out of ${total}`;
  return { state: "ALARM", reason: `${quantity} time series evaluated to ALARM` };
}

const WITHOUT_SERIES: Readonly<
  Record<TreatMissingData, readonly [name: string, state: AlarmState | undefined]>
> = {
  breaching: ["Breaching", "ALARM"],
  notBreaching: ["NonBreaching", "OK"],
  ignore: ["Ignore", undefined],
  missing: ["Missing", "INSUFFICIENT_DATA"],
};

function stateWithoutSeries(
  treatMissingData: TreatMissingData,
  currentState: AlarmState,
): { state: AlarmState; reason: string } {
  const [name, state = currentState] = WITHOUT_SERIES[treatMissingData];
  return {
    state,
    reason: `No time series were returned by the query. Treat missing data is configured as [${name}].`,
  };
}

/** The id is a 64-bit FNV-1a hash of the attributes: like AWS's, it is the same in every alarm. */
export function contributorOf(attributes: Contributor["attributes"]): Contributor {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(JSON.stringify(attributes))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return { id: hash.toString(16).padStart(16, "0"), attributes };
}
