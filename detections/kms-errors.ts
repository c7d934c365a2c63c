import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  managementEvent,
  onDataKey,
  service,
  serviceDecryptEvent,
} from "./example-events.ts";
import { allOf, CALLER_ROLE_ARN, jsonPattern, matchesAny } from "./pattern.ts";

const decrypt = { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true };

export const kmsErrors: TrailDetection = {
  id: "kms-errors",
  title: "KMS refused the encryption service",
  severity: "high",
  tactic: "credential access",
  source: "trail",
  // Which fields a failure records differs by its cause; errorCode and userIdentity are always there.
  // https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
  pattern: ({ serviceRoleArn }) =>
    jsonPattern(
      allOf(
        matchesAny("$.errorCode", "*"),
        matchesAny("$.eventSource", "kms.amazonaws.com"),
        matchesAny(CALLER_ROLE_ARN, serviceRoleArn),
      ),
    ),
  threshold: 1,
  period: 60,
  evaluationPeriods: 1,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Somebody may be guessing Keys: each wrong Key makes one failed Decrypt. Or the service lost the use of its KMS key and seals and opens nothing.",
  falsePositives: [
    "A caller mistyped or mixed up a Key: one or two InvalidCiphertextException, then silence.",
    "A deployment changed the role or the key policy: AccessDenied from the moment of the change.",
  ],
  runbook: [
    "Run the query and look at errorCode.",
    "InvalidCiphertextException: wrong Keys. Find the callers of /decrypt with status 403 at those times in the service's log and the load balancer's; block the address if they go on.",
    "AccessDenied, DisabledException or KMSInvalidStateException: the key or its policy changed. Look for PutKeyPolicy, DisableKey and ScheduleKeyDeletion, and undo what was not planned.",
  ],
  insightsQuery: ({ serviceRoleName }) =>
    [
      "fields eventTime, eventName, errorCode, requestParameters.encryptionContext.record",
      `filter eventSource = "kms.amazonaws.com" and ispresent(errorCode) and userIdentity.sessionContext.sessionIssuer.userName = "${serviceRoleName}"`,
      "sort eventTime desc",
    ].join(" | "),
  mustFire: [
    {
      name: "a wrong Key: the encryption context differs",
      record: managementEvent(service, {
        ...decrypt,
        errorCode: "InvalidCiphertextException",
        ...onDataKey,
      }),
    },
    {
      name: "the key policy no longer admits the service: no resources, no parameters",
      record: managementEvent(service, {
        ...decrypt,
        errorCode: "AccessDenied",
        errorMessage:
          "User: arn:aws:sts::111122223333:assumed-role/cipherwatch-dev-service/5e1d0a9c4b8f47d2a6c3e7f0918b2d54 is not authorized to perform: kms:Decrypt on this resource because no resource-based policy allows the kms:Decrypt action",
      }),
    },
    {
      name: "sealing fails because the key waits for its deletion",
      record: managementEvent(service, {
        ...decrypt,
        eventName: "GenerateDataKey",
        errorCode: "KMSInvalidStateException",
        errorMessage:
          "arn:aws:kms:ap-southeast-2:111122223333:key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63 is pending deletion.",
        ...onDataKey,
      }),
    },
  ],
  mustNotFire: [
    {
      name: "the service opens a record",
      record: serviceDecryptEvent,
      alsoFires: ["kms-volume"],
    },
    {
      name: "somebody else fails",
      record: managementEvent(administrator, {
        ...decrypt,
        errorCode: "AccessDenied",
        errorMessage:
          "User: arn:aws:sts::111122223333:assumed-role/Administrator/jordan is not authorized to perform: kms:Decrypt",
      }),
    },
    {
      name: "the service fails at another AWS service",
      record: managementEvent(service, {
        eventSource: "secretsmanager.amazonaws.com",
        eventName: "GetSecretValue",
        readOnly: true,
        errorCode: "AccessDenied",
      }),
      alsoFires: ["denied-api"],
    },
  ],
};
