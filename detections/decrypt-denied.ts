import type { ServiceDetection } from "./detection.ts";
import { serviceMetric } from "./service-metric.ts";

export const decryptDenied: ServiceDetection = {
  id: "decrypt-denied",
  title: "Keys are being guessed",
  severity: "high",
  tactic: "credential access",
  source: "service",
  metric: (scope) => serviceMetric(scope, "DecryptDenied"),
  logGroupName: ({ serviceLogGroupName }) => serviceLogGroupName,
  // Above the rate of typing errors, below the rate of a program that guesses. CloudWatch evaluates the alarm
  // every ten seconds over a sliding window, so a window of 20 seconds contains every interval of ten.
  threshold: 5,
  period: 20,
  evaluationPeriods: 33, // a point may arrive ten minutes late, when newer periods already hold zeros
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "The service rejected this many Keys within seconds, which suggests a program that guesses Keys. Minutes later, kms-errors reports the same from CloudTrail, which remains authoritative: a compromised service can report false metrics.",
  falsePositives: [
    "A client program uses wrong Keys, for example after a restore of its database: one address, many names, starting at one moment.",
  ],
  runbook: [
    "Run the query. Find the addresses of these requests in the load balancer's log.",
    "For one address, block it in the web ACL. For many, lower CIPHERWATCH_DECRYPT_LIMIT and deploy the service.",
    "Check whether a request among them succeeded. If so, its Key was guessed or stolen: treat the record as disclosed.",
  ],
  insightsQuery: () =>
    [
      "filter DecryptDenied > 0 or (Decrypts > 0 and status = 200)",
      "stats sum(DecryptDenied) as denied, sum(Decrypts) as tried by bin(10s) as time, client",
      "sort time desc",
    ].join(" | "),
  mustFire: [
    {
      name: "the service rejects a wrong Key",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 1, TamperedRecords: 0 },
    },
  ],
  mustNotFire: [
    {
      name: "the service decrypts a record",
      values: { Requests: 1, Decrypts: 1, DecryptDenied: 0, TamperedRecords: 0 },
    },
    { name: "the service encrypts a record", values: { Requests: 1 } },
  ],
};
