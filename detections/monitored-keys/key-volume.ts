import { COUNTING_WINDOW } from "../alarm-period.ts";
import { DECRYPT_ANOMALY } from "../decrypt-anomaly.ts";
import { exampleEvent, onKey, otherKeyArn } from "../example-events.ts";
import { keyUse } from "../key-use.ts";
import { allOf, jsonPattern, matchesAny } from "../pattern.ts";
import { expectedRole, onExampleKey, use } from "./examples.ts";
import {
  accountOf,
  arnValue,
  EXAMPLE_KEY,
  type KeyDetection,
  keyInArn,
  type MonitoredKey,
} from "./monitored-key.ts";

/** The usual volume differs between keys: the anomaly alarm adapts to it, and `decryptLimit` replaces this. */
const DEFAULT_DECRYPT_LIMIT = 1000;

/** Make plaintext readable: ReEncrypt decrypts within KMS, for a key that the caller may own. */
const READS = ["Decrypt", "ReEncrypt*", "DeriveSharedSecret"];

/** Detects unusually many reads with a key, by any caller: a stolen session counts like the application. */
export function keyVolume(key: MonitoredKey): KeyDetection {
  const { name, decryptLimit = DEFAULT_DECRYPT_LIMIT } = key;
  return {
    id: `key-volume-${name}`,
    kind: "key-volume",
    title: `Unusually much was decrypted with the KMS key ${name}`,
    severity: "high",
    // No tactic: use grows and shrinks for harmless reasons, and two keys would look like an attack.
    source: "trail",
    countsAllAccounts: true,
    pattern: () =>
      jsonPattern(
        allOf(
          "$.errorCode NOT EXISTS",
          keyUse([arnValue(key)], READS),
          // A call from another account is recorded in both.
          matchesAny("$.recipientAccountId", accountOf(key.arn)),
        ),
      ),
    threshold: decryptLimit,
    ...COUNTING_WINDOW,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
    statistic: "Sum",
    anomaly: DECRYPT_ANOMALY,
    why: "This many Decrypt or ReEncrypt calls can mean that somebody copies data: through the application, or directly with its role.",
    falsePositives: [
      "A migration, a batch job or a load test: its owner confirms it, and the calls end with it.",
      "Use has grown: raise decryptLimit in the list of keys, and rely on the anomaly alarm.",
      "Objects in S3 without a bucket key: every read is a Decrypt call. Enable the bucket key, or raise decryptLimit.",
    ],
    runbook: [
      "Run the query to see who decrypts, from where, and since when.",
      "If there are addresses or user agents that are not the application's, its role was stolen. Revoke its sessions (in the IAM console: the role, Revoke sessions).",
      "If only the application decrypts, compare with its own requests: a few callers may read much, or use has grown.",
    ],
    insightsQuery: () =>
      [
        `filter eventSource = "kms.amazonaws.com" and eventName like /^(Decrypt|ReEncrypt|Derive)/ and @message like "${keyInArn(key)}"`,
        "stats count() as decrypts, latest(eventID) as event by eventName, userIdentity.arn, sourceIPAddress, userAgent, bin(5m)",
        "sort decrypts desc",
      ].join(" | "),
    mustFire: [
      exampleEvent("the application decrypts with the key", expectedRole, {
        ...use,
        ...onExampleKey,
      }),
      exampleEvent(
        "the application's role re-encrypts a data key, which whoever owns the other key can decrypt",
        expectedRole,
        {
          ...use,
          eventName: "ReEncrypt",
          resources: [
            EXAMPLE_KEY.arn,
            "arn:aws:kms:ap-southeast-2:999900001111:key/0e9d8c7b-6a5f-4e3d-8c2b-1a0f9e8d7c6b",
          ].map((ARN) => ({ accountId: accountOf(ARN), type: "AWS::KMS::Key", ARN })),
        },
      ),
    ],
    mustNotFire: [
      exampleEvent("the application encrypts with the key", expectedRole, {
        ...use,
        eventName: "Encrypt",
        ...onExampleKey,
      }),
      exampleEvent("the application decrypts with another key", expectedRole, {
        ...use,
        ...onKey(otherKeyArn),
      }),
    ],
  };
}
