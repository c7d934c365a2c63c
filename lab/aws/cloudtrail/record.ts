import type { AuditedCall, AwsStructure, AwsValue, Service } from "../shared/operation.ts";

/**
 * A CloudTrail record of an API call.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export interface TrailEvent {
  readonly eventVersion: string;
  readonly userIdentity: AwsStructure;
  /** UTC, whole seconds. */
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: Parameters;
  readonly responseElements: Parameters;
  readonly additionalEventData?: AwsStructure;
  readonly requestID: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly resources?: readonly {
    readonly accountId: string;
    readonly type: string;
    readonly ARN: string;
  }[];
  readonly eventType: "AwsApiCall";
  readonly managementEvent: true;
  readonly recipientAccountId: string;
  readonly eventCategory: "Management";
  readonly tlsDetails?: AwsStructure;
}

type Parameters = { readonly [name: string]: unknown } | null;

/** The host names of the services, which their event sources share. */
const HOST: Readonly<Record<Service, string>> = {
  kms: "kms",
  cloudtrail: "cloudtrail",
  logs: "logs",
  cloudwatch: "monitoring",
  sns: "sns",
  sts: "sts",
};

/**
 * Calls that touch data, which a trail of management events leaves out.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/logging_cw_api_calls_cwl.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html
 * @see https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html
 */
const DATA_EVENTS: Readonly<Partial<Record<Service, readonly string[]>>> = {
  logs: ["FilterLogEvents", "GetLogEvents", "PutLogEvents"],
  cloudwatch: ["GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"],
  sns: ["Publish", "PublishBatch"],
};

const KMS_CRYPTOGRAPHY = [
  "Decrypt",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "ReEncrypt",
];

/**
 * What a record of KMS says of the request: plaintexts, ciphertexts and grant tokens are not in the
 * list, so that no member, known or unknown, can carry them into a record.
 */
const KMS_PARAMETERS = [
  "KeyId",
  "EncryptionContext",
  "EncryptionAlgorithm",
  "DryRun",
  "NumberOfBytes",
  "KeySpec",
  "SourceKeyId",
  "SourceEncryptionContext",
  "SourceEncryptionAlgorithm",
  "DestinationKeyId",
  "DestinationEncryptionContext",
  "DestinationEncryptionAlgorithm",
  "PendingWindowInDays",
  "Limit",
  "Marker",
];

/** What KMS fills in before it records a request. */
const KMS_DEFAULTS: Readonly<Record<string, AwsStructure>> = {
  Encrypt: { EncryptionAlgorithm: "SYMMETRIC_DEFAULT" },
  Decrypt: { EncryptionAlgorithm: "SYMMETRIC_DEFAULT" },
  ReEncrypt: {
    SourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    DestinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
  },
};

/** Refusals of the front, before a service knows of the request. */
const UNRECORDED = ["SerializationException"];

/**
 * AWS does not document that KMS records the first two, and no record of one is known. The third is
 * how the lab's KMS refuses what the lab lacks.
 */
const UNRECORDED_BY_KMS = [
  "ThrottlingException",
  "ValidationException",
  "UnsupportedOperationException",
];

/** Refusals that KMS records without the request's parameters and without the key. */
const KMS_UNRESOLVED = ["AccessDeniedException", "InvalidArnException", "NotFoundException"];

/** Members that hold customers' data or secrets where the rest of the call is an administrator's. */
const OMITTED = ["logEventMessages", "SecretAccessKey"];

/** It changes nothing, and yet its record has the answer: who got which access key. */
const ASSUME_ROLE = "AssumeRole";

const ERROR_MESSAGE_CHARACTERS = 1024;

/** The record of a call, or undefined where CloudTrail makes none. */
export function recordOf(
  audited: AuditedCall,
  at: { readonly time: number; readonly eventId: string; readonly accountId: string },
): TrailEvent | undefined {
  const { service, call, outcome } = audited;
  const error = "error" in outcome ? outcome.error : undefined;
  if (DATA_EVENTS[service]?.includes(call.operation)) return undefined;
  if (error !== undefined && UNRECORDED.includes(error.code)) return undefined;
  if (service === "kms" && error !== undefined && UNRECORDED_BY_KMS.includes(error.code)) {
    return undefined;
  }
  const host = HOST[service];
  const unresolved = service === "kms" && KMS_UNRESOLVED.includes(error?.code ?? "");
  const readOnly =
    [...KMS_CRYPTOGRAPHY, ASSUME_ROLE].includes(call.operation) ||
    /^(?:Describe|Get|List|Lookup|Test)/.test(call.operation);
  const resources = unresolved ? undefined : resourcesOf(audited, at.accountId);
  const { additionalEventData } = audited.audit;

  return {
    eventVersion: "1.11",
    userIdentity: call.caller.userIdentity,
    eventTime: `${new Date(at.time).toISOString().slice(0, 19)}Z`,
    eventSource: `${host}.amazonaws.com`,
    eventName: call.operation,
    awsRegion: call.region,
    sourceIPAddress: call.sourceIpAddress,
    userAgent: call.userAgent,
    ...(error === undefined ? {} : errorOf(error)),
    requestParameters: unresolved ? null : parametersOf(audited),
    responseElements: readOnly && call.operation !== ASSUME_ROLE ? null : elementsOf(audited),
    ...(additionalEventData === undefined ? {} : { additionalEventData }),
    requestID: call.requestId,
    eventID: at.eventId,
    readOnly,
    ...(resources === undefined ? {} : { resources }),
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: at.accountId,
    eventCategory: "Management",
    // Loopback has no TLS; this is what a present client gets from AWS.
    ...(error === undefined
      ? {
          tlsDetails: {
            tlsVersion: "TLSv1.3",
            cipherSuite: "TLS_AES_256_GCM_SHA384",
            clientProvidedHostHeader: `${host}.${call.region}.amazonaws.com`,
          },
        }
      : {}),
  };
}

function errorOf({ code, message }: { readonly code: string; readonly message: string }) {
  return {
    errorCode: code === "AccessDeniedException" ? "AccessDenied" : code,
    ...(message === "" ? {} : { errorMessage: message.slice(0, ERROR_MESSAGE_CHARACTERS) }),
  };
}

function resourcesOf(
  { service, audit, outcome }: AuditedCall,
  accountId: string,
): TrailEvent["resources"] {
  // KMS lists no resource where a call succeeds without any, as ListAliases does.
  const none = service === "kms" && "output" in outcome ? [] : undefined;
  return audit.resources?.map(({ arn, type }) => ({ accountId, type, ARN: arn })) ?? none;
}

function parametersOf({ service, call, input }: AuditedCall): Parameters {
  const members = input as Readonly<Record<string, unknown>>;
  if (service !== "kms") return recordable(members);
  const given = Object.entries({ ...KMS_DEFAULTS[call.operation], ...members });
  return recordable(Object.fromEntries(given.filter(([name]) => KMS_PARAMETERS.includes(name))));
}

/** Since December 2022 KMS names the key in the answer of every call that changes one. */
function elementsOf({ service, audit, outcome }: AuditedCall): Parameters {
  if ("error" in outcome) return null;
  const key = service === "kms" ? audit.resources?.[0]?.arn : undefined;
  return recordable({ ...(key === undefined ? {} : { KeyId: key }), ...outcome.output });
}

/** The members in the spelling of CloudTrail, or null where there are none. */
function recordable(members: Readonly<Record<string, unknown>>): Parameters {
  const entries = Object.entries(members).flatMap(([name, value]) =>
    value === undefined || value === null || OMITTED.includes(name)
      ? []
      : [[camelCase(name), name.endsWith("EncryptionContext") ? value : written(value)]],
  );
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

function written(value: unknown): unknown {
  if (value instanceof Date) return dateText(value);
  if (value instanceof Uint8Array) return undefined;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, AwsValue>>)
      .filter(([name]) => !OMITTED.includes(name))
      .map(([name, item]) => [camelCase(name), written(item)]),
  );
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** `Nov 2, 2021, 11:25:25 PM`, as CloudTrail writes the times within a record. */
function dateText(date: Date): string {
  return date
    .toLocaleString("en-US", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" })
    .replaceAll("\u202f", " ");
}
