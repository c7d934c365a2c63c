import {
  type Alarm,
  type AlarmState,
  isCompositeAlarm,
  type MetricAlarm,
} from "../../cloudwatch/alarm/alarm.ts";
import { childAlarmNames, parseAlarmRule } from "../../cloudwatch/alarm/composite.ts";
import { parseEmbeddedMetrics } from "../../cloudwatch/embedded-metrics.ts";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import type { AccountServices } from "./account-state.ts";
import type { ContributorRecord } from "./cloudwatch/alarms/alarm-store.ts";
import { isTransition } from "./cloudwatch/alarms/history.ts";
import type { StoredEvent } from "./logs/store.ts";

/** The events that made an alarm fire, and their callers. Times are ISO 8601 in lab time. */
export interface AlarmEvents {
  readonly alarm: string;
  readonly state: AlarmState;
  /** The contributors in ALARM; empty for an alarm without `groupBy`. */
  readonly contributors: readonly ContributorRecord[];
  /** The time range of the log events that the alarm evaluated when it last fired; absent if it never fired. */
  readonly range?: { readonly from: string; readonly to: string };
  /** The counted log events, newest first, at most 500. */
  readonly events: readonly AlarmEvent[];
  /** The callers of these events, most events first. */
  readonly callers: readonly AlarmCaller[];
}

export interface AlarmEvent {
  /** CloudTrail's event id; the id of the log event if the message is not a CloudTrail record. */
  readonly eventId: string;
  readonly requestId?: string;
  readonly at: string;
  readonly logGroup: string;
  /** The API operation, such as `Decrypt`; for the service's log, the route. */
  readonly name: string;
  /** ARN of the caller. */
  readonly caller?: string;
  /** Opaque id of the service's client, from the encryption context or the service's log. */
  readonly client?: string;
  readonly address?: string;
  readonly userAgent?: string;
  readonly errorCode?: string;
  readonly message: string;
}

export interface AlarmCaller {
  readonly caller: string;
  /** Opaque ids of the service's clients. */
  readonly clients: readonly string[];
  readonly addresses: readonly string[];
  readonly events: number;
}

interface Sources {
  readonly services: Pick<AccountServices, "cloudWatch" | "logs">;
  readonly deployment: Pick<Deployment, "metricFilters">;
  /** Epoch milliseconds. */
  readonly now: number;
}

const MAX_EVENTS = 500;

/** Returns the log events that an alarm counted when it last fired; undefined if there is no such alarm. */
export function alarmEvents(sources: Sources, alarmName: string): AlarmEvents | undefined {
  const { alarms } = sources.services.cloudWatch.state();
  const record = alarms.find(({ alarm }) => alarm.name === alarmName);
  if (record === undefined) return undefined;
  const [firing] = firings(sources, alarmName);
  const { contributors = [] } = record;
  const base = { alarm: alarmName, state: record.state.value, contributors };
  if (firing === undefined) return { ...base, events: [], callers: [] };

  const metricAlarms = firedAlarms(record.alarm, sources, firing);
  const longestRange = Math.max(
    0,
    ...metricAlarms.map(({ period, evaluationPeriods }) => period * evaluationPeriods * 1000),
  );
  const range = { from: firing.from - longestRange, to: firing.to };
  const counted = metricAlarms.flatMap((alarm) => countedEvents(sources, alarm, range));
  const events = [...new Map(counted.map((event) => [event.eventId, event])).values()]
    .sort((a, b) => (a.at < b.at ? 1 : -1))
    .slice(0, MAX_EVENTS);
  return {
    ...base,
    range: { from: iso(range.from), to: iso(range.to) },
    events,
    callers: callersOf(events),
  };
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Returns the times in ALARM, newest first: from each change to ALARM until the next change of state, or now. */
function firings({ services, now }: Sources, alarmName: string): readonly Range[] {
  const changes = services.cloudWatch
    .state()
    .history.filter((item) => item.alarmName === alarmName && isTransition(item));
  return changes.flatMap(({ summary, at }, index) =>
    summary.endsWith(" to ALARM") ? [{ from: at, to: changes[index - 1]?.at ?? now }] : [],
  );
}

/**
 * Returns a metric alarm itself, and for a composite alarm the metric alarms of its rule that were in ALARM at
 * some time of the range.
 */
function firedAlarms(alarm: Alarm, sources: Sources, range: Range): readonly MetricAlarm[] {
  if (!isCompositeAlarm(alarm)) return [alarm];
  const names = childAlarmNames(parseAlarmRule(alarm.rule));
  return sources.services.cloudWatch.state().alarms.flatMap(({ alarm: child }) => {
    if (child.name === alarm.name || !names.includes(child.name)) return [];
    const hasFired = firings(sources, child.name).some(
      ({ from, to }) => from <= range.to && to >= range.from,
    );
    return hasFired ? firedAlarms(child, sources, range) : [];
  });
}

function countedEvents(sources: Sources, alarm: MetricAlarm, range: Range): readonly AlarmEvent[] {
  const filters = sources.deployment.metricFilters
    .filter(
      ({ transformation }) =>
        transformation.metricNamespace === alarm.namespace &&
        transformation.metricName === alarm.metricName,
    )
    .map(({ logGroupName, pattern }) => ({ logGroupName, pattern: parsePattern(pattern) }));
  return sources.services.logs.groups().flatMap(({ deployed, events }) => {
    const patterns = filters.filter(({ logGroupName }) => logGroupName === deployed.name);
    const counts = ({ message }: StoredEvent) =>
      filters.length > 0
        ? patterns.some(({ pattern }) => matches(pattern, message))
        : reportsMetric(message, alarm);
    return events
      .filter(({ timestamp }) => timestamp >= range.from && timestamp <= range.to)
      .filter(counts)
      .map((event) => describe(event, deployed.name));
  });
}

function reportsMetric(message: string, { namespace, metricName }: MetricAlarm): boolean {
  const embedded = parseEmbeddedMetrics(message);
  return (
    embedded !== undefined &&
    "data" in embedded &&
    embedded.data.some(
      ({ namespace: space, name, sum }) => space === namespace && name === metricName && sum > 0,
    )
  );
}

function describe(event: StoredEvent, logGroup: string): AlarmEvent {
  const record = parseRecord(event.message);
  const identity = (record.userIdentity ?? {}) as Readonly<Record<string, unknown>>;
  const caller = identity.arn ?? identity.invokedBy ?? identity.accountId;
  return {
    eventId: text(record.eventID) ?? event.eventId,
    at: text(record.eventTime) ?? iso(event.timestamp),
    logGroup,
    name: text(record.eventName) ?? text(record.route) ?? "log event",
    message: event.message,
    ...optional("requestId", record.requestID ?? record.kmsRequestId),
    ...optional("caller", caller),
    ...optional("client", record.client ?? encryptionContextOf(record).client),
    ...optional("address", record.sourceIPAddress),
    ...optional("userAgent", record.userAgent),
    ...optional("errorCode", record.errorCode),
  };
}

function encryptionContextOf(record: Readonly<Record<string, unknown>>) {
  const parameters = (record.requestParameters ?? {}) as Readonly<Record<string, unknown>>;
  return (parameters.encryptionContext ?? {}) as Readonly<Record<string, unknown>>;
}

function callersOf(events: readonly AlarmEvent[]): readonly AlarmCaller[] {
  const groups = Map.groupBy(events, ({ caller }) => caller ?? "unknown");
  return [...groups]
    .map(([caller, list]) => ({
      caller,
      clients: [...new Set(list.flatMap(({ client }) => client ?? []))],
      addresses: [...new Set(list.flatMap(({ address }) => address ?? []))],
      events: list.length,
    }))
    .sort((a, b) => b.events - a.events);
}

function parseRecord(message: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const text = (value: unknown) => (typeof value === "string" ? value : undefined);

function optional<Name extends string>(name: Name, value: unknown): Partial<Record<Name, string>> {
  return typeof value === "string" ? ({ [name]: value } as Record<Name, string>) : {};
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
