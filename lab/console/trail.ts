import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import type { FilterPattern } from "../../cloudwatch/pattern/ast.ts";
import { parseMessage } from "../../cloudwatch/pattern/json-match.ts";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import type { ConsoleSources } from "./sources.ts";

/** A CloudTrail record, delivered to the log group or pending. Times are lab time in epoch milliseconds. */
export interface TrailItem {
  /** The event id; for an injected record, a number, because its event id may be missing or not unique. */
  readonly id: string;
  /** The record as JSON, as CloudTrail writes it into the log group. */
  readonly message: string;
  readonly record: Readonly<Record<string, unknown>>;
  readonly eventName: string;
  readonly errorCode: string | undefined;
  readonly callerArn: string;
  /** The last part of the caller's ARN, such as `mallory`. */
  readonly caller: string;
  readonly requestId: string | undefined;
  /** When the call was made; for an injected record, when it was delivered. */
  readonly calledAt: number;
  /** When the record was delivered, or will be. */
  readonly deliveredAt: number;
  /** The timestamp of the log event, in whose minute metric filters count it. Unset until it is delivered. */
  readonly countedAt?: number;
  readonly delivered: boolean;
  /** Whether an attack put the record into the log group, because the lab does not emulate the attacked service. */
  readonly injected: boolean;
  /** The metric filters that match it; empty until it is delivered. */
  readonly filters: readonly MetricFilter[];
}

/** The items by log event or pending event. These never change, so each is parsed once, and matched when first used. */
const items = new WeakMap<object, TrailItem>();

let injectedRecords = 0;

/** Returns the newest `count` records, newest first, each once although CloudTrail may deliver it twice. */
export function trailItems(sources: ConsoleSources, count: number): readonly TrailItem[] {
  const { aws, deployment } = sources;
  const pending = aws.services.cloudTrail
    .pending()
    .slice(-count)
    .map((entry) =>
      cached(entry, () => ({
        ...describe(JSON.stringify(entry.event)),
        deliveredAt: entry.due,
        delivered: false,
        injected: false,
        filters: [],
      })),
    );
  const group = aws.services.logs
    .groups()
    .find(({ deployed }) => deployed.name === deployment.trail.logGroupName);
  const filters = trailFilters(sources);
  const delivered = (group?.events ?? []).slice(-count).map((event) =>
    cached(event, () => {
      const item = describe(event.message);
      const injected = !aws.services.cloudTrail.isRecorded(item.id);
      let matching: readonly MetricFilter[] | undefined;
      return {
        ...item,
        ...(injected && { id: `injected-${++injectedRecords}`, calledAt: event.ingestionTime }),
        deliveredAt: event.ingestionTime,
        countedAt: event.timestamp,
        delivered: true,
        injected,
        get filters() {
          matching ??= filters.filter((filter) => matches(patternOf(filter), event.message));
          return matching;
        },
      };
    }),
  );
  // Keep the first delivery of a record instead of a repeated or pending one.
  const byId = new Map([...pending, ...delivered.toReversed()].map((item) => [item.id, item]));
  // Sort, because CloudTrail delivers out of order.
  return [...byId.values()]
    .sort((a, b) => a.calledAt - b.calledAt)
    .slice(-count)
    .reverse();
}

/** Returns the metric filters of the trail's log group. */
export function trailFilters({ deployment }: ConsoleSources): readonly MetricFilter[] {
  return deployment.metricFilters.filter(
    ({ logGroupName }) => logGroupName === deployment.trail.logGroupName,
  );
}

const patterns = new WeakMap<MetricFilter, FilterPattern>();

/** Returns the parsed pattern of a filter. Parses and compiles each filter once. */
export function patternOf(filter: MetricFilter): FilterPattern {
  const pattern = patterns.get(filter) ?? parsePattern(filter.pattern);
  patterns.set(filter, pattern);
  return pattern;
}

function cached(key: object, create: () => TrailItem): TrailItem {
  const item = items.get(key) ?? create();
  items.set(key, item);
  return item;
}

function describe(message: string) {
  const record = (parseMessage(message) ?? {}) as Readonly<Record<string, unknown>>;
  const identity = (record.userIdentity ?? {}) as Readonly<Record<string, unknown>>;
  const callerArn = String(identity.arn ?? identity.invokedBy ?? identity.type ?? "unknown");
  return {
    message,
    record,
    id: String(record.eventID ?? ""),
    eventName: String(record.eventName ?? "Unknown"),
    errorCode: record.errorCode === undefined ? undefined : String(record.errorCode),
    callerArn,
    caller: callerArn.split(/[/:]/).at(-1) ?? callerArn,
    requestId: record.requestID === undefined ? undefined : String(record.requestID),
    calledAt: Date.parse(String(record.eventTime)) || 0,
  };
}
