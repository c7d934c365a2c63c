import type { ServiceDetection } from "./detection.ts";
import { serviceMetric } from "./service-metric.ts";

export const tamperedRecord: ServiceDetection = {
  id: "tampered-record",
  title: "A stored record was changed",
  severity: "critical",
  tactic: "impact",
  source: "service",
  metric: (scope) => serviceMetric(scope, "TamperedRecords"),
  threshold: 1,
  period: 10,
  evaluationPeriods: 1,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "KMS took the caller's Key, but what the database holds does not match its seal. Somebody wrote to the database past the service, or its storage failed.",
  falsePositives: [
    "A restore that mixed rows of two backups: from the time of the restore on.",
    "Failing storage: the database's own log tells of it too.",
  ],
  runbook: [
    "Run the query: since when, and how many.",
    "Look for who signed in to the database beside the service (its log, secret-access) and take that access away.",
    "Restore the records from a backup of before the first of them; what was changed cannot be opened, and was not disclosed by it.",
  ],
  insightsQuery: () =>
    [
      "fields @timestamp, requestId, route, tampered, kmsRequestId",
      "filter TamperedRecords > 0",
      "sort @timestamp desc",
    ].join(" | "),
  mustFire: [
    {
      name: "the right Key, a changed record",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 1, TamperedRecords: 1 },
    },
  ],
  mustNotFire: [
    {
      name: "a wrong Key",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 1, TamperedRecords: 0 },
    },
  ],
};
