import { CANARY_RECORD } from "../common/canary.ts";
import { NO_CANARY_CALL } from "./canary-call.ts";
import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  exampleEvent,
  exampleScope,
  managementEvent,
  onDataKey,
  onKey,
  service,
  serviceDecryptEvent,
} from "./example-events.ts";
import { allOf, CALLER_ROLE_ARN, jsonPattern, matchesAny } from "./pattern.ts";

const decrypt = { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true };

export const kmsErrors: TrailDetection = {
  id: "kms-errors",
  title: "KMS rejected calls by the service",
  severity: "high",
  tactic: "credential access",
  source: "trail",
  // Failed calls record different fields, depending on the cause, but always errorCode and userIdentity.
  // https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
  pattern: ({ serviceRoleArn }) =>
    jsonPattern(
      allOf(
        matchesAny("$.errorCode", "*"),
        matchesAny("$.eventSource", "kms.amazonaws.com"),
        matchesAny(CALLER_ROLE_ARN, serviceRoleArn),
        NO_CANARY_CALL,
      ),
    ),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Somebody may be guessing Keys: each wrong Key causes one failed Decrypt call. Or the service has lost access to its KMS key, and can neither encrypt nor decrypt.",
  falsePositives: [
    "A caller mistyped or mixed up a Key: one or two InvalidCiphertextException errors, then none.",
    "A deployment changed the role or the key policy: AccessDenied errors, starting with the change.",
  ],
  runbook: [
    "Run the query and check errorCode. Ignore the record canary: the service tests its monitoring with it.",
    "InvalidCiphertextException: wrong Keys. Find requests to /decrypt with status 403 at those times in the logs of the service and the load balancer. Block the address if they continue.",
    "AccessDenied, DisabledException or KMSInvalidStateException: the key or its policy changed. Search the trail for PutKeyPolicy, DisableKey and ScheduleKeyDeletion, and undo unplanned changes.",
  ],
  insightsQuery: ({ serviceRoleName }) =>
    [
      "fields eventTime, eventName, errorCode, userIdentity.arn, sourceIPAddress, requestParameters.encryptionContext.record, requestParameters.encryptionContext.client, eventID",
      `filter eventSource = "kms.amazonaws.com" and ispresent(errorCode) and userIdentity.sessionContext.sessionIssuer.userName = "${serviceRoleName}"`,
      "sort eventTime desc",
    ].join(" | "),
  mustFire: [
    exampleEvent("the service tries a wrong Key, so the encryption context differs", service, {
      ...decrypt,
      errorCode: "InvalidCiphertextException",
      ...onDataKey,
    }),
    exampleEvent(
      "the key policy denies the service; the record has no resources and no parameters",
      service,
      {
        ...decrypt,
        errorCode: "AccessDenied",
        errorMessage:
          "User: arn:aws:sts::111122223333:assumed-role/cipherwatch-dev-service/5e1d0a9c4b8f47d2a6c3e7f0918b2d54 is not authorized to perform: kms:Decrypt on this resource because no resource-based policy allows the kms:Decrypt action",
      },
    ),
    exampleEvent("the service cannot encrypt because the key is pending deletion", service, {
      ...decrypt,
      eventName: "GenerateDataKey",
      errorCode: "KMSInvalidStateException",
      errorMessage:
        "arn:aws:kms:ap-southeast-2:111122223333:key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63 is pending deletion.",
      ...onDataKey,
    }),
  ],
  mustNotFire: [
    exampleEvent("the canary of the service tries a wrong Key", service, {
      ...decrypt,
      errorCode: "InvalidCiphertextException",
      ...onKey(exampleScope.keyArn, {
        keyId: exampleScope.keyArn,
        encryptionAlgorithm: "SYMMETRIC_DEFAULT",
        encryptionContext: {
          app: "cipherwatch",
          record: CANARY_RECORD,
          key: "q7yJm1x0l9mH2f3sVbN8c4dE5gT6uW7zX8aY9bC0dE1",
        },
      }),
    }),
    {
      name: "the service decrypts a record",
      record: serviceDecryptEvent,
      alsoFires: ["kms-volume"],
    },
    exampleEvent("KMS denies a call by an administrator", administrator, {
      ...decrypt,
      errorCode: "AccessDenied",
      errorMessage:
        "User: arn:aws:sts::111122223333:assumed-role/Administrator/jordan is not authorized to perform: kms:Decrypt",
    }),
    {
      name: "another AWS service denies a call by the service",
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
