import type { ExampleEvent } from "../detection.ts";
import { exampleEvent, onKey, otherKeyArn, user } from "../example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny, RESOURCE_ARN } from "../pattern.ts";
import { deniedOnExampleKey, expectedRole, onExampleKey, unexpectedRole, use } from "./examples.ts";
import { APPLICATION_KEY_CHANGES } from "./key-change.ts";
import { USES } from "./key-outsider.ts";
import {
  arnValue,
  containsKeyId,
  type KeyDetection,
  keyInArn,
  type MonitoredKey,
} from "./monitored-key.ts";

const MUST_FIRE: readonly ExampleEvent[] = [
  exampleEvent(
    "a policy denies another role to decrypt; only the message names the key",
    unexpectedRole,
    {
      ...use,
      ...deniedOnExampleKey,
    },
  ),
  exampleEvent("a policy denies a user to disable the key", user, {
    ...use,
    eventName: "DisableKey",
    readOnly: false,
    ...deniedOnExampleKey,
  }),
  exampleEvent("the application decrypts with a wrong encryption context", expectedRole, {
    ...use,
    errorCode: "InvalidCiphertextException",
    ...onExampleKey,
  }),
  exampleEvent("the application cannot encrypt because the key is disabled", expectedRole, {
    ...use,
    eventName: "GenerateDataKey",
    errorCode: "DisabledException",
    ...onExampleKey,
  }),
];

const MUST_NOT_FIRE: readonly ExampleEvent[] = [
  {
    ...exampleEvent("the application decrypts with the key", expectedRole, {
      ...use,
      ...onExampleKey,
    }),
    alsoFires: ["key-volume-payments"],
  },
  exampleEvent("a policy denies an inventory tool to read the key policy", unexpectedRole, {
    ...use,
    eventName: "GetKeyPolicy",
    ...deniedOnExampleKey,
  }),
  exampleEvent("KMS rejects a call with another key", unexpectedRole, {
    ...use,
    errorCode: "InvalidCiphertextException",
    ...onKey(otherKeyArn),
  }),
];

/** Detects failed uses and changes of a key by anybody. */
export function keyErrors(key: MonitoredKey): KeyDetection {
  const { name } = key;
  return {
    id: `key-errors-${name}`,
    kind: "key-errors",
    title: `KMS rejected calls with the key ${name}`,
    severity: "high",
    tactic: "credential access",
    source: "trail",
    countsAllAccounts: true,
    // The record of a denied call has no resources: only the message names the key, and only the caller's account has
    // the record. Inventory tools are often denied to describe keys, which does not count.
    // https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
    pattern: () =>
      jsonPattern(
        allOf(
          matchesAny("$.errorCode", "*"),
          matchesAny("$.eventSource", "kms.amazonaws.com"),
          matchesAny("$.eventName", ...USES, ...APPLICATION_KEY_CHANGES),
          anyOf(
            matchesAny(RESOURCE_ARN, arnValue(key)),
            matchesAny("$.errorMessage", containsKeyId(key)),
          ),
        ),
      ),
    threshold: 1,
    period: 60,
    evaluationPeriods: 15,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
    statistic: "Sum",
    why: "Somebody tries to use or change the key without permission, or decrypts with a wrong ciphertext or encryption context. Or the application has lost access to its key.",
    falsePositives: [
      "A deployment changed a role or the key policy: AccessDenied errors of the application, starting with the change.",
      "The application decrypts what was encrypted with another key or encryption context: a bug or a migration.",
    ],
    runbook: [
      "Run the query: check errorCode and the caller.",
      "AccessDenied by a caller that should not use the key: find out what else it called. Disable its access keys, or revoke the role's sessions.",
      "AccessDenied, DisabledException or KMSInvalidStateException by the application: the key or a policy changed. See key-change.",
      "InvalidCiphertextException or IncorrectKeyException: wrong ciphertexts or encryption contexts. Somebody may be guessing.",
    ],
    insightsQuery: () =>
      [
        "fields eventTime, eventName, errorCode, errorMessage, userIdentity.arn, sourceIPAddress, eventID",
        `filter eventSource = "kms.amazonaws.com" and ispresent(errorCode) and @message like "${keyInArn(key)}"`,
        "sort eventTime desc",
      ].join(" | "),
    mustFire: MUST_FIRE,
    mustNotFire: MUST_NOT_FIRE,
  };
}
