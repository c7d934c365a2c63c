import type { ServiceDetection } from "./detection.ts";
import { serviceMetric } from "./service-metric.ts";

export const clientVolume: ServiceDetection = {
  id: "client-volume",
  title: "A client decrypts unusually much",
  severity: "high",
  tactic: "exfiltration",
  source: "service",
  metric: (scope) => serviceMetric(scope, "HighVolumeDecrypts"),
  groupBy: "Client",
  logGroupName: ({ serviceLogGroupName }) => serviceLogGroupName,
  threshold: 1,
  period: 60,
  evaluationPeriods: 15, // a point may arrive ten minutes late, when newer periods are already over
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "A client has used 80 percent of the decrypts that it may make in a day (UTC). The quota of the day stops somebody who copies records with stolen Keys and a stolen access token, however slowly, and this alarm fires before that. It needs identity.",
  falsePositives: [
    "A batch job or a migration of the client: it starts at its usual time, or was announced.",
    "The client's normal traffic has grown: its daily count rises over weeks.",
  ],
  runbook: [
    "The notification names the client (Client; if it is other, run the query). Find its subject with npm run client-id (docs/identity.md).",
    "Ask the client's owner. If they do not recognize the requests, revoke the client's tokens at the issuer; they end within minutes.",
    "If the volume is right, raise CIPHERWATCH_CLIENT_DECRYPTS_PER_DAY.",
  ],
  insightsQuery: () =>
    [
      "filter HighVolumeDecrypts > 0",
      "stats max(dayQuotaUsed) as percent, count(*) as decrypts, sum(DecryptDenied) as denied by client",
      "sort percent desc",
    ].join(" | "),
  mustFire: [
    {
      name: "a client has used 80 percent of its decrypts of the day",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 0, HighVolumeDecrypts: 1 },
      client: "sT2Qx9vYbK3fLw0ZcR7uEg",
    },
  ],
  mustNotFire: [
    {
      name: "a client has used half of its decrypts of the day",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 0, HighVolumeDecrypts: 0 },
    },
  ],
};
