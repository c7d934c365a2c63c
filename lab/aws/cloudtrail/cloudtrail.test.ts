import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { type Journal, openJournal } from "../../state/journal.ts";
import { type ManualClock, manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { createKms } from "../kms/kms.ts";
import type { Audit, AwsStructure, Call, Operations, Service } from "../shared/operation.ts";
import { createIdentities } from "../sts/identities.ts";
import { createCloudTrail, type TrailDelivery } from "./cloudtrail.ts";
import { EVENTS_KEPT, type TrailEntry } from "./event-store.ts";
import type { TrailEvent } from "./record.ts";

const REGION = "ap-southeast-2";
const ACCOUNT = "111122223333";
const START = Date.parse("2026-11-20T00:00:00.900Z");
const DELAY = 90_000;
const TRAIL = {
  name: "cipherwatch",
  arn: `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/cipherwatch`,
  homeRegion: REGION,
  multiRegion: true,
  logGroupName: "/cipherwatch/trail",
};
const KEYS = [1, 2].map((digit) => {
  const keyId = `1234abcd-12ab-34cd-56ef-00000000000${digit}`;
  return {
    address: `kms/key${digit}`,
    keyId,
    arn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/${keyId}`,
    description: "",
    aliases: [`alias/key${digit}`],
  };
});
const [FIRST, SECOND] = KEYS.map(({ arn }) => arn) as [string, string];

function start({
  clock = manualClock(START) as ManualClock,
  journal = memoryJournal<TrailEntry>() as Journal<TrailEntry>,
  onDelivery = (_: TrailDelivery) => {},
} = {}) {
  const deliveries: TrailDelivery[] = [];
  const trail = createCloudTrail({
    clock,
    trail: TRAIL,
    delaySeconds: DELAY / 1000,
    journal,
    accountId: ACCOUNT,
    deliver: (delivery) => {
      deliveries.push(delivery);
      onDelivery(delivery);
    },
  });
  const identities = createIdentities({ accountId: ACCOUNT, region: REGION, clock });
  const kms = createKms({
    clock,
    keys: KEYS,
    journal: memoryJournal(),
    accountId: ACCOUNT,
    region: REGION,
  });
  const services: Partial<Record<Service, Operations>> = {
    kms: kms.operations,
    cloudtrail: trail.operations,
  };
  let calls = 0;

  /** Calls an operation and records it, as the endpoint does. An operation that is no service's is given. */
  const call = async (
    service: Service,
    operation: string,
    input: Record<string, unknown> = {},
    { accessKeyId = "alice", answer = () => ({}) as AwsStructure } = {},
  ): Promise<AwsStructure | AwsError> => {
    let audit: Audit = {};
    const made: Call = {
      operation,
      requestId: `request-${++calls}`,
      caller: identities.callerFor(accessKeyId),
      region: REGION,
      sourceIpAddress: "127.0.0.1",
      userAgent: "test",
      audit: (note) => {
        audit = { ...audit, ...note };
      },
    };
    try {
      const output = await (services[service]?.[operation] ?? answer)(input, made);
      trail.record({ service, call: made, input, result: { output }, audit });
      return output;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      trail.record({ service, call: made, input, result: { error }, audit });
      return error;
    }
  };
  const events = () => deliveries.map(({ message }) => JSON.parse(message) as TrailEvent);
  return { clock, trail, identities, call, deliveries, events };
}

type Lab = ReturnType<typeof start>;

const base64 = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString("base64");

async function encrypt(lab: Lab, KeyId: string, EncryptionContext = {}): Promise<string> {
  const answer = await lab.call("kms", "Encrypt", { KeyId, Plaintext: "aGk=", EncryptionContext });
  return base64((answer as AwsStructure).CiphertextBlob);
}

/** The record of the last call. */
function last(lab: Lab): TrailEvent | undefined {
  return lab.trail.recent(1)[0]?.event;
}

async function lookup(lab: Lab, input: Record<string, unknown>): Promise<AwsStructure[]> {
  const answer = await lab.call("cloudtrail", "LookupEvents", input);
  if (answer instanceof AwsError) throw answer;
  return answer.Events as unknown as AwsStructure[];
}

describe("the record of a KMS call", () => {
  /** Every place of a record and what stands there, so that records of other calls compare. */
  function shape(value: unknown, path = "", into = new Set<string>()): Set<string> {
    if (typeof value === "object" && value !== null) {
      for (const [name, member] of Object.entries(value)) shape(member, `${path}/${name}`, into);
    } else {
      into.add(`${path}: ${value === null ? "null" : typeof value}`);
    }
    return into;
  }
  const documented = JSON.parse(
    readFileSync(new URL("./fixtures/documented-records.json", import.meta.url), "utf8"),
  ) as TrailEvent[];

  it.each(documented.map((record) => [record.eventName, record] as const))(
    "%s has the form that AWS documents",
    async (operation, record) => {
      const lab = start();
      const parameters = record.requestParameters as Record<string, AwsStructure>;
      const CiphertextBlob = await encrypt(
        lab,
        FIRST,
        parameters.encryptionContext ?? parameters.sourceEncryptionContext,
      );
      const input = Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [
          name.charAt(0).toUpperCase() + name.slice(1),
          /keyId$/i.test(name) ? (name === "keyId" ? FIRST : SECOND) : value,
        ]),
      );
      const blobs = operation === "Encrypt" ? { Plaintext: "aGk=" } : { CiphertextBlob };
      await lab.call("kms", operation, { ...input, ...blobs });

      const made = last(lab);
      expect(made).toMatchObject({ eventVersion: record.eventVersion, eventName: operation });
      expect(made?.errorCode).toBeUndefined();
      const ours = shape(made);
      // Some pages still show the resources of older records, without their type.
      const theirs = shape(record).add("/resources/0/type: string");
      expect(ours).toEqual(theirs);
    },
  );

  it("says who, what, when and with which key", async () => {
    const lab = start();
    const { accessKeyId } = lab.identities.addRoleSession({
      roleName: "cipherwatch-service",
      sessionName: "task",
    });
    const input = { KeyId: "alias/key1", Plaintext: "aGk=", EncryptionContext: { Record: "R1" } };
    await lab.call("kms", "Encrypt", input, { accessKeyId });
    expect(last(lab)).toMatchObject({
      eventTime: "2026-11-20T00:00:00Z",
      eventSource: "kms.amazonaws.com",
      awsRegion: REGION,
      userIdentity: {
        type: "AssumedRole",
        sessionContext: {
          sessionIssuer: { arn: `arn:aws:iam::${ACCOUNT}:role/cipherwatch-service` },
        },
      },
      requestParameters: {
        keyId: "alias/key1",
        encryptionAlgorithm: "SYMMETRIC_DEFAULT",
        encryptionContext: { Record: "R1" },
      },
      responseElements: null,
      requestID: "request-1",
      readOnly: true,
      resources: [{ accountId: ACCOUNT, type: "AWS::KMS::Key", ARN: FIRST }],
      recipientAccountId: ACCOUNT,
    });
  });

  it("of a wrong context has the request and the key, and no message", async () => {
    const lab = start();
    const CiphertextBlob = await encrypt(lab, FIRST, { record: "1" });
    await lab.call("kms", "Decrypt", { CiphertextBlob, EncryptionContext: { record: "2" } });
    const record = last(lab);
    expect(record).toMatchObject({
      errorCode: "InvalidCiphertextException",
      requestParameters: {
        encryptionAlgorithm: "SYMMETRIC_DEFAULT",
        encryptionContext: { record: "2" },
      },
      resources: [{ ARN: FIRST }],
    });
    expect(record).not.toHaveProperty("errorMessage");
    expect(record).not.toHaveProperty("additionalEventData");
    expect(record).not.toHaveProperty("tlsDetails");
  });

  it("of another key, of a disabled key and of a dry run has all three", async () => {
    const lab = start();
    const CiphertextBlob = await encrypt(lab, FIRST);
    await lab.call("kms", "Decrypt", { CiphertextBlob, KeyId: SECOND });
    expect(last(lab)).toMatchObject({
      errorCode: "IncorrectKeyException",
      errorMessage:
        "The key ID in the request does not identify a CMK that can perform this operation.",
      requestParameters: { keyId: SECOND },
      resources: [{ ARN: SECOND }],
    });
    await lab.call("kms", "Encrypt", { KeyId: FIRST, Plaintext: "aGk=", DryRun: true });
    expect(last(lab)).toMatchObject({
      errorCode: "DryRunOperationException",
      requestParameters: { keyId: FIRST, dryRun: true },
      additionalEventData: { keyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) },
      resources: [{ ARN: FIRST }],
    });
    await lab.call("kms", "ScheduleKeyDeletion", { KeyId: FIRST });
    await lab.call("kms", "Decrypt", { CiphertextBlob });
    expect(last(lab)).toMatchObject({
      errorCode: "KMSInvalidStateException",
      errorMessage: `${FIRST} is pending deletion.`,
      requestParameters: { encryptionAlgorithm: "SYMMETRIC_DEFAULT" },
      resources: [{ ARN: FIRST }],
    });
  });

  it.each([
    ["NotFoundException", { KeyId: "alias/nobody", Plaintext: "aGk=" }, /is not found\.$/],
    [
      "AccessDenied",
      { KeyId: FIRST.replace(ACCOUNT, "999999999999"), Plaintext: "aGk=" },
      /not authorized/,
    ],
  ])("of %s has neither the request nor a key", async (errorCode, input, errorMessage) => {
    const lab = start();
    await lab.call("kms", "Encrypt", input);
    const record = last(lab);
    expect(record).toMatchObject({
      errorCode,
      errorMessage: expect.stringMatching(errorMessage),
      requestParameters: null,
      responseElements: null,
    });
    expect(record).not.toHaveProperty("resources");
  });

  it("of a change says what was changed, and is not read-only", async () => {
    const lab = start();
    await lab.call("kms", "DisableKey", { KeyId: KEYS[0]?.keyId });
    expect(last(lab)).toMatchObject({
      requestParameters: { keyId: KEYS[0]?.keyId },
      responseElements: { keyId: FIRST },
      readOnly: false,
    });
    await lab.call("kms", "ScheduleKeyDeletion", { KeyId: FIRST, PendingWindowInDays: 20 });
    expect(last(lab)).toMatchObject({
      requestParameters: { keyId: FIRST, pendingWindowInDays: 20 },
      responseElements: {
        keyId: FIRST,
        keyState: "PendingDeletion",
        pendingWindowInDays: 20,
        deletionDate: "Dec 10, 2026, 12:00:00 AM",
      },
    });
    await lab.call("kms", "ListAliases");
    expect(last(lab)).toMatchObject({ readOnly: true, requestParameters: null, resources: [] });
  });

  it("is not made where KMS never saw the request", async () => {
    const lab = start();
    const invalid = await lab.call("kms", "Encrypt", { KeyId: FIRST, Plaintext: "" });
    expect(invalid).toMatchObject({ code: "ValidationException" });
    const unreadable = await lab.call("kms", "Encrypt", { KeyId: FIRST, Plaintext: 5 });
    expect(unreadable).toMatchObject({ code: "SerializationException" });
    expect(lab.trail.recent(10)).toEqual([]);
  });

  it("holds no plaintext, no ciphertext and no grant token", async () => {
    const lab = start();
    const secret = base64(Buffer.from("I love Pizza"));
    const GrantTokens = ["c2VjcmV0LWdyYW50LXRva2Vu"];
    const secrets = [secret, "I love Pizza", ...GrantTokens];
    const remember = (answer: AwsStructure | AwsError) => {
      const { CiphertextBlob, Plaintext } = answer as AwsStructure;
      if (CiphertextBlob instanceof Uint8Array) secrets.push(base64(CiphertextBlob));
      if (Plaintext instanceof Uint8Array) secrets.push(base64(Plaintext));
      return base64(CiphertextBlob ?? Buffer.alloc(0));
    };
    const sealed = remember(
      await lab.call("kms", "Encrypt", { KeyId: FIRST, Plaintext: secret, GrantTokens }),
    );
    remember(await lab.call("kms", "Decrypt", { CiphertextBlob: sealed, GrantTokens }));
    remember(await lab.call("kms", "GenerateDataKey", { KeyId: FIRST, KeySpec: "AES_256" }));
    remember(
      await lab.call("kms", "ReEncrypt", { CiphertextBlob: sealed, DestinationKeyId: SECOND }),
    );
    await lab.call("kms", "Decrypt", { CiphertextBlob: sealed, KeyId: SECOND });
    await lab.call("kms", "DescribeKey", { KeyId: FIRST, Plaintext: secret });
    await lab.call("logs", "TestMetricFilter", {
      filterPattern: "x",
      logEventMessages: ["I love Pizza"],
    });

    lab.clock.advance(DELAY);
    expect(lab.deliveries).toHaveLength(7);
    expect(secrets).toHaveLength(8);
    for (const { message } of lab.deliveries) {
      for (const text of secrets) expect(message).not.toContain(text);
    }
  });
});

describe("the record of another service's call", () => {
  it("has its parameters in CloudTrail's spelling", async () => {
    const lab = start();
    await lab.call("cloudwatch", "SetAlarmState", { AlarmName: "kms-errors", StateValue: "OK" });
    expect(last(lab)).toMatchObject({
      eventSource: "monitoring.amazonaws.com",
      requestParameters: { alarmName: "kms-errors", stateValue: "OK" },
      responseElements: null,
      readOnly: false,
    });
    await lab.call("cloudwatch", "DescribeAlarms", {
      AlarmNames: ["a"],
      StartDate: new Date("2026-11-20T15:04:05Z"),
    });
    expect(last(lab)).toMatchObject({
      requestParameters: { alarmNames: ["a"], startDate: "Nov 20, 2026, 3:04:05 PM" },
      readOnly: true,
    });
    await lab.call("sts", "GetCallerIdentity");
    expect(last(lab)).toMatchObject({
      eventSource: "sts.amazonaws.com",
      requestParameters: null,
      readOnly: true,
    });
    await lab.call(
      "cloudwatch",
      "DescribeAlarms",
      { StateValue: "BAD" },
      {
        answer: () => {
          throw new AwsError("ValidationException", "1 validation error detected");
        },
      },
    );
    expect(last(lab)).toMatchObject({
      errorCode: "ValidationException",
      requestParameters: { stateValue: "BAD" },
    });
  });

  it.each<[Service, string]>([
    ["logs", "PutLogEvents"],
    ["logs", "FilterLogEvents"],
    ["cloudwatch", "PutMetricData"],
    ["cloudwatch", "GetMetricStatistics"],
    ["sns", "Publish"],
  ])("is not made of data events: %s %s", async (service, operation) => {
    const lab = start();
    await lab.call(service, operation, { message: "x" });
    expect(lab.trail.recent(1)).toEqual([]);
  });
});

describe("delivery", () => {
  it("comes after the delay, in order, and LookupEvents shows nothing before it", async () => {
    const lab = start();
    await lab.call("kms", "DescribeKey", { KeyId: FIRST });
    lab.clock.advance(1_000);
    await lab.call("kms", "ListKeys");
    lab.clock.advance(DELAY - 1_001);
    expect(lab.deliveries).toEqual([]);
    expect(await lookup(lab, {})).toEqual([]);
    expect(lab.trail.recent(9).map(({ delivered }) => delivered)).toEqual([false, false, false]);

    lab.clock.advance(1);
    expect(lab.events().map(({ eventName }) => eventName)).toEqual(["DescribeKey"]);
    expect(lab.deliveries[0]).toMatchObject({
      logGroupName: "/cipherwatch/trail",
      logStreamName: "111122223333_CloudTrail_ap-southeast-2",
      timestamp: START + DELAY,
    });
    expect(await lookup(lab, {})).toHaveLength(1);

    lab.clock.advance(DELAY);
    expect(lab.events().map(({ eventName }) => eventName)).toEqual([
      "DescribeKey",
      "ListKeys",
      "LookupEvents",
      "LookupEvents",
    ]);
    expect(lab.trail.recent(2)).toMatchObject([
      { event: { eventName: "LookupEvents" }, delivered: true },
      { event: { eventName: "LookupEvents" }, delivered: true },
    ]);
  });

  it("of one event that fails keeps no other back", async () => {
    const lab = start({
      onDelivery: ({ message }) => {
        if (message.includes("ListKeys")) throw new Error("no such log group");
      },
    });
    await lab.call("kms", "ListKeys");
    await lab.call("kms", "ListAliases");
    expect(() => lab.clock.advance(DELAY)).toThrow("no such log group");
    lab.clock.advance(0);
    expect(lab.events().map(({ eventName }) => eventName)).toEqual(["ListKeys", "ListAliases"]);
  });

  it("sends no event that CloudWatch Logs would not take", async () => {
    const lab = start();
    await encrypt(lab, FIRST, { large: "x".repeat(256 * 1024) });
    await lab.call("kms", "ListKeys");
    lab.clock.advance(DELAY);
    expect(lab.events().map(({ eventName }) => eventName)).toEqual(["ListKeys"]);
    expect(await lookup(lab, {})).toHaveLength(2);
  });

  it("stops when the trail is closed", async () => {
    const lab = start();
    await lab.call("kms", "ListKeys");
    lab.trail.close();
    lab.clock.advance(DELAY);
    expect(lab.deliveries).toEqual([]);
  });
});

describe("what CloudTrail remembers", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cipherwatch-trail-"));
    file = join(folder, "trail.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is delivered once and only once over restarts", async () => {
    const names: string[] = [];
    const open = (at: number) => {
      const journal = openJournal<TrailEntry>(file);
      const lab = start({ journal, clock: manualClock(at) });
      const stop = () => {
        names.push(...lab.events().map(({ eventName }) => eventName));
        lab.trail.close();
        journal.close();
      };
      return { ...lab, stop };
    };
    const first = open(START);
    await first.call("kms", "ListKeys");
    first.clock.advance(DELAY / 2);
    await first.call("kms", "ListAliases");
    first.clock.advance(DELAY / 2);
    first.stop();

    const second = open(START + DELAY);
    expect((await lookup(second, {})).map(({ EventName }) => EventName)).toEqual(["ListKeys"]);
    second.clock.advance(DELAY / 2 - 1);
    expect(second.deliveries).toEqual([]);
    second.clock.advance(1);
    second.stop();

    const third = open(START + 10 * DELAY);
    third.clock.advance(0);
    expect(third.deliveries).toMatchObject([{ timestamp: START + 10 * DELAY }]);
    third.stop();
    expect(names).toEqual(["ListKeys", "ListAliases", "LookupEvents"]);

    const fourth = open(START + 11 * DELAY);
    fourth.clock.advance(DELAY);
    expect(fourth.deliveries).toEqual([]);
    expect(await lookup(fourth, {})).toHaveLength(3);
    fourth.stop();
  });

  it("survives a kill right after the call", () => {
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const { signal } = spawnSync(process.execPath, [
      "--input-type=module",
      "--eval",
      `import { manualClock } from ${module("../../testing/manual-clock.ts")};
       import { openJournal } from ${module("../../state/journal.ts")};
       import { createCloudTrail } from ${module("./cloudtrail.ts")};
       const trail = createCloudTrail({
         clock: manualClock(${START}),
         trail: ${JSON.stringify(TRAIL)},
         delaySeconds: 1,
         journal: openJournal(${JSON.stringify(file)}),
         accountId: "${ACCOUNT}",
         deliver: () => {},
       });
       trail.record({
         service: "kms",
         call: { operation: "ListKeys", requestId: "before the kill", caller: { userIdentity: {} } },
         input: {},
         result: { output: {} },
         audit: {},
       });
       process.kill(process.pid, "SIGKILL");`,
    ]);
    expect(signal).toBe("SIGKILL");
    const journal = openJournal<TrailEntry>(file);
    const lab = start({ journal, clock: manualClock(START + DELAY) });
    lab.clock.advance(0);
    expect(lab.events()).toMatchObject([{ requestID: "before the kill" }]);
    journal.close();
  });

  it("is the newest ten thousand events", async () => {
    const lab = start();
    await lab.call("kms", "ListAliases");
    for (let index = 0; index < EVENTS_KEPT; index++) await lab.call("kms", "ListKeys");
    lab.clock.advance(DELAY);
    const kept = lab.trail.recent(2 * EVENTS_KEPT);
    expect(kept).toHaveLength(10_000);
    expect(kept.filter(({ event }) => event.eventName === "ListAliases")).toEqual([]);
    expect(lab.deliveries).toHaveLength(10_001);
  });

  it("reads a journal whose oldest lines are cut away", async () => {
    const journal = memoryJournal<TrailEntry>();
    const lab = start({ journal });
    for (const operation of ["ListKeys", "ListAliases", "ListKeys"]) {
      await lab.call("kms", operation);
      lab.clock.advance(DELAY / 2);
    }
    // Lines: event 1, event 2, delivery of 1, event 3, delivery of 2.
    expect(journal.appended).toHaveLength(5);
    const cut = start({
      journal: memoryJournal(journal.appended.slice(1)),
      clock: manualClock(lab.clock.now()),
    });
    cut.clock.advance(DELAY);
    expect(cut.events().map(({ eventName }) => eventName)).toEqual(["ListKeys"]);
  });
});

describe("LookupEvents", () => {
  async function filled() {
    const lab = start();
    await lab.call("kms", "ListKeys");
    lab.clock.advance(1_000);
    await lab.call("kms", "DisableKey", { KeyId: FIRST }, { accessKeyId: "mallory" });
    lab.clock.advance(1_000);
    await lab.call("cloudwatch", "DescribeAlarms");
    lab.clock.advance(DELAY);
    return lab;
  }

  it("shows the newest first, with the record as a string", async () => {
    const lab = await filled();
    const events = await lookup(lab, {});
    expect(events.map(({ EventName }) => EventName)).toEqual([
      "DescribeAlarms",
      "DisableKey",
      "ListKeys",
    ]);
    expect(events[1]).toMatchObject({
      EventTime: new Date("2026-11-20T00:00:01Z"),
      EventSource: "kms.amazonaws.com",
      ReadOnly: "false",
      Username: "mallory",
      AccessKeyId: "mallory",
      Resources: [{ ResourceType: "AWS::KMS::Key", ResourceName: FIRST }],
    });
    expect(JSON.parse(events[1]?.CloudTrailEvent as string)).toMatchObject({
      eventID: events[1]?.EventId,
      eventName: "DisableKey",
    });
  });

  it.each([
    ["EventName", "ListKeys", ["ListKeys"]],
    ["EventSource", "monitoring.amazonaws.com", ["DescribeAlarms"]],
    ["ReadOnly", "false", ["DisableKey"]],
    ["Username", "mallory", ["DisableKey"]],
    ["AccessKeyId", "alice", ["DescribeAlarms", "ListKeys"]],
    ["ResourceType", "AWS::KMS::Key", ["DisableKey"]],
    ["ResourceName", FIRST, ["DisableKey"]],
    ["EventName", "listkeys", []],
  ])("finds by %s %s", async (AttributeKey, AttributeValue, names) => {
    const lab = await filled();
    const LookupAttributes = [{ AttributeKey, AttributeValue }];
    const events = await lookup(lab, { LookupAttributes });
    expect(events.map(({ EventName }) => EventName)).toEqual(names);
  });

  it("finds by event id and by time", async () => {
    const lab = await filled();
    const [, event] = await lookup(lab, {});
    const LookupAttributes = [{ AttributeKey: "EventId", AttributeValue: event?.EventId }];
    expect(await lookup(lab, { LookupAttributes })).toEqual([event]);
    const second = Date.parse("2026-11-20T00:00:01Z") / 1000;
    expect(await lookup(lab, { StartTime: second, EndTime: second })).toEqual([event]);
    expect(await lookup(lab, { EndTime: second - 60 })).toEqual([]);
    expect(await lookup(lab, { EventCategory: "insight" })).toEqual([]);
  });

  it("gives page after page, none twice, while new events arrive", async () => {
    const lab = start();
    for (let index = 0; index < 120; index++) await lab.call("kms", "ListKeys");
    lab.clock.advance(DELAY);
    const seen: unknown[] = [];
    let NextToken: unknown;
    do {
      const answer = (await lab.call("cloudtrail", "LookupEvents", { NextToken })) as AwsStructure;
      const events = answer.Events as unknown as AwsStructure[];
      expect(events.length).toBeLessThanOrEqual(50);
      seen.push(...events.map(({ EventId }) => EventId));
      NextToken = answer.NextToken;
      await lab.call("kms", "ListAliases");
      lab.clock.advance(DELAY);
    } while (NextToken !== undefined);
    expect(seen).toHaveLength(120);
    expect(new Set(seen).size).toBe(120);
  });

  it.each([
    [{ MaxResults: 51 }, "InvalidMaxResultsException"],
    [{ MaxResults: 0 }, "InvalidMaxResultsException"],
    [{ StartTime: 2, EndTime: 1 }, "InvalidTimeRangeException"],
    [{ NextToken: "mine" }, "InvalidNextTokenException"],
    [{ EventCategory: "data" }, "InvalidEventCategoryException"],
    [
      { LookupAttributes: [{ AttributeKey: "Nope", AttributeValue: "x" }] },
      "InvalidLookupAttributesException",
    ],
    [{ LookupAttributes: [{ AttributeKey: "EventName" }] }, "InvalidLookupAttributesException"],
  ])("refuses %j", async (input, code) => {
    const lab = await filled();
    expect(await lab.call("cloudtrail", "LookupEvents", input)).toMatchObject({ code });
  });
});
