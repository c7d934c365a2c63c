import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { compileMetricFilter } from "../../cloudwatch/metric-filter.ts";
import type { FilterPattern } from "../../cloudwatch/pattern/ast.ts";
import { matches, matchesJson } from "../../cloudwatch/pattern/matcher.ts";
import { createCandidates } from "./candidates.ts";
import { metricId } from "./metric-id.ts";

/** What every worker does with every record. Plain data. */
export interface ScanPlan {
  readonly filters: readonly MetricFilter[];
  /** Metrics that alarms watch, by `metricId`; what goes to others is counted and not kept. */
  readonly watched: readonly string[];
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number;
  /** Milliseconds since the epoch, exclusive. */
  readonly until?: number;
  /** Count which roles use KMS and which keys they use. */
  readonly countsKeyUse: boolean;
}

/** What a scan found since it was last asked. Plain data that can go from one thread to another. */
export interface Findings {
  readonly events: number;
  /** Before `since` or from `until` on. */
  readonly outside: number;
  /** Larger than what CloudWatch Logs takes of CloudTrail, so that no filter ever sees them. */
  readonly oversized: number;
  /** The first and the last event's time; infinite when there was none. */
  readonly first: number;
  readonly last: number;
  /** Events of each minute: its number since the epoch and their count, in turn. */
  readonly minutes: Float64Array;
  /** `MATCH_FIELDS` numbers for each match. */
  readonly matches: Float64Array;
  readonly roles: readonly (readonly [arn: string, uses: number])[];
  readonly keys: readonly (readonly [arn: string, uses: number])[];
}

/**
 * Of a match, in this order: the filter's index; the index of the watched metric that it publishes to or
 * -1; the minute since the epoch; the value published, NaN for none; the event's identity as two 32-bit
 * numbers, NaN for an event without one.
 */
export const MATCH_FIELDS = 6;

export interface Scan {
  /** @returns what is wrong with the record, if anything is */
  readonly take: (record: object, text: string) => string | undefined;
  readonly findings: () => Findings;
}

export const MINUTE = 60_000;

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html */
const MAX_MESSAGE_BYTES = 256 * 1024;

interface Filter {
  readonly index: number;
  readonly pattern: FilterPattern;
  readonly matches: (record: object, text: string) => boolean;
  /** What a match publishes: to which watched metric (-1: none), and the value (NaN: nothing). */
  readonly publish: (text: string) => { readonly metric: number; readonly value: number };
}

/** @throws AwsError as PutMetricFilter would refuse one of the filters */
export function createScan({ filters, watched, since, until, countsKeyUse }: ScanPlan): Scan {
  const earliest = since ?? Number.NEGATIVE_INFINITY;
  const end = until ?? Number.POSITIVE_INFINITY;
  const metrics = new Map(watched.map((id, index) => [id, index]));
  const candidatesFor = createCandidates(
    filters.map((filter, index) => compile(filter, index, metrics)),
  );
  const timeOf = createTimeReader();
  let found = empty();

  return {
    take: (record, text) => {
      const event = record as Readonly<Record<string, unknown>>;
      const time = timeOf(event.eventTime);
      if (time === undefined) return "it has no eventTime such as 2026-03-02T09:14:27Z";
      if (time < earliest || time >= end) {
        found.outside++;
        return undefined;
      }
      found.events++;
      if (time < found.first) found.first = time;
      if (time > found.last) found.last = time;
      if (text.length * 3 > MAX_MESSAGE_BYTES && isOversized(record)) {
        found.oversized++;
        return undefined;
      }
      const minute = Math.floor(time / MINUTE);
      found.minutes.set(minute, (found.minutes.get(minute) ?? 0) + 1);
      for (const filter of candidatesFor(event)) {
        if (!filter.matches(record, text)) continue;
        const { metric, value } = filter.publish(text);
        found.matches.push(filter.index, metric, minute, value, ...identityOf(event.eventID));
      }
      if (countsKeyUse && event.eventSource === "kms.amazonaws.com") countKeyUse(event, found);
      return undefined;
    },
    findings: () => {
      const { minutes, matches: list, roles, keys, ...counts } = found;
      found = empty();
      return {
        ...counts,
        minutes: Float64Array.from([...minutes].flat()),
        matches: Float64Array.from(list),
        roles: [...roles],
        keys: [...keys],
      };
    },
  };
}

function empty() {
  return {
    events: 0,
    outside: 0,
    oversized: 0,
    first: Number.POSITIVE_INFINITY,
    last: Number.NEGATIVE_INFINITY,
    minutes: new Map<number, number>(),
    matches: [] as number[],
    roles: new Map<string, number>(),
    keys: new Map<string, number>(),
  };
}

function compile(
  deployed: MetricFilter,
  index: number,
  metrics: ReadonlyMap<string, number>,
): Filter {
  const { pattern, publish } = compileMetricFilter(deployed);
  const { metricName, metricNamespace, metricValue, dimensions } = deployed.transformation;
  const constant = Number(metricValue);
  const plain = metricId({ namespace: metricNamespace, name: metricName, dimensions: {} });
  const always = { metric: metrics.get(plain) ?? -1, value: constant };
  const isConstant = !Number.isNaN(constant) && Object.keys(dimensions ?? {}).length === 0;
  return {
    index,
    pattern,
    // Only patterns about JSON can share the record that is already parsed.
    matches:
      pattern.kind === "json" || pattern.kind === "all"
        ? (record, text) => matchesJson(pattern, record, text)
        : (_, text) => matches(pattern, text),
    publish: (message) => {
      if (isConstant) return always;
      const datum = publish({ message, timestamp: 0 });
      return datum === undefined
        ? { metric: -1, value: Number.NaN }
        : { metric: metrics.get(metricId(datum)) ?? -1, value: datum.sum };
    },
  };
}

function isOversized(record: object): boolean {
  return Buffer.byteLength(JSON.stringify(record)) > MAX_MESSAGE_BYTES;
}

const EVENT_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

/** Reads times, the next of which most often lies in the same minute: that part is read once. */
function createTimeReader(): (value: unknown) => number | undefined {
  let prefix = "";
  let minute = 0;
  return (value) => {
    if (typeof value !== "string") return undefined;
    if (value.length === 20 && value.endsWith("Z") && value[16] === ":") {
      if (!value.startsWith(prefix) || prefix === "") {
        const start = EVENT_TIME.test(value) ? Date.parse(`${value.slice(0, 16)}Z`) : Number.NaN;
        if (Number.isNaN(start)) return undefined;
        prefix = value.slice(0, 16);
        minute = start;
      }
      const seconds = Number(value.slice(17, 19));
      return seconds >= 0 && seconds < 60 ? minute + seconds * 1000 : undefined;
    }
    const time = EVENT_TIME.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(time) ? undefined : time;
  };
}

/** Events are told apart by their id, here by 64 bits made of it: FNV-1a from either end. */
function identityOf(eventId: unknown): readonly [number, number] {
  if (typeof eventId !== "string" || eventId === "") return [Number.NaN, Number.NaN];
  let one = FNV_OFFSET;
  let other = FNV_OFFSET;
  for (let index = 0; index < eventId.length; index++) {
    one = Math.imul(one ^ eventId.charCodeAt(index), FNV_PRIME);
    other = Math.imul(other ^ eventId.charCodeAt(eventId.length - 1 - index), FNV_PRIME);
  }
  return [one >>> 0, other >>> 0];
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

interface KeyUse {
  readonly roles: Map<string, number>;
  readonly keys: Map<string, number>;
}

/** Roles and keys are bounded by the account's quotas, so that these stay small. */
function countKeyUse(event: Readonly<Record<string, unknown>>, { roles, keys }: KeyUse): void {
  const identity = event.userIdentity as {
    sessionContext?: { sessionIssuer?: { arn?: unknown } };
  } | null;
  count(roles, identity?.sessionContext?.sessionIssuer?.arn);
  const resources = Array.isArray(event.resources) ? event.resources : [];
  for (const resource of resources as readonly ({ ARN?: unknown } | null)[]) {
    const arn = resource?.ARN;
    if (typeof arn === "string" && /^arn:[\w-]+:kms:/.test(arn)) count(keys, arn);
  }
}

function count(counts: Map<string, number>, arn: unknown): void {
  if (typeof arn === "string") counts.set(arn, (counts.get(arn) ?? 0) + 1);
}
