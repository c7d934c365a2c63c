import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { networkInterfaces } from "node:os";
import { gzipSync } from "node:zlib";
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  IncorrectKeyException,
  InvalidCiphertextException,
  KMSClient,
} from "@aws-sdk/client-kms";
import { cbor, dateToTag } from "@smithy/core/cbor";
import { afterEach, describe, expect, it } from "vitest";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { createKms } from "../kms/kms.ts";
import type { AuditedCall, Operation, Operations } from "../shared/operation.ts";
import { createIdentities } from "../sts/identities.ts";
import { createSts } from "../sts/sts.ts";
import { type Endpoint, startEndpoint } from "./endpoint.ts";

const REGION = "ap-southeast-2";
const ACCOUNT = "111122223333";
const TIME = new Date("2026-11-20T01:02:03.500Z");

const KEYS = [1, 2].map((digit) => {
  const keyId = `1234abcd-12ab-34cd-56ef-00000000000${digit}`;
  const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${keyId}`;
  return { address: "", keyId, arn, description: "", aliases: [`alias/key${digit}`] };
});

const open: Endpoint[] = [];
afterEach(async () => {
  for (const endpoint of open.splice(0)) await endpoint.close();
});

async function start(operations: Partial<Record<"logs" | "cloudwatch" | "sns", Operations>> = {}) {
  const clock = manualClock(TIME.getTime());
  const account = { accountId: ACCOUNT, region: REGION };
  const recorded: AuditedCall[] = [];
  const errors: unknown[] = [];
  const identities = createIdentities({ ...account, clock });
  const endpoint = await startEndpoint({
    port: 0,
    region: REGION,
    identities,
    services: {
      kms: createKms({ ...account, clock, keys: KEYS, journal: memoryJournal() }).operations,
      sts: createSts({ ...account, clock, identities }).operations,
      cloudtrail: {},
      logs: {},
      cloudwatch: {},
      sns: {},
      ...operations,
    },
    record: (call) => recorded.push(call),
    onError: (error) => errors.push(error),
  });
  open.push(endpoint);

  const send = (headers: Record<string, string>, body: string | Uint8Array, path = "/") =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer; text: string }>(
      (resolve, reject) => {
        const request = httpRequest(
          endpoint.url + path,
          { method: "POST", headers },
          (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.on("end", () => {
              const bytes = Buffer.concat(chunks);
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                body: bytes,
                text: bytes.toString(),
              });
            });
          },
        );
        request.on("error", reject);
        request.end(body);
      },
    );
  const json = (target: string, input: unknown, headers: Record<string, string> = {}) =>
    send(
      {
        authorization: signed("kms"),
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": target,
        ...headers,
      },
      typeof input === "string" ? input : JSON.stringify(input),
    );
  const query = (scope: string, form: string, headers: Record<string, string> = {}) =>
    send(
      {
        authorization: signed(scope),
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        ...headers,
      },
      form,
    );
  const rpc = (path: string, input: unknown) =>
    send(
      {
        authorization: signed("monitoring"),
        "content-type": "application/cbor",
        "smithy-protocol": "rpc-v2-cbor",
      },
      input instanceof Uint8Array ? input : cbor.serialize(input),
      path,
    );
  return { endpoint, recorded, errors, send, json, query, rpc };
}

const signed = (scope: string) =>
  `AWS4-HMAC-SHA256 Credential=alice/20261120/${REGION}/${scope}/aws4_request, SignedHeaders=host, Signature=0`;

/** An operation that keeps what it was given. */
function spy(answer: Awaited<ReturnType<Operation>> = {}) {
  const inputs: unknown[] = [];
  const operation: Operation = (input) => {
    inputs.push(input);
    return answer;
  };
  return { operation, inputs };
}

const refuse =
  (...refusal: ConstructorParameters<typeof AwsError>): Operation =>
  () => {
    throw new AwsError(...refusal);
  };

const TYPES = { Time: TIME, Blob: Buffer.from("hi"), No: undefined, List: [{ A: 1 }], Flag: false };

describe("JSON", () => {
  it("carries timestamps as seconds and blobs as base64, in the version that was asked in", async () => {
    const { operation, inputs } = spy(TYPES);
    const lab = await start({ logs: { DescribeLogGroups: operation } });
    const answer = await lab.json("Logs_20140328.DescribeLogGroups", { limit: 5, list: ["x"] });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "application/x-amz-json-1.1",
      "x-amzn-requestid": lab.recorded[0]?.call.requestId,
    });
    expect(JSON.parse(answer.text)).toEqual({
      Time: 1795136523.5,
      Blob: "aGk=",
      List: [{ A: 1 }],
      Flag: false,
    });
    expect(inputs).toEqual([{ limit: 5, list: ["x"] }]);
    const older = { "content-type": "application/x-amz-json-1.0" };
    const again = await lab.json("Logs_20140328.DescribeLogGroups", "", older);
    expect(again.headers["content-type"]).toBe("application/x-amz-json-1.0");
    expect(inputs[1]).toEqual({});
  });

  it.each([
    "TrentService.Op",
    "Logs_20140328.Op",
    "CloudTrail_20131101.Op",
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.Op",
    "GraniteServiceVersion20100801.Op",
  ])("reaches the service of %s", async (target) => {
    const lab = await start();
    expect((await lab.json(target, {})).text).toMatch(
      /Supported operations of (kms|logs|cloudtrail|cloudwatch): /,
    );
  });

  it("refuses in its own shape, with no message where the service gives none", async () => {
    const lab = await start({
      logs: { A: refuse("ResourceNotFoundException", "no group"), B: refuse("Silent", "") },
    });
    const answer = await lab.json("Logs_20140328.A", {});
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({
      __type: "ResourceNotFoundException",
      message: "no group",
    });
    expect(answer.headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
    expect((await lab.json("Logs_20140328.B", {})).text).toBe('{"__type":"Silent"}');
  });

  it.each(["{", "[]", "null", "5", '"secret', Buffer.from([0x7b, 0xff, 0x7d]).toString("latin1")])(
    "refuses a body that is no object (%#), without quoting it",
    async (body) => {
      const lab = await start();
      const answer = await lab.json("TrentService.ListKeys", body);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toMatchObject({ __type: "SerializationException" });
      expect(answer.text).not.toContain("secret");
      expect(lab.recorded).toEqual([]);
    },
  );
});

describe("Query", () => {
  it("turns dotted names into lists and maps, and answers in the service's XML", async () => {
    const { operation, inputs } = spy({
      MessageId: 'a<b&"c"\r\u0000',
      Time: TIME,
      List: ["x", { Key: "k" }],
      Empty: [],
      No: undefined,
    });
    const lab = await start({ sns: { Publish: operation } });
    const answer = await lab.query(
      "sns",
      "Action=Publish&Version=2010-03-31&Message=hi+%26+bye&List.member.2=b&List.member.10=c&List.member.1=a" +
        "&MessageAttributes.entry.1.Name=one&MessageAttributes.entry.1.Value.StringValue=1" +
        "&Attributes.entry.1.key=k&Attributes.entry.1.value=v" +
        "&Deep.member.1.Name=n&Deep.member.1.Values.member.1=x&__proto__=p",
    );
    expect(inputs).toEqual([
      Object.fromEntries([
        ["Message", "hi & bye"],
        ["List", ["a", "b", "c"]],
        ["MessageAttributes", { one: { StringValue: "1" } }],
        ["Attributes", { k: "v" }],
        ["Deep", [{ Name: "n", Values: ["x"] }]],
        ["__proto__", "p"],
      ]),
    ]);
    expect(answer.headers["content-type"]).toBe("text/xml");
    expect(answer.text).toBe(
      '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>' +
        "<MessageId>a&lt;b&amp;&quot;c&quot;&#xD;\ufffd</MessageId><Time>2026-11-20T01:02:03.500Z</Time>" +
        "<List><member>x</member><member><Key>k</Key></member></List><Empty></Empty></PublishResult>" +
        `<ResponseMetadata><RequestId>${answer.headers["x-amzn-requestid"]}</RequestId></ResponseMetadata></PublishResponse>`,
    );
  });

  it("answers STS", async () => {
    const lab = await start();
    const { text } = await lab.query("sts", "Action=GetCallerIdentity&Version=2011-06-15");
    expect(text).toContain('xmlns="https://sts.amazonaws.com/doc/2011-06-15/"');
    expect(text).toContain(`<Account>${ACCOUNT}</Account>`);
    expect(text).toContain(`<Arn>arn:aws:iam::${ACCOUNT}:user/alice</Arn>`);
  });

  it("refuses in its own shape", async () => {
    const lab = await start({ sns: { Publish: refuse("NotFound", "Topic <x>", 404) } });
    const answer = await lab.query("sns", "Action=Publish");
    expect(answer.status).toBe(404);
    expect(answer.text).toBe(
      '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>' +
        "<Code>NotFound</Code><Message>Topic &lt;x&gt;</Message></Error>" +
        `<RequestId>${answer.headers["x-amzn-requestid"]}</RequestId></ErrorResponse>`,
    );
  });

  it.each([
    "A=1&A.member.1=2",
    "A.member.1=2&A=1",
    "A.member.x=1",
    "A.entry.1=1",
    `${"a.".repeat(40)}b=1`,
    `${"a.".repeat(100_000)}b=1`,
  ])("refuses parameters that contradict each other (%#)", async (parameters) => {
    const { operation, inputs } = spy();
    const lab = await start({ sns: { Publish: operation } });
    const answer = await lab.query("sns", `Action=Publish&${parameters}`);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("<Code>MalformedInput</Code>");
    expect(inputs).toEqual([]);
  });
});

describe("RPC v2 CBOR", () => {
  const path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";

  it("carries timestamps and blobs as they are", async () => {
    const { operation, inputs } = spy({ ...TYPES, Real: 1.5 });
    const lab = await start({ cloudwatch: { DescribeAlarms: operation } });
    const answer = await lab.rpc(path, {
      StartDate: dateToTag(TIME),
      Names: ["a"],
      Nested: { Value: 2.5, Blob: Buffer.from("hi") },
      Nothing: null,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "application/cbor",
      "smithy-protocol": "rpc-v2-cbor",
    });
    expect(inputs).toEqual([
      {
        StartDate: TIME,
        Names: ["a"],
        Nested: { Value: 2.5, Blob: Buffer.from("hi") },
        Nothing: null,
      },
    ]);
    expect(cbor.deserialize(answer.body)).toMatchObject({
      Time: { tag: 1, value: 1795136523.5 },
      Blob: Buffer.from("hi"),
      List: [{ A: 1 }],
      Flag: false,
      Real: 1.5,
    });
  });

  it("refuses in its own shape", async () => {
    const lab = await start({
      cloudwatch: { DescribeAlarms: refuse("InvalidParameterValue", "bad") },
    });
    const answer = await lab.rpc(path, {});
    expect(answer.status).toBe(400);
    expect(cbor.deserialize(answer.body)).toEqual({
      __type: "InvalidParameterValueException",
      message: "bad",
    });
    expect(answer.headers["x-amzn-query-error"]).toBe("InvalidParameterValue;Sender");
  });

  it.each([Buffer.from([0x80]), Buffer.from([0xbf]), Buffer.from("bb00000000ffffffff", "hex")])(
    "refuses a body that is no map (%#)",
    async (body) => {
      const lab = await start({ cloudwatch: { DescribeAlarms: spy().operation } });
      const answer = await lab.rpc(path, body);
      expect(cbor.deserialize(answer.body)).toMatchObject({ __type: "SerializationException" });
    },
  );
});

describe("CloudWatch", () => {
  it("names an error by its shape, and in a header and in Query by its code", async () => {
    const lab = await start({
      cloudwatch: { SetAlarmState: refuse("MissingRequiredParameterException", "m") },
    });
    const json = await lab.json("GraniteServiceVersion20100801.SetAlarmState", {});
    expect(JSON.parse(json.text)).toMatchObject({ __type: "MissingRequiredParameterException" });
    expect(json.headers["x-amzn-query-error"]).toBe("MissingParameter;Sender");
    const query = await lab.query("monitoring", "Action=SetAlarmState");
    expect(query.text).toContain("<Code>MissingParameter</Code>");
    expect(query.text).toContain('xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"');
  });
});

describe("what the lab does not have", () => {
  it("is named, and with it what there is", async () => {
    const lab = await start({ sns: { Publish: spy().operation } });
    const operation = await lab.json("TrentService.CreateKey", {});
    expect(operation.status).toBe(400);
    expect(JSON.parse(operation.text)).toMatchObject({
      __type: "UnknownOperationException",
      message: expect.stringMatching(
        /^The lab does not support TrentService\.CreateKey\. Supported operations of kms: Encrypt, /,
      ),
    });
    const service = await lab.json("DynamoDB_20120810.ListTables", {});
    expect(JSON.parse(service.text).message).toMatch(
      /^The lab does not support DynamoDB_20120810\.ListTables\. Supported services: kms, /,
    );
    for (const [scope, named] of [
      ["sns", "sns ListTopics"],
      ["ec2", "ec2 ListTopics"],
    ] as const) {
      const { text } = await lab.query(scope, "Action=ListTopics");
      expect(text).toContain("<Code>InvalidAction</Code>");
      expect(text).toContain(`The lab does not support ${named}.`);
    }
    const unknown = await lab.rpc("/service/Nobody/operation/Nothing", {});
    expect(cbor.deserialize(unknown.body)).toMatchObject({ __type: "UnknownOperationException" });
    const rest = await lab.send({ authorization: signed("s3") }, "", "/bucket/key");
    expect(rest.headers["content-type"]).toBe("text/xml");
    expect(rest.text).toContain("<Code>InvalidAction</Code>");
    expect(rest.text).toContain("The lab does not support s3 /bucket/key.");
    const lambda = await lab.send({ authorization: signed("lambda") }, "", "/2015-03-31/functions");
    expect(JSON.parse(lambda.text)).toMatchObject({ __type: "UnknownOperationException" });
    expect(lab.recorded).toEqual([]);
  });

  it.each([
    "TrentService.constructor",
    "TrentService.toString",
    "constructor.x",
    ".ListKeys",
    "ListKeys",
    "",
  ])("includes what every object has: %j", async (target) => {
    const lab = await start();
    const { text } = await lab.json(target, {});
    expect(text).toContain("UnknownOperationException");
  });
});

describe("a request", () => {
  it("that nests without end is refused, and is no bug of ours", async () => {
    const { operation, inputs } = spy();
    const lab = await start({ logs: { DescribeLogGroups: operation } });
    const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    const { status, text } = await lab.json("Logs_20140328.DescribeLogGroups", nested(100_000));
    expect({ status, ...JSON.parse(text) }).toMatchObject({
      status: 400,
      __type: "SerializationException",
    });
    expect({ inputs, errors: lab.errors }).toEqual({ inputs: [], errors: [] });
    expect((await lab.json("Logs_20140328.DescribeLogGroups", nested(60))).status).toBe(200);
  });

  it("without credentials is refused in each protocol's shape", async () => {
    const lab = await start();
    const none = { authorization: "" };
    const json = await lab.json("TrentService.ListKeys", {}, none);
    expect(json.status).toBe(400);
    expect(JSON.parse(json.text)).toMatchObject({ __type: "MissingAuthenticationTokenException" });
    const query = await lab.query("sts", "Action=GetCallerIdentity", none);
    expect(query.status).toBe(403);
    expect(query.text).toContain("<Code>MissingAuthenticationToken</Code>");
    const basic = await lab.json("TrentService.ListKeys", {}, { authorization: "Basic YTpi" });
    expect(JSON.parse(basic.text)).toMatchObject({ __type: "IncompleteSignatureException" });
    expect(lab.recorded).toEqual([]);
  });

  it("is taken with any credentials, and recorded with whose they are", async () => {
    const lab = await start();
    await lab.json("TrentService.ListKeys", {}, { "user-agent": "test/1" });
    expect(lab.recorded).toMatchObject([
      {
        service: "kms",
        call: {
          operation: "ListKeys",
          caller: { accessKeyId: "alice" },
          region: REGION,
          sourceIpAddress: "127.0.0.1",
          userAgent: "test/1",
        },
        input: {},
      },
    ]);
    await lab.json("TrentService.DisableKey", { KeyId: "nope" });
    expect(lab.recorded[1]?.result).toMatchObject({ error: { code: "NotFoundException" } });
    await lab.json("TrentService.DisableKey", { KeyId: KEYS[0]?.keyId });
    expect(lab.recorded[2]?.audit).toEqual({
      resources: [{ arn: KEYS[0]?.arn, type: "AWS::KMS::Key" }],
    });
  });

  it("is recorded before it is answered", async () => {
    const events: string[] = [];
    const lab = await start({ logs: { Slow: async () => ({}) } });
    lab.recorded.push = (...calls) => {
      events.push("recorded");
      return calls.length;
    };
    await lab.json("Logs_20140328.Slow", {});
    events.push("answered");
    expect(events).toEqual(["recorded", "answered"]);
  });

  it("that meets a bug of ours is told nothing of it", async () => {
    const bug = new Error("secret detail");
    const lab = await start({
      logs: {
        Break: () => {
          throw bug;
        },
      },
    });
    const answer = await lab.json("Logs_20140328.Break", {});
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.text)).toMatchObject({ __type: "InternalFailure" });
    expect(answer.text).not.toContain("secret");
    expect(lab.errors).toEqual([bug]);
  });

  it("may be compressed, and as large as PutLogEvents gets, and no larger", async () => {
    const { operation, inputs } = spy();
    const lab = await start({ logs: { PutLogEvents: operation } });
    const put = (body: string | Uint8Array, headers = {}) =>
      lab.send(
        { authorization: signed("logs"), "x-amz-target": "Logs_20140328.PutLogEvents", ...headers },
        body,
      );
    const large = JSON.stringify({ message: '"'.repeat(1024 * 1024) });
    expect((await put(large)).status).toBe(200);
    const gzip = { "content-encoding": "gzip" };
    expect((await put(gzipSync(large), gzip)).status).toBe(200);
    expect(inputs[1]).toEqual(inputs[0]);

    const tooLarge = " ".repeat(4 * 1024 * 1024 + 1);
    for (const answer of [await put(tooLarge), await put(gzipSync(tooLarge), gzip)]) {
      expect(answer.status).toBe(413);
      expect(JSON.parse(answer.text)).toMatchObject({ __type: "RequestEntityTooLargeException" });
    }
    const broken = await put("not gzip", gzip);
    expect(JSON.parse(broken.text)).toMatchObject({ __type: "SerializationException" });
    expect(inputs).toHaveLength(2);
  });

  it("under another name than this machine's own is refused", async () => {
    const lab = await start();
    for (const host of ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example"]) {
      const answer = await lab.json("TrentService.ListKeys", {}, { host });
      expect(answer.status).toBe(403);
    }
    for (const host of ["localhost:4566", "kms.localhost"]) {
      expect((await lab.json("TrentService.ListKeys", {}, { host })).status).toBe(200);
    }
    expect(lab.recorded).toHaveLength(2);
  });
});

describe("the endpoint", () => {
  it("is on loopback only", async () => {
    const { endpoint } = await start();
    expect(endpoint.url).toBe(`http://127.0.0.1:${endpoint.port}`);
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4");
    for (const { address } of outside) {
      await expect(
        fetch(`http://${address}:${endpoint.port}/`, { signal: AbortSignal.timeout(5_000) }),
      ).rejects.toThrow();
    }
  });

  it("frees its port when it is closed, once open requests are answered", async () => {
    const entered = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<object>();
    const lab = await start({
      logs: {
        Slow: () => {
          entered.resolve();
          return answer.promise as ReturnType<Operation>;
        },
      },
    });
    const slow = lab.json("Logs_20140328.Slow", {});
    await entered.promise;
    const closed = open.pop()?.close();
    answer.resolve({});
    expect((await slow).status).toBe(200);
    await closed;
    await expect(lab.json("TrentService.ListKeys", {})).rejects.toThrow();
  });

  it("says so when its port is taken", async () => {
    const { endpoint } = await start();
    const second = startEndpoint({
      port: endpoint.port,
      region: REGION,
      identities: createIdentities({ accountId: ACCOUNT, region: REGION, clock: manualClock(0) }),
      services: { kms: {}, sts: {}, cloudtrail: {}, logs: {}, cloudwatch: {}, sns: {} },
      record: () => {},
      onError: () => {},
    });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("the AWS SDK", () => {
  async function client() {
    const lab = await start();
    const kms = new KMSClient({
      endpoint: lab.endpoint.url,
      region: REGION,
      credentials: { accessKeyId: "alice", secretAccessKey: "any" },
      maxAttempts: 1,
    });
    return { ...lab, kms };
  }
  const Plaintext = new TextEncoder().encode("I love Pizza");

  it("encrypts, decrypts and knows the refusals", async () => {
    const { kms } = await client();
    const EncryptionContext = { record: "1" };
    const { CiphertextBlob, KeyId } = await kms.send(
      new EncryptCommand({ KeyId: "alias/key1", Plaintext, EncryptionContext }),
    );
    expect(KeyId).toBe(KEYS[0]?.arn);
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(new TextDecoder().decode(opened.Plaintext)).toBe("I love Pizza");
    const decrypt = (input: object) =>
      kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, ...input }));
    await expect(decrypt({ EncryptionContext: {} })).rejects.toBeInstanceOf(
      InvalidCiphertextException,
    );
    await expect(decrypt({ KeyId: "alias/key2" })).rejects.toBeInstanceOf(IncorrectKeyException);
    await expect(kms.send(new CreateKeyCommand({}))).rejects.toMatchObject({
      name: "UnknownOperationException",
    });
    kms.destroy();
  });

  it("is served many calls at a time, each with its own answer and record", async () => {
    const { kms, recorded } = await client();
    const opened = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const EncryptionContext = { index: String(index) };
        const { CiphertextBlob } = await kms.send(
          new EncryptCommand({
            KeyId: "alias/key1",
            Plaintext: Buffer.from(`text ${index}`),
            EncryptionContext,
          }),
        );
        const { Plaintext: text } = await kms.send(
          new DecryptCommand({ CiphertextBlob, EncryptionContext }),
        );
        return Buffer.from(text ?? []).toString();
      }),
    );
    expect(opened).toEqual(Array.from({ length: 50 }, (_, index) => `text ${index}`));
    expect(recorded).toHaveLength(100);
    expect(new Set(recorded.map(({ call }) => call.requestId)).size).toBe(100);
    kms.destroy();
  });
});
