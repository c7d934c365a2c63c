import type { MetricAlarm, ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { evaluationInterval } from "../../cloudwatch/alarm/range.ts";
import { statisticOf } from "../../cloudwatch/metric.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import type { StoredHistoryItem } from "../aws/cloudwatch/alarms/alarm-store.ts";
import { isTransition } from "../aws/cloudwatch/alarms/history.ts";
import { type ServiceRequest, serviceRequests } from "./service-requests.ts";
import type { ConsoleSources } from "./sources.ts";
import { type TrailItem, trailItems } from "./trail.ts";

/**
 * `done`: completed. `alert`: completed, and it indicates misuse. `waiting`: completes at `due`. `later`: not
 * reached yet. `none`: never reached, because the chain ended before it.
 */
export type StationStatus = "done" | "alert" | "waiting" | "later" | "none";

/** One step on the way from a request to an email. Times are lab time in epoch milliseconds. */
export interface Station {
  readonly name: "API" | "KMS" | "CloudTrail" | "Filter" | "Metric" | "Alarm" | "Email";
  readonly status: StationStatus;
  readonly text: string;
  readonly at?: number | undefined;
  /** The start of the wait; set while waiting. */
  readonly since?: number;
  /** The end of the wait; set while waiting. */
  readonly due?: number;
}

/** Equal calls within one minute, or a metric of the service, and the steps that followed. */
export interface Chain {
  /** Id of the newest record; for a metric, the name of its alarm. */
  readonly id: string;
  /** Set for the alarm of a metric that the service reports itself. */
  readonly isMetric?: true;
  readonly title: string;
  readonly count: number;
  readonly stations: readonly Station[];
}

const EXAMINED_RECORDS = 2_000;

/** Returns the chains of the newest calls, newest first, without the service's own checks of its KMS key. */
export function chains(sources: ConsoleSources, limit: number): readonly Chain[] {
  const groups = new Map<string, [TrailItem, ...TrailItem[]]>();
  const requests = serviceRequests(sources);
  const serviceSession = `:assumed-role/${sources.scope.serviceRoleName}/`;
  for (const item of trailItems(sources, EXAMINED_RECORDS)) {
    const isOfService = item.callerArn.includes(serviceSession) && !item.injected;
    if (isOfService && !requests.has(item.requestId ?? "")) continue;
    const minute = Math.floor(item.calledAt / 60_000);
    const key = [item.eventName, item.errorCode, item.caller, minute, item.delivered].join("\n");
    const group = groups.get(key);
    if (group !== undefined) group.push(item);
    else if (groups.size < limit) groups.set(key, [item]);
    else break;
  }
  return [...groups.values()].map((group) => chainOf(sources, group, requests));
}

function chainOf(
  sources: ConsoleSources,
  [item, ...others]: readonly [TrailItem, ...TrailItem[]],
  requests: ReadonlyMap<string, ServiceRequest>,
): Chain {
  const request = requests.get(item.requestId ?? "");
  return {
    id: item.id,
    title: titleOf(item, request),
    count: others.length + 1,
    stations: [
      apiStation(item, request),
      {
        name: "KMS",
        status: item.errorCode === undefined ? "done" : "alert",
        text: item.errorCode ?? item.eventName,
        at: item.calledAt,
      },
      trailStation(item),
      ...detectionStations(sources, item),
    ],
  };
}

function titleOf(item: TrailItem, request: ServiceRequest | undefined): string {
  if (request === undefined) return `${item.caller} calls ${item.eventName}`;
  const name = request.route.slice(1).replace(/^./, (first) => first.toUpperCase());
  return request.status === 403 ? `${name} with a wrong Key` : name;
}

function apiStation(item: TrailItem, request: ServiceRequest | undefined): Station {
  if (request !== undefined) {
    const { method, route, status, at } = request;
    const text = `${method} ${route} → ${status}`;
    return { name: "API", status: status < 400 ? "done" : "alert", text, at };
  }
  const text = item.injected ? "Injected record" : `Bypassed by ${item.caller}`;
  return { name: "API", status: "none", text };
}

function trailStation({ delivered, deliveredAt, calledAt }: TrailItem): Station {
  return delivered
    ? { name: "CloudTrail", status: "done", text: "Record delivered", at: deliveredAt }
    : {
        name: "CloudTrail",
        status: "waiting",
        text: "Delivers the record",
        since: calledAt,
        due: deliveredAt,
      };
}

function detectionStations(sources: ConsoleSources, item: TrailItem): readonly Station[] {
  const names = ["Filter", "Metric", "Alarm", "Email"] as const;
  if (!item.delivered) {
    return names.map((name) => ({ name, status: "later", text: "" }));
  }
  const filter = reportedFilter(sources, item.filters);
  if (filter === undefined) {
    const [, ...rest] = names;
    return [
      { name: "Filter", status: "done", text: "No pattern matches", at: item.deliveredAt },
      ...rest.map((name): Station => ({ name, status: "none", text: "" })),
    ];
  }
  const { metricName } = filter.transformation;
  const others = item.filters.length - 1;
  return [
    {
      name: "Filter",
      status: "alert",
      text: metricName + (others > 0 ? ` and ${others} more` : ""),
      at: item.deliveredAt,
    },
    metricStation(sources, item, filter),
    ...alarmStations(sources, item, filter),
  ];
}

/** Returns the station with the statistic that the alarm evaluates, in the period that counts the record. */
function metricStation(
  sources: ConsoleSources,
  { deliveredAt, countedAt = deliveredAt }: TrailItem,
  filter: MetricFilter,
): Station {
  const alarm = alarmOfFilter(sources, filter);
  const { metricName } = filter.transformation;
  const text = alarm === undefined ? metricName : statisticAt(sources, alarm, countedAt);
  return { name: "Metric", status: "done", text, at: deliveredAt };
}

/** Formats an alarm's statistic in the period of a time, such as `Sum 3 in 60 s`. */
export function statisticAt(
  { aws }: ConsoleSources,
  { namespace, metricName: name, dimensions, period, statistic }: MetricAlarm,
  at: number,
): string {
  const start = at - (at % (period * 1000));
  const [datapoint] = aws.services.metrics.statistics(
    { namespace, name, dimensions },
    { start, end: start + period * 1000, seconds: period },
  );
  const value = datapoint === undefined ? "no data" : statisticOf[statistic](datapoint);
  return `${statistic} ${value.toLocaleString("en")} in ${period} s`;
}

/** Returns the filter to show of those that count a record: one whose alarm is in ALARM, or else the first. */
function reportedFilter(
  sources: ConsoleSources,
  filters: readonly MetricFilter[],
): MetricFilter | undefined {
  const firing = new Set(
    sources.aws.services.cloudWatch
      .state()
      .alarms.flatMap(({ alarm, state }) => (state.value === "ALARM" ? [alarm.name] : [])),
  );
  const alarmOf = (filter: MetricFilter) => alarmOfFilter(sources, filter)?.name ?? "";
  return filters.find((filter) => firing.has(alarmOf(filter))) ?? filters[0];
}

/** Returns the alarm with a threshold on the metric of a filter. */
export function alarmOfFilter(
  { deployment }: ConsoleSources,
  { transformation }: MetricFilter,
): ThresholdAlarm | undefined {
  return deployment.alarms.find(
    ({ namespace, metricName }) =>
      namespace === transformation.metricNamespace && metricName === transformation.metricName,
  );
}

function alarmStations(
  sources: ConsoleSources,
  { deliveredAt }: TrailItem,
  filter: MetricFilter,
): readonly Station[] {
  const alarm = alarmOfFilter(sources, filter);
  if (alarm === undefined) {
    return [
      { name: "Alarm", status: "none", text: "No alarm on this metric" },
      { name: "Email", status: "none", text: "" },
    ];
  }
  const interval = evaluationInterval(alarm);
  const due = Math.floor(deliveredAt / interval + 1) * interval;
  const fired = firstAlarm(sources, alarm, deliveredAt);
  if (fired !== undefined) return firedStations(sources, alarm.name, fired.at);
  const isWaiting = sources.clock.now() <= due + interval;
  if (isWaiting) {
    return [
      { name: "Alarm", status: "waiting", text: "Evaluates the metric", since: deliveredAt, due },
      { name: "Email", status: "later", text: "" },
    ];
  }
  const wasFiring = stateAt(sources, alarm.name, deliveredAt) === "ALARM";
  return [
    {
      name: "Alarm",
      status: wasFiring ? "alert" : "done",
      text: wasFiring ? "Already in ALARM" : "Below the threshold",
      at: due,
    },
    { name: "Email", status: "none", text: wasFiring ? "Sent before" : "" },
  ];
}

/** Returns the stations of an alarm that changed to ALARM, and of its email. */
export function firedStations(
  { aws }: ConsoleSources,
  alarmName: string,
  firedAt: number,
): readonly Station[] {
  const email = aws.services.sns
    .inbox()
    .find(({ at, subject }) => at >= firedAt && subject.startsWith(`ALARM: "${alarmName}"`));
  return [
    { name: "Alarm", status: "alert", text: "In ALARM", at: firedAt },
    email === undefined
      ? { name: "Email", status: "none", text: "Actions are disabled" }
      : { name: "Email", status: "alert", text: `To ${email.to}`, at: email.at },
  ];
}

/** Returns the first change to ALARM at or after `from`, while the alarm's periods can still contain the record. */
function firstAlarm(
  { aws }: ConsoleSources,
  alarm: ThresholdAlarm,
  from: number,
): StoredHistoryItem | undefined {
  const until = from + (alarm.period * alarm.evaluationPeriods + 120) * 1000;
  return aws.services.cloudWatch
    .state()
    .history.filter(
      (change) =>
        change.alarmName === alarm.name &&
        change.at >= from &&
        change.at <= until &&
        isTransition(change, "ALARM"),
    )
    .at(-1);
}

function stateAt({ aws }: ConsoleSources, alarmName: string, at: number): string | undefined {
  const change = aws.services.cloudWatch
    .state()
    .history.find(
      (candidate) =>
        candidate.alarmName === alarmName && isTransition(candidate) && candidate.at <= at,
    );
  return change?.summary.split(" ").at(-1);
}
