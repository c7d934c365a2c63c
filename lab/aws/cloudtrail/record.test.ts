import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, Service } from "../shared/operation.ts";
import { ACCOUNT, base64 } from "../testing/account.ts";
import {
  DELAY,
  encrypt,
  FIRST_KEY,
  lastRecord,
  SECOND_KEY,
  startTrail,
} from "../testing/cloudtrail.ts";
import type { TrailEvent } from "./record.ts";

describe("record of a KMS call", () => {
  /** Returns the path and type of each value, to compare records of different calls. */
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
    "has the documented structure for %s",
    async (operation, record) => {
      const lab = startTrail();
      const parameters = record.requestParameters as Record<string, AwsStructure>;
      const CiphertextBlob = await encrypt(
        lab,
        FIRST_KEY.arn,
        parameters.encryptionContext ?? parameters.sourceEncryptionContext,
      );
      const input = Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [
          name.charAt(0).toUpperCase() + name.slice(1),
          /keyId$/i.test(name) ? (name === "keyId" ? FIRST_KEY.arn : SECOND_KEY.arn) : value,
        ]),
      );
      const blobs = operation === "Encrypt" ? { Plaintext: "aGk=" } : { CiphertextBlob };
      await lab.call("kms", operation, { ...input, ...blobs });

      const actual = lastRecord(lab);
      expect(actual).toMatchObject({ eventVersion: record.eventVersion, eventName: operation });
      expect(actual?.errorCode).toBeUndefined();
      const actualShape = shape(actual);
      // Some documented records are older and lack the type of their resources.
      const documentedShape = shape(record).add("/resources/0/type: string");
      expect(actualShape).toEqual(documentedShape);
    },
  );

  it("names the caller, the call, its time and its key", async () => {
    const lab = startTrail();
    const { accessKeyId } = lab.identities.addRoleSession({
      roleName: "cipherwatch-service",
      sessionName: "task",
    });
    const input = { KeyId: "alias/key1", Plaintext: "aGk=", EncryptionContext: { Record: "R1" } };
    await lab.call("kms", "Encrypt", input, { accessKeyId });
    expect(lastRecord(lab)).toMatchObject({
      eventTime: "2026-11-20T00:00:00Z",
      eventSource: "kms.amazonaws.com",
      awsRegion: ACCOUNT.region,
      userIdentity: {
        type: "AssumedRole",
        sessionContext: {
          sessionIssuer: { arn: `arn:aws:iam::${ACCOUNT.accountId}:role/cipherwatch-service` },
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
      resources: [{ accountId: ACCOUNT.accountId, type: "AWS::KMS::Key", ARN: FIRST_KEY.arn }],
      recipientAccountId: ACCOUNT.accountId,
    });
  });

  it("has the request and the key but no message for a wrong encryption context", async () => {
    const lab = startTrail();
    const CiphertextBlob = await encrypt(lab, FIRST_KEY.arn, { record: "1" });
    await lab.call("kms", "Decrypt", { CiphertextBlob, EncryptionContext: { record: "2" } });
    const record = lastRecord(lab);
    expect(record).toMatchObject({
      errorCode: "InvalidCiphertextException",
      requestParameters: {
        encryptionAlgorithm: "SYMMETRIC_DEFAULT",
        encryptionContext: { record: "2" },
      },
      resources: [{ ARN: FIRST_KEY.arn }],
    });
    expect(record).not.toHaveProperty("errorMessage");
    expect(record).not.toHaveProperty("additionalEventData");
    expect(record).not.toHaveProperty("tlsDetails");
  });

  it("has the request, the key and a message for a wrong key, a dry run and a key pending deletion", async () => {
    const lab = startTrail();
    const CiphertextBlob = await encrypt(lab, FIRST_KEY.arn);
    await lab.call("kms", "Decrypt", { CiphertextBlob, KeyId: SECOND_KEY.arn });
    expect(lastRecord(lab)).toMatchObject({
      errorCode: "IncorrectKeyException",
      errorMessage:
        "The key ID in the request does not identify a CMK that can perform this operation.",
      requestParameters: { keyId: SECOND_KEY.arn },
      resources: [{ ARN: SECOND_KEY.arn }],
    });
    await lab.call("kms", "Encrypt", { KeyId: FIRST_KEY.arn, Plaintext: "aGk=", DryRun: true });
    expect(lastRecord(lab)).toMatchObject({
      errorCode: "DryRunOperationException",
      requestParameters: { keyId: FIRST_KEY.arn, dryRun: true },
      additionalEventData: { keyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) },
      resources: [{ ARN: FIRST_KEY.arn }],
    });
    await lab.call("kms", "ScheduleKeyDeletion", { KeyId: FIRST_KEY.arn });
    await lab.call("kms", "Decrypt", { CiphertextBlob });
    expect(lastRecord(lab)).toMatchObject({
      errorCode: "KMSInvalidStateException",
      errorMessage: `${FIRST_KEY.arn} is pending deletion.`,
      requestParameters: { encryptionAlgorithm: "SYMMETRIC_DEFAULT" },
      resources: [{ ARN: FIRST_KEY.arn }],
    });
  });

  it.each([
    ["NotFoundException", { KeyId: "alias/unknown", Plaintext: "aGk=" }, /is not found\.$/],
    [
      "AccessDenied",
      { KeyId: FIRST_KEY.arn.replace(ACCOUNT.accountId, "999999999999"), Plaintext: "aGk=" },
      /not authorized/,
    ],
  ])("has neither the request nor a key for %s", async (errorCode, input, errorMessage) => {
    const lab = startTrail();
    await lab.call("kms", "Encrypt", input);
    const record = lastRecord(lab);
    expect(record).toMatchObject({
      errorCode,
      errorMessage: expect.stringMatching(errorMessage),
      requestParameters: null,
      responseElements: null,
    });
    expect(record).not.toHaveProperty("resources");
  });

  it("for a change, names the changed key and is not read-only", async () => {
    const lab = startTrail();
    await lab.call("kms", "DisableKey", { KeyId: FIRST_KEY.keyId });
    expect(lastRecord(lab)).toMatchObject({
      requestParameters: { keyId: FIRST_KEY.keyId },
      responseElements: { keyId: FIRST_KEY.arn },
      readOnly: false,
    });
    await lab.call("kms", "ScheduleKeyDeletion", { KeyId: FIRST_KEY.arn, PendingWindowInDays: 20 });
    expect(lastRecord(lab)).toMatchObject({
      requestParameters: { keyId: FIRST_KEY.arn, pendingWindowInDays: 20 },
      responseElements: {
        keyId: FIRST_KEY.arn,
        keyState: "PendingDeletion",
        pendingWindowInDays: 20,
        deletionDate: "Dec 10, 2026, 12:00:00 AM",
      },
    });
    await lab.call("kms", "ListAliases");
    expect(lastRecord(lab)).toMatchObject({
      readOnly: true,
      requestParameters: null,
      resources: [],
    });
  });

  it("does not exist for invalid requests", async () => {
    const lab = startTrail();
    const invalid = await lab.call("kms", "Encrypt", { KeyId: FIRST_KEY.arn, Plaintext: "" });
    expect(invalid).toMatchObject({ code: "ValidationException" });
    const unreadable = await lab.call("kms", "Encrypt", { KeyId: FIRST_KEY.arn, Plaintext: 5 });
    expect(unreadable).toMatchObject({ code: "SerializationException" });
    expect(lab.trail.recent(10)).toEqual([]);
  });

  it("contains no plaintext, ciphertext or grant token", async () => {
    const lab = startTrail();
    const secret = base64(Buffer.from("I love Pizza"));
    const GrantTokens = ["c2VjcmV0LWdyYW50LXRva2Vu"];
    const secrets = [secret, "I love Pizza", ...GrantTokens];
    const collect = (output: AwsStructure | AwsError) => {
      const { CiphertextBlob, Plaintext } = output as AwsStructure;
      if (CiphertextBlob instanceof Uint8Array) secrets.push(base64(CiphertextBlob));
      if (Plaintext instanceof Uint8Array) secrets.push(base64(Plaintext));
      return base64(CiphertextBlob ?? Buffer.alloc(0));
    };
    const ciphertext = collect(
      await lab.call("kms", "Encrypt", { KeyId: FIRST_KEY.arn, Plaintext: secret, GrantTokens }),
    );
    collect(await lab.call("kms", "Decrypt", { CiphertextBlob: ciphertext, GrantTokens }));
    collect(await lab.call("kms", "GenerateDataKey", { KeyId: FIRST_KEY.arn, KeySpec: "AES_256" }));
    collect(
      await lab.call("kms", "ReEncrypt", {
        CiphertextBlob: ciphertext,
        DestinationKeyId: SECOND_KEY.arn,
      }),
    );
    await lab.call("kms", "Decrypt", { CiphertextBlob: ciphertext, KeyId: SECOND_KEY.arn });
    await lab.call("kms", "DescribeKey", { KeyId: FIRST_KEY.arn, Plaintext: secret });
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

describe("record of another service's call", () => {
  it("has parameters in CloudTrail's format", async () => {
    const lab = startTrail();
    await lab.call("cloudwatch", "SetAlarmState", { AlarmName: "kms-errors", StateValue: "OK" });
    expect(lastRecord(lab)).toMatchObject({
      eventSource: "monitoring.amazonaws.com",
      requestParameters: { alarmName: "kms-errors", stateValue: "OK" },
      responseElements: null,
      readOnly: false,
    });
    await lab.call("cloudwatch", "DescribeAlarms", {
      AlarmNames: ["a"],
      StartDate: new Date("2026-11-20T15:04:05Z"),
    });
    expect(lastRecord(lab)).toMatchObject({
      requestParameters: { alarmNames: ["a"], startDate: "Nov 20, 2026, 3:04:05 PM" },
      readOnly: true,
    });
    await lab.call("sts", "GetCallerIdentity");
    expect(lastRecord(lab)).toMatchObject({
      eventSource: "sts.amazonaws.com",
      requestParameters: null,
      readOnly: true,
    });
    await lab.call(
      "cloudwatch",
      "DescribeAlarms",
      { StateValue: "BAD" },
      {
        respond: () => {
          throw new AwsError("ValidationException", "1 validation error detected");
        },
      },
    );
    expect(lastRecord(lab)).toMatchObject({
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
  ])("does not exist for the data event %s %s", async (service, operation) => {
    const lab = startTrail();
    await lab.call(service, operation, { message: "x" });
    expect(lab.trail.recent(1)).toEqual([]);
  });
});
