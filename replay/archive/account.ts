import type { Random } from "./random.ts";

/** Fields of a CloudTrail record. */
export type Fields = Readonly<Record<string, unknown>>;

/** The Regions of the account and their shares of the events. */
export const REGIONS = [
  ["ap-southeast-2", 0.8],
  ["us-east-1", 0.15],
  ["eu-west-1", 0.05],
] as const;
export const HOME = REGIONS[0][0];

/** A fictional AWS account that runs Cipherwatch. */
export interface Account {
  readonly id: string;
  readonly random: Random;
  readonly roleArn: string;
  readonly keyArn: string;
  /** KMS keys of other applications. */
  readonly otherKeys: readonly string[];
  /** Sessions of the service's role, one per ECS task. */
  readonly tasks: readonly Fields[];
  readonly monitoring: Fields;
  readonly config: Fields;
  readonly people: readonly Fields[];
}

export function createAccount(id: string, random: Random): Account {
  const keyArn = () => `arn:aws:kms:${HOME}:${id}:key/${random.uuid()}`;
  const role = "cipherwatch-dev-service";
  const base = { id, random };
  return {
    ...base,
    roleArn: `arn:aws:iam::${id}:role/${role}`,
    keyArn: keyArn(),
    otherKeys: Array.from({ length: 5 }, keyArn),
    tasks: Array.from({ length: 4 }, () => session(base, role, random.hex(32))),
    monitoring: session(base, "monitoring", "collector"),
    config: {
      ...session(base, "AWSServiceRoleForConfig", "AWSConfig-Describe"),
      invokedBy: "config.amazonaws.com",
    },
    people: ["jordan", "sam", "noor"].map((name) => session(base, "Developer", name)),
  };
}

/** The `userIdentity` of a session of a role. */
export function session(
  { id: accountId, random }: Pick<Account, "id" | "random">,
  role: string,
  name: string,
): Fields {
  const roleId = `AROA${role.replace(/\W/g, "").toUpperCase().padEnd(17, "X").slice(0, 17)}`;
  return {
    type: "AssumedRole",
    principalId: `${roleId}:${name}`,
    arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${name}`,
    accountId,
    accessKeyId: random.accessKeyId(),
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: roleId,
        arn: `arn:aws:iam::${accountId}:role/${role}`,
        accountId,
        userName: role,
      },
      attributes: { creationDate: "2026-06-01T00:12:40Z", mfaAuthenticated: "false" },
    },
  };
}

/** A call of an AWS API. */
export interface Call {
  readonly caller: Fields;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Name of the service in `eventSource`, such as `kms`. */
  readonly service: string;
  readonly name: string;
  /** Further fields of the record. */
  readonly details?: Fields;
}

/** The CloudTrail record of a call. */
export function recordOf({ id, random }: Account, call: Call): Fields {
  const { caller, region, at, service, name, details } = call;
  const tlsDetails = {
    tlsVersion: "TLSv1.3",
    cipherSuite: "TLS_AES_128_GCM_SHA256",
    clientProvidedHostHeader: `${service}.${region}.amazonaws.com`,
  };
  return {
    eventVersion: "1.11",
    userIdentity: caller,
    eventTime: isoSeconds(at),
    eventSource: `${service}.amazonaws.com`,
    eventName: name,
    awsRegion: region,
    sourceIPAddress: caller.invokedBy ?? `203.0.113.${random.below(250)}`,
    userAgent:
      caller.invokedBy ??
      `aws-sdk-js/3.1162.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#24.21.0 api/${service}#3.1162.0 m/E`,
    requestParameters: null,
    responseElements: null,
    requestID: random.uuid(),
    eventID: random.uuid(),
    readOnly: true,
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: id,
    eventCategory: "Management",
    ...(caller.invokedBy === undefined ? { tlsDetails } : {}),
    ...details,
  };
}

/** The fields that describe a cryptographic operation with a KMS key. */
export function keyUse({ id: accountId }: Account, keyId: string, context: Fields): Fields {
  return {
    requestParameters: {
      keyId,
      encryptionAlgorithm: "SYMMETRIC_DEFAULT",
      encryptionContext: context,
    },
    resources: [{ accountId, type: "AWS::KMS::Key", ARN: keyId }],
  };
}

/** `keyUse` of Cipherwatch's key with the encryption context of a stored record. */
export function dataKeyUse(account: Account): Fields {
  const { keyArn, random } = account;
  return keyUse(account, keyArn, {
    app: "cipherwatch",
    record: random.uuid(),
    key: random.text(43),
  });
}

/** Formats a time as CloudTrail does: UTC, in whole seconds. */
export function isoSeconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
