import type { Random } from "./random.ts";

/** Of a CloudTrail record. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where the account is at work, and how much of it happens there. */
export const REGIONS = [
  ["ap-southeast-2", 0.8],
  ["us-east-1", 0.15],
  ["eu-west-1", 0.05],
] as const;
export const HOME = REGIONS[0][0];

export interface Account {
  readonly roleArn: string;
  readonly keyArn: string;
  readonly ordinary: (region: string, at: number) => Fields;
  readonly call: (caller: Fields, region: string, at: number, call: Fields) => Fields;
  readonly session: (roleName: string, sessionName: string) => Fields;
  readonly service: Fields;
  /** What a call on the data key records of it. */
  readonly onDataKey: () => Fields;
}

/** An account: who is in it, and what they do all day. */
export function createAccount(accountId: string, random: Random): Account {
  const keyArn = `arn:aws:kms:${HOME}:${accountId}:key/${random.uuid()}`;
  const serviceRole = "cipherwatch-dev-service";
  const roleArn = `arn:aws:iam::${accountId}:role/${serviceRole}`;

  const session = (roleName: string, sessionName: string): Fields => {
    const id = `AROA${roleName.replace(/\W/g, "").toUpperCase().padEnd(17, "X").slice(0, 17)}`;
    return {
      type: "AssumedRole",
      principalId: `${id}:${sessionName}`,
      arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
      accountId,
      accessKeyId: `ASIA${random.text(16).toUpperCase()}`,
      sessionContext: {
        sessionIssuer: {
          type: "Role",
          principalId: id,
          arn: `arn:aws:iam::${accountId}:role/${roleName}`,
          accountId,
          userName: roleName,
        },
        attributes: { creationDate: "2026-06-01T00:12:40Z", mfaAuthenticated: "false" },
      },
    };
  };
  const awsService = (invokedBy: string): Fields => ({ type: "AWSService", invokedBy });

  const call = (caller: Fields, region: string, at: number, fields: Fields): Fields => {
    const host = String(fields.eventSource).replace(".amazonaws.com", "");
    return {
      eventVersion: "1.11",
      userIdentity: caller,
      eventTime: iso(at),
      eventSource: fields.eventSource,
      eventName: fields.eventName,
      awsRegion: region,
      sourceIPAddress: caller.invokedBy ?? `203.0.113.${random.below(250)}`,
      userAgent:
        caller.invokedBy ??
        `aws-sdk-js/3.1162.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#24.21.0 api/${host}#3.1162.0 m/E`,
      requestParameters: null,
      responseElements: null,
      requestID: random.uuid(),
      eventID: random.uuid(),
      readOnly: true,
      eventType: "AwsApiCall",
      managementEvent: true,
      recipientAccountId: accountId,
      eventCategory: "Management",
      ...(caller.invokedBy === undefined
        ? {
            tlsDetails: {
              tlsVersion: "TLSv1.3",
              cipherSuite: "TLS_AES_128_GCM_SHA256",
              clientProvidedHostHeader: `${host}.${region}.amazonaws.com`,
            },
          }
        : {}),
      ...fields,
    };
  };

  const keyUse = (key: string, context: Fields): Fields => ({
    requestParameters: {
      keyId: key,
      encryptionAlgorithm: "SYMMETRIC_DEFAULT",
      encryptionContext: context,
    },
    resources: [{ accountId, type: "AWS::KMS::Key", ARN: key }],
  });
  const onDataKey = () =>
    keyUse(keyArn, { app: "cipherwatch", record: random.uuid(), key: random.text(43) });
  const material = { additionalEventData: { keyMaterialId: random.hex(64) } };

  const tasks = Array.from({ length: 4 }, () => session(serviceRole, random.hex(32)));
  const monitoring = session("monitoring", "collector");
  const config = {
    ...session("AWSServiceRoleForConfig", "AWSConfig-Describe"),
    invokedBy: "config.amazonaws.com",
  };
  const deploy = session("ci-deploy", "GitHubActions");
  const people = ["jordan", "sam", "noor"].map((name) => session("Developer", name));
  const otherKeys = Array.from(
    { length: 5 },
    () => `arn:aws:kms:${HOME}:${accountId}:key/${random.uuid()}`,
  );
  const instances = () =>
    Array.from({ length: 1 + random.below(4) }, () => ({ instanceId: `i-${random.hex(17)}` }));

  /** Share of the traffic, and what is called. */
  const repertoire: readonly (readonly [number, (region: string, at: number) => Fields])[] = [
    [
      0.2,
      (_, at) =>
        call(random.pick(tasks), HOME, at, {
          eventSource: "kms.amazonaws.com",
          eventName: "Decrypt",
          ...onDataKey(),
          ...material,
        }),
    ],
    [
      0.1,
      (_, at) =>
        call(random.pick(tasks), HOME, at, {
          eventSource: "kms.amazonaws.com",
          eventName: "GenerateDataKey",
          ...onDataKey(),
          ...material,
        }),
    ],
    [
      0.1,
      (region, at) => {
        const key = random.pick(otherKeys);
        const bucket = `arn:aws:s3:::example-assets-${random.below(20)}/o/${random.hex(24)}`;
        return call(
          { ...session("uploader", "batch"), invokedBy: "s3.amazonaws.com" },
          region,
          at,
          {
            eventSource: "kms.amazonaws.com",
            eventName: random.pick(["Decrypt", "GenerateDataKey"]),
            ...keyUse(key, { "aws:s3:arn": bucket }),
          },
        );
      },
    ],
    [
      0.15,
      (region, at) => {
        const name = random.pick(["cipherwatch-dev-service", "uploader", "monitoring", "web"]);
        return call(
          awsService(random.pick(["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"])),
          region,
          at,
          {
            eventSource: "sts.amazonaws.com",
            eventName: "AssumeRole",
            requestParameters: {
              roleArn: `arn:aws:iam::${accountId}:role/${name}`,
              roleSessionName: random.hex(32),
            },
            responseElements: {
              credentials: {
                accessKeyId: `ASIA${random.text(16).toUpperCase()}`,
                sessionToken: random.text(240),
                expiration: "Jun 14, 2026, 6:12:40 PM",
              },
            },
            resources: [
              { accountId, type: "AWS::IAM::Role", ARN: `arn:aws:iam::${accountId}:role/${name}` },
            ],
          },
        );
      },
    ],
    [
      0.2,
      (region, at) =>
        call(monitoring, region, at, {
          eventSource: "ec2.amazonaws.com",
          eventName: random.pick([
            "DescribeInstances",
            "DescribeVolumes",
            "DescribeInstanceStatus",
            "DescribeSecurityGroups",
          ]),
          requestParameters: {
            instancesSet: { items: instances() },
            filterSet: { items: [{ name: "tag:env", valueSet: { items: [{ value: "prod" }] } }] },
            maxResults: 100,
          },
        }),
    ],
    [
      0.07,
      (region, at) =>
        call(config, region, at, {
          eventSource: "s3.amazonaws.com",
          eventName: random.pick(["GetBucketAcl", "GetBucketPolicy", "GetBucketVersioning"]),
          requestParameters: {
            bucketName: `example-assets-${random.below(20)}`,
            Host: `example-assets.s3.${region}.amazonaws.com`,
          },
          additionalEventData: {
            SignatureVersion: "SigV4",
            CipherSuite: "TLS_AES_128_GCM_SHA256",
            bytesTransferredIn: 0,
            AuthenticationMethod: "AuthHeader",
            "x-amz-id-2": random.text(76),
            bytesTransferredOut: random.below(4000),
          },
        }),
    ],
    [
      0.08,
      (region, at) =>
        call(random.pick(tasks), region, at, {
          eventSource: "logs.amazonaws.com",
          eventName: "CreateLogStream",
          readOnly: false,
          requestParameters: {
            logGroupName: "/cipherwatch/dev/service",
            logStreamName: `service/${random.hex(32)}`,
          },
        }),
    ],
    [
      0.0795,
      (region, at) =>
        call(deploy, region, at, {
          eventSource: "ecs.amazonaws.com",
          eventName: random.pick(["DescribeServices", "DescribeTasks", "ListTasks"]),
          requestParameters: { cluster: "cipherwatch-dev", services: ["cipherwatch-dev"] },
        }),
    ],
    [
      0.015,
      (region, at) =>
        call(random.pick(people), region, at, {
          eventSource: "iam.amazonaws.com",
          eventName: random.pick(["GetRole", "ListRoles", "ListPolicies", "GetAccountSummary"]),
          requestParameters: { roleName: "web" },
        }),
    ],
    [
      0.005,
      (region, at) =>
        call(random.pick(people), region, at, {
          eventSource: "s3.amazonaws.com",
          eventName: "GetBucketPolicyStatus",
          errorCode: "AccessDenied",
          errorMessage: "Access Denied",
          requestParameters: { bucketName: `example-assets-${random.below(20)}` },
        }),
    ],
    [
      0.0005,
      (_, at) =>
        call({ ...random.pick(people), type: "IAMUser" }, "us-east-1", at, {
          eventSource: "signin.amazonaws.com",
          eventName: "ConsoleLogin",
          readOnly: false,
          eventType: "AwsConsoleSignIn",
          responseElements: { ConsoleLogin: "Success" },
          additionalEventData: { MobileVersion: "No", MFAUsed: "Yes" },
        }),
    ],
  ];

  const ordinary = (region: string, at: number): Fields => {
    let chance = random.next();
    for (const [share, make] of repertoire) {
      chance -= share;
      if (chance < 0) return make(region, at);
    }
    return repertoire[0]?.[1](region, at) ?? {};
  };
  const service = tasks[0] ?? session(serviceRole, "task");
  return { roleArn, keyArn, ordinary, call, session, service, onDataKey };
}

/** As CloudTrail writes times: UTC, whole seconds. */
export const iso = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`;
