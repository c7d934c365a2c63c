import { compileMetricFilter } from "../../cloudwatch/compile-metric-filter.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import type { FilterPattern } from "../../cloudwatch/pattern/ast.ts";
import { matches, matchesJson } from "../../cloudwatch/pattern/matcher.ts";
import {
  type Caller,
  callerOf,
  createEarliestEvents,
  createValueTable,
  type MatchedEvent,
  matchedEvent,
  type ValueTable,
} from "./caller.ts";
import { createCandidates } from "./candidates.ts";
import { type CountsByMinute, createMinuteCounter } from "./counts.ts";
import { metricId } from "./metric-id.ts";
import { createSkimmer, type Skim } from "./skim.ts";

/** The filters to apply to records. Plain data, because it is sent to workers. */
export interface ScanPlan {
  readonly filters: readonly MetricFilter[];
  /** `metricId`s of the metrics with alarms. Values published to others are not kept. */
  readonly monitoredMetrics: readonly string[];
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number;
  /** Milliseconds since the epoch, exclusive. */
  readonly until?: number;
  /** Whether to count KMS calls by role and by key. */
  readonly countsKeyUse: boolean;
}

/** The results of a scan since its findings were last taken. Plain data, because they are sent between threads. */
export interface Findings {
  readonly events: number;
  /** Number of events before `since`, or at or after `until`. */
  readonly outside: number;
  /** Number of events too large for CloudTrail to send to CloudWatch Logs, so no filter sees them. */
  readonly oversized: number;
  /** Times of the first and last event, in milliseconds since the epoch; infinite if there are no events. */
  readonly first: number;
  readonly last: number;
  /** The number of events in each minute. */
  readonly minutes: CountsByMinute;
  /** `MATCH_FIELDS` numbers per match. */
  readonly matches: Float64Array;
  /** The callers, roles and addresses that the matches refer to by index. */
  readonly callerValues: readonly string[];
  /** The earliest events so far of each filter for which they changed, with the index of the filter. */
  readonly earliest: readonly (readonly [filter: number, event: MatchedEvent])[];
  readonly roles: readonly (readonly [arn: string, calls: number])[];
  readonly keys: readonly (readonly [arn: string, calls: number])[];
}

/**
 * Numbers per match: index of the filter; index of the monitored metric that it publishes to, or -1; minute
 * since the epoch; value published, or NaN; identity of the event as two 32-bit numbers, or NaN if it has
 * no id; indices of the caller, its role and its address, or -1.
 */
export const MATCH_FIELDS = 9;

/** Bounds the memory that the callers of a batch take. */
const MAX_CALLER_VALUES = 50_000;

export interface Scan {
  /** @returns the error if the record cannot be evaluated */
  readonly add: (record: object, text: string) => string | undefined;
  /** Begins a text with records as CloudTrail writes them, to find the records that need not be parsed. */
  readonly skim: (text: string) => Skim;
  /**
   * Counts a record that was not parsed, since no filter can match it.
   * @returns the error if it cannot be evaluated
   */
  readonly addSkimmed: (eventTime: string) => string | undefined;
  readonly findings: () => Findings;
}

export const MINUTE = 60_000;

export const MISSING_EVENT_TIME = "no eventTime";
const INVALID_EVENT_TIME = "no eventTime of the form 2026-03-02T09:14:27Z";

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** Text of this length has at most `MAX_MESSAGE_BYTES` in UTF-8. */
const MAX_MESSAGE_LENGTH = MAX_MESSAGE_BYTES / 3;

const KMS = "kms.amazonaws.com";

interface Filter {
  readonly index: number;
  readonly pattern: FilterPattern;
  readonly matches: (record: object, text: string) => boolean;
  /** Index of the monitored metric (-1: none) and the value (NaN: none) that a match publishes. */
  readonly publish: (text: string) => { readonly metric: number; readonly value: number };
}

/** @throws AwsError for a filter that PutMetricFilter would reject */
export function createScan({
  filters,
  monitoredMetrics,
  since,
  until,
  countsKeyUse,
}: ScanPlan): Scan {
  const earliest = since ?? Number.NEGATIVE_INFINITY;
  const end = until ?? Number.POSITIVE_INFINITY;
  const metrics = new Map(monitoredMetrics.map((id, index) => [id, index]));
  const candidatesFor = createCandidates(
    filters.map((filter, index) => compile(filter, index, metrics)),
  );
  const timeOf = createTimeReader();
  const earliestEvents = createEarliestPerFilter(filters.length);
  let results = emptyResults();

  /** @returns whether the time is in the range */
  function countEvent(time: number): boolean {
    if (time < earliest || time >= end) {
      results.outside++;
      return false;
    }
    results.events++;
    if (time < results.first) results.first = time;
    if (time > results.last) results.last = time;
    return true;
  }

  function countMinute(time: number): number {
    const minute = Math.floor(time / MINUTE);
    results.minutes.add(minute, 1);
    return minute;
  }

  return {
    add: (record, text) => {
      const event = record as Readonly<Record<string, unknown>>;
      const time = timeOf(event.eventTime);
      if (time === undefined) {
        return event.eventTime === undefined ? MISSING_EVENT_TIME : INVALID_EVENT_TIME;
      }
      if (!countEvent(time)) return undefined;
      if (text.length > MAX_MESSAGE_LENGTH && isOversized(record)) {
        results.oversized++;
        return undefined;
      }
      const minute = countMinute(time);
      let caller: CallerIndices | undefined;
      for (const filter of candidatesFor(event).items) {
        if (!filter.matches(record, text)) continue;
        const { metric, value } = filter.publish(text);
        caller ??= indicesOf(callerOf(event), results.callerTable);
        results.matches.push(filter.index, metric, minute, value);
        results.matches.push(...identityOf(event.eventID), ...caller);
        earliestEvents.add(filter.index, event, time);
      }
      if (countsKeyUse && event.eventSource === KMS) countKeyUse(event, results);
      return undefined;
    },
    skim: createSkimmer({
      literalsOf: (call) =>
        countsKeyUse && call.eventSource === KMS ? undefined : candidatesFor(call).literals,
      maxLength: MAX_MESSAGE_LENGTH,
    }),
    addSkimmed: (eventTime) => {
      const time = timeOf(eventTime);
      if (time === undefined) return INVALID_EVENT_TIME;
      if (countEvent(time)) countMinute(time);
      return undefined;
    },
    findings: () => {
      const taken = results;
      results = emptyResults();
      return { ...findingsOf(taken), earliest: earliestEvents.takeChanged() };
    },
  };
}

function emptyResults() {
  return {
    events: 0,
    outside: 0,
    oversized: 0,
    first: Number.POSITIVE_INFINITY,
    last: Number.NEGATIVE_INFINITY,
    minutes: createMinuteCounter(),
    matches: [] as number[],
    callerTable: createValueTable(MAX_CALLER_VALUES),
    roles: new Map<string, number>(),
    keys: new Map<string, number>(),
  };
}

function findingsOf(results: ReturnType<typeof emptyResults>): Omit<Findings, "earliest"> {
  const { minutes, matches: matchList, callerTable, roles, keys, ...counts } = results;
  return {
    ...counts,
    minutes: minutes.sorted(),
    matches: Float64Array.from(matchList),
    callerValues: callerTable.values,
    roles: [...roles],
    keys: [...keys],
  };
}

type CallerIndices = readonly [principal: number, role: number, address: number];

function indicesOf({ principal, role, address }: Caller, { indexOf }: ValueTable): CallerIndices {
  return [indexOf(principal), indexOf(role), indexOf(address)];
}

/** Keeps the earliest events of each filter over all batches, so that a batch only sends changes. */
function createEarliestPerFilter(filters: number) {
  const byFilter = Array.from({ length: filters }, createEarliestEvents);
  const changed = new Set<number>();
  return {
    add: (filter: number, event: Readonly<Record<string, unknown>>, time: number) => {
      const earliest = byFilter[filter];
      if (!earliest?.mayKeep(time)) return;
      earliest.add(matchedEvent(event, time));
      changed.add(filter);
    },
    takeChanged: () => {
      const events = [...changed].flatMap((filter) =>
        (byFilter[filter]?.events ?? []).map((event) => [filter, event] as const),
      );
      changed.clear();
      return events;
    },
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
    // JSON patterns match the parsed record; others match the text.
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

/** Parses event times, reusing the previous result for times in the same minute. */
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

/** Hashes an event's id to 64 bits: FNV-1a from both ends. */
function identityOf(eventId: unknown): readonly [number, number] {
  if (typeof eventId !== "string" || eventId === "") return [Number.NaN, Number.NaN];
  let forward = FNV_OFFSET;
  let backward = FNV_OFFSET;
  for (let index = 0; index < eventId.length; index++) {
    forward = Math.imul(forward ^ eventId.charCodeAt(index), FNV_PRIME);
    backward = Math.imul(backward ^ eventId.charCodeAt(eventId.length - 1 - index), FNV_PRIME);
  }
  return [forward >>> 0, backward >>> 0];
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

interface KeyUseCounts {
  readonly roles: Map<string, number>;
  readonly keys: Map<string, number>;
}

/** Counts a KMS call. AWS quotas on roles and keys bound the size of the maps. */
function countKeyUse(
  event: Readonly<Record<string, unknown>>,
  { roles, keys }: KeyUseCounts,
): void {
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
