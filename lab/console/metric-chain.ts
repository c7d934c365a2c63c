import { isTransition } from "../aws/cloudwatch/alarms/history.ts";
import { type Chain, firedStations, type Station } from "./chain.ts";
import type { ConsoleSources } from "./sources.ts";

/** How long an alarm remains among the chains, in milliseconds of lab time. */
const SHOWN_MILLISECONDS = 60 * 60_000;

/**
 * Returns the chains of alarms that fired on metrics of the service, newest first. The service reports these
 * metrics itself, so the alarm fires before CloudTrail delivers, and no single record leads to it.
 */
export function metricChains(sources: ConsoleSources, limit: number): readonly Chain[] {
  const { aws, clock, deployment } = sources;
  const ofTrail = new Set(
    deployment.metricFilters.map(({ transformation }) => transformation.metricName),
  );
  const alarms = new Map(
    deployment.alarms
      .filter(({ metricName }) => !ofTrail.has(metricName))
      .map((alarm) => [alarm.name, alarm]),
  );
  const earliest = clock.now() - SHOWN_MILLISECONDS;
  const newest = new Map<string, number>();
  for (const change of aws.services.cloudWatch.state().history) {
    if (change.at < earliest || newest.has(change.alarmName)) continue;
    if (alarms.has(change.alarmName) && isTransition(change, "ALARM")) {
      newest.set(change.alarmName, change.at);
    }
  }
  return [...newest].slice(0, limit).map(([id, at]): Chain => {
    const metricName = alarms.get(id)?.metricName ?? "";
    const skipped = (name: Station["name"]): Station => ({
      name,
      status: "none",
      text: "Not needed",
    });
    return {
      id,
      title: `${id} fires on a metric of the service`,
      count: 1,
      isMetric: true,
      stations: [
        { name: "API", status: "alert", text: "Reports the metric itself" },
        ...(["KMS", "CloudTrail", "Filter"] as const).map(skipped),
        { name: "Metric", status: "done", text: metricName },
        ...firedStations(sources, id, at),
      ],
    };
  });
}
