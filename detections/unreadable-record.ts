import type { ServiceDetection } from "./detection.ts";
import { serviceMetric } from "./service-metric.ts";

export const unreadableRecord: ServiceDetection = {
  id: "unreadable-record",
  title: "A record needs a KMS key or a format that the service does not have",
  severity: "high",
  // No tactic: usually a setting, not an attack.
  source: "service",
  metric: (scope) => serviceMetric(scope, "UnreadableRecords"),
  logGroupName: ({ serviceLogGroupName }) => serviceLogGroupName,
  threshold: 1,
  period: 60,
  evaluationPeriods: 15, // a point may arrive ten minutes late, when newer periods already hold zeros
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Callers get 403 even with the right Key. The record's KMS key is not in the settings (UnknownKey), or a newer version of the service wrote it (UnknownFormat). It is intact as long as its KMS key exists.",
  falsePositives: [
    "A rollback to an older version: UnknownFormat, until the newer version is deployed again.",
  ],
  runbook: [
    "Run the query to see the reason.",
    "UnknownKey: count the records by KMS key (docs/keys.md). Cancel the key's deletion (`aws kms cancel-key-deletion --key-id ARN`), and add its generation to CIPHERWATCH_KEY_GENERATIONS again.",
    "UnknownFormat: deploy the version of the service that wrote the records.",
    "An unknown key: somebody changed the database. Check who signed in to it, and restore the records.",
  ],
  insightsQuery: () =>
    [
      "fields @timestamp, requestId, route, unreadable, kmsRequestId",
      "filter UnreadableRecords > 0",
      "sort @timestamp desc",
    ].join(" | "),
  mustFire: [
    {
      name: "a caller decrypts a record under a KMS key that is not in the settings",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 0, UnreadableRecords: 1 },
    },
  ],
  mustNotFire: [
    {
      name: "the service rejects a wrong Key",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 1, UnreadableRecords: 0 },
    },
  ],
};
