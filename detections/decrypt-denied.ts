import type { ServiceDetection } from "./detection.ts";
import { serviceMetric } from "./service-metric.ts";

export const decryptDenied: ServiceDetection = {
  id: "decrypt-denied",
  title: "Keys are being guessed",
  severity: "high",
  tactic: "credential access",
  source: "service",
  metric: (scope) => serviceMetric(scope, "DecryptDenied"),
  // More than people mistype, fewer than a program tries.
  threshold: 5,
  period: 10,
  evaluationPeriods: 1,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "The service refused this many Keys within seconds: a program tries them. Minutes later the trail tells the same as kms-errors; it stays the authority, for the service could be made to lie.",
  falsePositives: [
    "A caller's program that holds wrong Keys, as after a restore of its database: one address, many names, from one moment on.",
  ],
  runbook: [
    "Run the query; the load balancer's log has the addresses of these requests.",
    "One address: block it in the web ACL. Many: lower CIPHERWATCH_DECRYPT_LIMIT and deploy the service.",
    "Look whether a request among them succeeded: that Key was found or stolen, and its record is disclosed.",
  ],
  insightsQuery: () =>
    [
      "filter DecryptDenied > 0 or (Decrypts > 0 and status = 200)",
      "stats sum(DecryptDenied) as denied, sum(Decrypts) as tried by bin(10s) as time",
      "sort time desc",
    ].join(" | "),
  mustFire: [
    {
      name: "a wrong Key",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 1, TamperedRecords: 0 },
    },
  ],
  mustNotFire: [
    {
      name: "a record is opened",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 0, TamperedRecords: 0 },
    },
    { name: "a record is sealed", values: { Requests: 1 } },
  ],
};
