import type { TrailDetection } from "./detection.ts";
import {
  managementEvent,
  onDataKey,
  onKey,
  otherKeyArn,
  roleSession,
  service,
  serviceDecryptEvent,
  serviceEncryptEvent,
} from "./example-events.ts";
import { allOf, jsonPattern, matchesAny, RESOURCE_ARN } from "./pattern.ts";

const decrypt = { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true };

export const kmsVolume: TrailDetection = {
  id: "kms-volume",
  title: "Far more records opened than usual",
  severity: "high",
  tactic: "exfiltration",
  source: "trail",
  // Whoever opens them: a stolen session of the service counts as much as the service itself.
  pattern: ({ keyArn }) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "kms.amazonaws.com"),
        matchesAny("$.eventName", "Decrypt"),
        "$.errorCode NOT EXISTS",
        matchesAny(RESOURCE_ARN, keyArn),
      ),
    ),
  // What is usual differs by who deploys it. By default the web ACL lets one address try 300 Keys in
  // these five minutes, so that this is more than three addresses can do, or somebody past the ACL.
  threshold: 1000,
  period: 300,
  evaluationPeriods: 1,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  anomaly: {
    severity: "medium", // growth looks like this too
    deviations: 4, // at CloudWatch's own 2 a quiet week mails several times a day
    period: 300,
    evaluationPeriods: 3,
    datapointsToAlarm: 2,
  },
  why: "Each record that is opened is one Decrypt. This many may be somebody who copies the data out: by stolen Keys through the API, or past it with the service's role and the database.",
  falsePositives: [
    "A migration, a re-encryption or a load test: known to whoever started it, and over when it ends.",
    "The service is used more than when the threshold was set: raise it, and let the band tell what is usual.",
  ],
  runbook: [
    "Run the query: who decrypts, from where, since when.",
    "More than the service's own addresses, or a user agent that is not the service's: its role was stolen. Revoke its sessions (IAM, the role, Revoke sessions) and stop its tasks.",
    "The service alone: compare with the requests of /decrypt in its log. Few callers with many records: block them. As many Decrypts as requests from everywhere: use has grown.",
  ],
  insightsQuery: ({ keyArn }) =>
    [
      `filter eventSource = "kms.amazonaws.com" and eventName = "Decrypt" and @message like "${keyArn}"`,
      "stats count() as decrypts by userIdentity.arn, sourceIPAddress, userAgent, bin(5m)",
      "sort decrypts desc",
    ].join(" | "),
  mustFire: [
    { name: "the service opens a record", record: serviceDecryptEvent },
    {
      name: "a stolen session of the service opens one from elsewhere",
      record: managementEvent(service, {
        ...decrypt,
        sourceIPAddress: "198.51.100.23",
        userAgent: "Boto3/1.40.21 md/Botocore#1.40.21 lang/python#3.13.7",
        ...onDataKey,
      }),
    },
  ],
  mustNotFire: [
    { name: "the service seals a record", record: serviceEncryptEvent },
    {
      name: "a wrong Key opens nothing",
      record: managementEvent(service, {
        ...decrypt,
        errorCode: "InvalidCiphertextException",
        ...onDataKey,
      }),
      alsoFires: ["kms-errors"],
    },
    {
      name: "another key is used, however often",
      record: managementEvent(roleSession("Reporting", "nightly"), {
        ...decrypt,
        ...onKey(otherKeyArn),
      }),
    },
  ],
};
