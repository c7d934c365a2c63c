import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Random, seededRandom } from "./random.ts";

export interface ArchiveOptions {
  /** Receives `AWSLogs/…`. */
  readonly folder: string;
  /** Ordinary events; the incidents come on top. */
  readonly events: number;
  /** The same seed and options give the same bytes. */
  readonly seed: number;
  /** Days of history, the last of which ends at `END`. */
  readonly days: number;
  readonly accountId?: string;
}

/** Something planted in the archive that a detection is there to find. */
export interface Incident {
  /** The detection that it is meant for. */
  readonly detection: string;
  readonly what: string;
  /** Milliseconds since the epoch, the first and the last event. */
  readonly from: number;
  readonly to: number;
  readonly events: number;
}

export interface Archive {
  /** With the incidents' events. */
  readonly events: number;
  readonly files: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Whom and what the service's detections are to be bound to. */
  readonly roleArn: string;
  readonly keyArn: string;
  readonly incidents: readonly Incident[];
}

type Fields = Readonly<Record<string, unknown>>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** CloudTrail delivers about this often, a file for each Region that had events. */
const DELIVERY = 5 * MINUTE;
const END = Date.UTC(2026, 5, 15);

/** Where the account is at work, and how much of it happens there. */
const REGIONS = [
  ["ap-southeast-2", 0.8],
  ["us-east-1", 0.15],
  ["eu-west-1", 0.05],
] as const;
const HOME = REGIONS[0][0];

/** How busy an hour of the day is, in UTC: an office in Sydney, and a floor of machines. */
const BUSY = [9, 9, 9, 8, 8, 8, 7, 5, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 6, 8, 9];

/**
 * Writes a CloudTrail archive as a trail would: `AWSLogs/<account>/CloudTrail/<Region>/<yyyy>/<mm>/<dd>/`,
 * a gzipped `Records` envelope each five minutes and Region, and a digest an hour beside them. Weekdays,
 * office hours and chance decide how much happens; incidents are planted at fixed parts of the span.
 */
export function generateArchive({
  folder,
  events,
  seed,
  days,
  accountId = "111122223333",
}: ArchiveOptions): Archive {
  const random = seededRandom(seed);
  const world = createWorld(accountId, random);
  const start = END - days * DAY;
  const slots = Math.round((days * DAY) / DELIVERY);
  const planted = plantIncidents(world, start, days * DAY);
  const weights = Array.from({ length: slots }, (_, slot) =>
    weightOf(start + slot * DELIVERY, random),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);

  let written = 0;
  let files = 0;
  let bytes = 0;
  let compressedBytes = 0;
  let share = 0;
  for (const [slot, weight] of weights.entries()) {
    const opened = start + slot * DELIVERY;
    // Rounding the running total, not each slot, makes the number of events exact.
    const before = Math.round((share / total) * events);
    share += weight;
    const count = Math.round((share / total) * events) - before;
    const records = new Map<string, Fields[]>(REGIONS.map(([region]) => [region, []]));
    for (let index = 0; index < count; index++) {
      const region = pickRegion(random.next());
      const at = opened + Math.floor(random.next() * DELIVERY);
      records.get(region)?.push(world.ordinary(region, at));
    }
    for (const { at, region, record } of planted.events) {
      if (at >= opened && at < opened + DELIVERY) records.get(region)?.push(record);
    }
    for (const [region, list] of records) {
      const path = join(folder, `AWSLogs/${accountId}/CloudTrail/${region}/${day(opened)}`);
      if (list.length > 0) {
        list.sort((a, b) => (String(a.eventTime) < String(b.eventTime) ? -1 : 1));
        const text = JSON.stringify({ Records: list });
        const data = gzipSync(text);
        const delivered = stamp(opened + 2 * DELIVERY);
        const name = `${accountId}_CloudTrail_${region}_${delivered}_${random.text(16)}.json.gz`;
        mkdirSync(path, { recursive: true });
        writeFileSync(join(path, name), data);
        files++;
        written += list.length;
        bytes += Buffer.byteLength(text);
        compressedBytes += data.length;
      }
      if (opened % HOUR === 0) writeDigest(folder, { accountId, region, at: opened, random });
    }
  }
  return {
    events: written,
    files,
    bytes,
    compressedBytes,
    roleArn: world.roleArn,
    keyArn: world.keyArn,
    incidents: planted.incidents,
  };
}

function weightOf(at: number, random: Random): number {
  const date = new Date(at);
  const weekend = date.getUTCDay() === 0 || date.getUTCDay() === 6;
  return ((BUSY[date.getUTCHours()] ?? 1) * (weekend ? 0.4 : 1) + 1) * (0.7 + 0.6 * random.next());
}

function pickRegion(chance: number): string {
  let sum = 0;
  for (const [region, share] of REGIONS) {
    sum += share;
    if (chance < sum) return region;
  }
  return HOME;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html */
function writeDigest(
  folder: string,
  of: {
    readonly accountId: string;
    readonly region: string;
    readonly at: number;
    readonly random: Random;
  },
): void {
  const { accountId, region, at, random } = of;
  const prefix = `AWSLogs/${accountId}/CloudTrail-Digest/${region}/${day(at)}`;
  mkdirSync(join(folder, prefix), { recursive: true });
  const name = `${accountId}_CloudTrail-Digest_${region}_trail_${HOME}_${stamp(at, true)}.json.gz`;
  const digest = {
    awsAccountId: accountId,
    digestStartTime: iso(at - HOUR),
    digestEndTime: iso(at),
    digestS3Object: `${prefix}/${name}`,
    digestSignatureAlgorithm: "SHA256withRSA",
    previousDigestSignature: random.hex(64),
    logFiles: [],
  };
  writeFileSync(join(folder, prefix, name), gzipSync(JSON.stringify(digest)));
}

interface World {
  readonly roleArn: string;
  readonly keyArn: string;
  readonly ordinary: (region: string, at: number) => Fields;
  readonly call: (caller: Fields, region: string, at: number, call: Fields) => Fields;
  readonly session: (roleName: string, sessionName: string) => Fields;
  readonly service: Fields;
  /** What a call on the data key records of it. */
  readonly onDataKey: () => Fields;
}

/** The account: who is in it, and what they do all day. */
function createWorld(accountId: string, random: Random): World {
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

interface Planted {
  readonly events: readonly {
    readonly at: number;
    readonly region: string;
    readonly record: Fields;
  }[];
  readonly incidents: readonly Incident[];
}

function plantIncidents(world: World, start: number, span: number): Planted {
  const events: { at: number; region: string; record: Fields }[] = [];
  const incidents: Incident[] = [];
  const kms = { eventSource: "kms.amazonaws.com" };
  const intruder = world.session("ci-runner", "shell");

  const plant = (
    detection: string,
    what: string,
    /** Where in the span it begins, 0 to 1. */
    part: number,
    calls: readonly (readonly [after: number, caller: Fields, call: Fields])[],
  ): void => {
    const begin = start + Math.floor((span * part) / MINUTE) * MINUTE;
    const times = calls.map(([after]) => begin + after);
    for (const [after, caller, fields] of calls) {
      const at = begin + after;
      events.push({ at, region: HOME, record: world.call(caller, HOME, at, fields) });
    }
    incidents.push({
      detection,
      what,
      from: Math.min(...times),
      to: Math.max(...times),
      events: calls.length,
    });
  };

  plant(
    "kms-errors",
    "somebody guesses Keys: 12 wrong ones in three minutes",
    0.31,
    Array.from({ length: 12 }, (_, index) => [
      index * 14_000,
      world.service,
      {
        ...kms,
        eventName: "Decrypt",
        errorCode: "InvalidCiphertextException",
        ...world.onDataKey(),
      },
    ]),
  );
  plant(
    "kms-outsider",
    "a build runner's role decrypts with the data key",
    0.46,
    Array.from({ length: 5 }, (_, index) => [
      index * 20_000,
      intruder,
      { ...kms, eventName: "Decrypt", ...world.onDataKey() },
    ]),
  );
  plant("kms-key-change", "the key is disabled and its deletion scheduled", 0.52, [
    [0, intruder, { ...kms, eventName: "DisableKey", readOnly: false, ...world.onDataKey() }],
    [
      9_000,
      intruder,
      { ...kms, eventName: "ScheduleKeyDeletion", readOnly: false, ...world.onDataKey() },
    ],
  ]);
  plant("trail-change", "the trail is stopped", 0.53, [
    [
      0,
      intruder,
      {
        eventSource: "cloudtrail.amazonaws.com",
        eventName: "StopLogging",
        readOnly: false,
        requestParameters: { name: "cipherwatch-dev-trail" },
      },
    ],
  ]);
  plant(
    "kms-volume",
    "the service's role opens records by the thousand for ten minutes",
    0.74,
    Array.from({ length: 4000 }, (_, index) => [
      index * 150,
      world.service,
      { ...kms, eventName: "Decrypt", ...world.onDataKey() },
    ]),
  );
  return { events, incidents };
}

const iso = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`;
const day = (at: number) => new Date(at).toISOString().slice(0, 10).replaceAll("-", "/");
const stamp = (at: number, seconds = false) =>
  `${new Date(at)
    .toISOString()
    .slice(0, seconds ? 19 : 16)
    .replaceAll(/[-:]/g, "")}Z`;
