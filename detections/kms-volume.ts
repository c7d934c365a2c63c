import { COUNTING_WINDOW } from "./alarm-period.ts";
import { DECRYPT_ANOMALY } from "./decrypt-anomaly.ts";
import type { TrailDetection } from "./detection.ts";
import {
  exampleEvent,
  managementEvent,
  onDataKey,
  onKey,
  otherKeyArn,
  roleSession,
  service,
  serviceDecryptEvent,
  serviceEncryptEvent,
} from "./example-events.ts";
import { decryptPattern } from "./key-use.ts";
import { mentionsAny } from "./pattern.ts";
import { serviceKeyArns } from "./scope.ts";

const decrypt = { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true };

export const kmsVolume: TrailDetection = {
  id: "kms-volume",
  title: "Unusually many records were decrypted",
  severity: "high",
  tactic: "exfiltration",
  source: "trail",
  // Counts all callers: a stolen session of the service counts like the service itself.
  pattern: (scope) => decryptPattern(...serviceKeyArns(scope)),
  // The usual volume differs between deployments. By default, the web ACL lets one address try 300 Keys in
  // five minutes, so this means more than one address, or a caller that bypasses the ACL.
  threshold: 1000,
  ...COUNTING_WINDOW,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  anomaly: DECRYPT_ANOMALY,
  why: "Each decrypted record causes one Decrypt call. This many can mean that somebody copies data: through the API with stolen Keys, or directly with the service's role and the database.",
  falsePositives: [
    "A migration, a re-encryption or a load test: its owner confirms it, and the calls end with it.",
    "Use has grown since the threshold was set: raise the threshold, and rely on the anomaly alarm.",
  ],
  runbook: [
    "Run the query to see who decrypts, from where, and since when.",
    "If addresses or user agents are not the service's, its role was stolen. Revoke its sessions (in the IAM console: the role, Revoke sessions) and stop its tasks.",
    "If only the service decrypts, compare with the requests to /decrypt in its log. If a few callers decrypt many records, block them. If requests have increased for all callers, use has grown.",
  ],
  insightsQuery: (scope) =>
    [
      `filter eventSource = "kms.amazonaws.com" and eventName = "Decrypt" and ${mentionsAny(serviceKeyArns(scope))}`,
      "stats count() as decrypts, latest(eventID) as event by userIdentity.arn, sourceIPAddress, userAgent, bin(5m)",
      "sort decrypts desc",
    ].join(" | "),
  mustFire: [
    { name: "the service decrypts a record", record: serviceDecryptEvent },
    {
      ...exampleEvent(
        "a stolen session of the service decrypts a record from another address",
        service,
        {
          ...decrypt,
          sourceIPAddress: "198.51.100.23",
          userAgent: "Boto3/1.40.21 md/Botocore#1.40.21 lang/python#3.13.7",
          ...onDataKey,
        },
      ),
      alsoFires: ["service-credentials-outside"],
    },
  ],
  mustNotFire: [
    { name: "the service encrypts a record", record: serviceEncryptEvent },
    {
      name: "KMS rejects a wrong Key",
      record: managementEvent(service, {
        ...decrypt,
        errorCode: "InvalidCiphertextException",
        ...onDataKey,
      }),
      alsoFires: ["kms-errors"],
    },
    exampleEvent("another role decrypts with another key", roleSession("Reporting", "nightly"), {
      ...decrypt,
      ...onKey(otherKeyArn),
    }),
  ],
};
