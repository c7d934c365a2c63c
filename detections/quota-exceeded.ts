import type { ServiceDetection } from "./detection.ts";
import { serviceMetric } from "./service-metric.ts";

export const quotaExceeded: ServiceDetection = {
  id: "quota-exceeded",
  title: "A client has used up a quota",
  severity: "medium",
  tactic: "exfiltration",
  source: "service",
  metric: (scope) => serviceMetric(scope, "QuotaExceeded"),
  groupBy: "Client",
  logGroupName: ({ serviceLogGroupName }) => serviceLogGroupName,
  threshold: 1,
  period: 60,
  evaluationPeriods: 15, // a point may arrive ten minutes late, when newer periods are already over
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "The service rejects requests of a client that has used up its quota of the minute or the day, with status 429. Somebody copies records with its access token, or the client is busier than its quota admits. The alarm needs identity.",
  falsePositives: [
    "A client repeats failed requests without waiting for Retry-After.",
    "A client has grown beyond its quota: the rejections come at its busiest time.",
  ],
  runbook: [
    "The notification names the client (Client; if it is other, run the query). Find its subject with npm run client-id (docs/identity.md).",
    "If client-volume fired as well, the day's decrypts are used up: treat it as exfiltration until the client's owner explains it.",
    "Otherwise raise CIPHERWATCH_CLIENT_REQUESTS_PER_MINUTE or CIPHERWATCH_CLIENT_DECRYPTS_PER_MINUTE, or let the client send less.",
  ],
  insightsQuery: () =>
    [
      "filter QuotaExceeded > 0",
      "stats count(*) as rejected, min(@timestamp) as first by client, route",
      "sort rejected desc",
    ].join(" | "),
  mustFire: [
    {
      name: "the service rejects a request beyond the client's quota",
      values: { Requests: 1, QuotaExceeded: 1 },
      client: "sT2Qx9vYbK3fLw0ZcR7uEg",
    },
  ],
  mustNotFire: [
    { name: "the service encrypts a record", values: { Requests: 1 } },
    {
      name: "the service rejects a wrong Key",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 1, HighVolumeDecrypts: 0 },
    },
  ],
};
