import type { MetricValues } from "./telemetry.ts";

/** The value of the dimension Client for all clients without metrics of their own. */
const OTHER_CLIENTS = "other";

/** As many as an alarm can have in ALARM. */
const MAX_REPORTED_CLIENTS = 100;

/**
 * Bounds the number of metrics, which CloudWatch charges for each value of a dimension: the first `max` clients
 * since the process started have their own, all others share one. The access log names every client.
 * Reports on quotas name 100 clients more, because the alarms on them name the client, which is seldom
 * among the first.
 * @returns the value of the dimension Client for a client id and the metrics of its request
 */
export function limitClientMetrics(max: number): (client: string, metrics: MetricValues) => string {
  const named = new Set<string>();
  const reported = new Set<string>();
  return (client, { QuotaExceeded, HighVolumeDecrypts }) => {
    const [clients, limit] =
      QuotaExceeded || HighVolumeDecrypts ? [reported, MAX_REPORTED_CLIENTS] : [named, max];
    if (clients.has(client)) return client;
    if (clients.size >= limit) return OTHER_CLIENTS;
    clients.add(client);
    return client;
  };
}
