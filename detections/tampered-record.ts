import type { ServiceDetection } from "./detection.ts";
import { serviceMetric } from "./service-metric.ts";

export const tamperedRecord: ServiceDetection = {
  id: "tampered-record",
  title: "A stored record was tampered with",
  severity: "critical",
  tactic: "impact",
  source: "service",
  metric: (scope) => serviceMetric(scope, "TamperedRecords"),
  logGroupName: ({ serviceLogGroupName }) => serviceLogGroupName,
  threshold: 1,
  period: 10,
  evaluationPeriods: 66, // a point may arrive ten minutes late, when newer periods already hold zeros
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "KMS accepted the caller's Key, but the stored record failed authentication. Somebody changed the database without going through the service, or its storage failed.",
  falsePositives: [
    "A restore mixed rows of two backups: the failures start with the restore.",
    "The storage is failing: the database's log reports errors, too.",
  ],
  runbook: [
    "Run the query to see how many requests failed, and since when.",
    "Check who signed in to the database besides the service (in its log, and with secret-access), and revoke that access.",
    "Restore the affected records from a backup taken before the first failure. A changed record cannot be decrypted, so the change did not disclose it.",
  ],
  insightsQuery: () =>
    [
      "fields @timestamp, requestId, route, tampered, kmsRequestId",
      "filter TamperedRecords > 0",
      "sort @timestamp desc",
    ].join(" | "),
  mustFire: [
    {
      name: "a caller decrypts a changed record with the right Key",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 1, TamperedRecords: 1 },
    },
  ],
  mustNotFire: [
    {
      name: "the service rejects a wrong Key",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 1, TamperedRecords: 0 },
    },
  ],
};
