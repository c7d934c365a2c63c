import { networkInterfaces } from "node:os";
import { gzipSync } from "node:zlib";
import { cbor } from "@smithy/core/cbor";
import { describe, expect, it } from "vitest";
import { manualClock } from "../../testing/manual-clock.ts";
import type { Operation } from "../shared/operation.ts";
import { createIdentities } from "../sts/identities.ts";
import { ACCOUNT, UNRESTRICTED } from "../testing/account.ts";
import { KEY, signed, spy, startTestEndpoint } from "../testing/endpoint.ts";
import { startEndpoint } from "./endpoint.ts";

describe("unsupported operations", () => {
  it("are rejected with the supported ones", async () => {
    const lab = await startTestEndpoint({ sns: { Publish: spy().operation } });
    const operation = await lab.json("TrentService.CreateKey", {});
    expect(operation.status).toBe(400);
    expect(JSON.parse(operation.text)).toMatchObject({
      __type: "UnknownOperationException",
      message: expect.stringMatching(
        /^The lab does not support kms CreateKey\. Supported operations of kms: Encrypt, .+\. To call AWS itself, unset AWS_ENDPOINT_URL\.$/,
      ),
    });
    const service = await lab.json("DynamoDB_20120810.ListTables", {});
    expect(JSON.parse(service.text).message).toMatch(
      /^The lab does not support DynamoDB_20120810\.ListTables\. Supported services: kms, /,
    );
    for (const [signingName, displayName] of [
      ["sns", "sns ListTopics"],
      ["ec2", "ec2 ListTopics"],
    ] as const) {
      const { text } = await lab.query(signingName, "Action=ListTopics");
      expect(text).toContain("<Code>InvalidAction</Code>");
      expect(text).toContain(`The lab does not support ${displayName}.`);
    }
    const unknown = await lab.rpc("/service/Unknown/operation/Unknown", {});
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
  ])("include properties that every object inherits: %j", async (target) => {
    const lab = await startTestEndpoint();
    const { text } = await lab.json(target, {});
    expect(text).toContain("UnknownOperationException");
  });
});

describe("endpoint requests", () => {
  it("are rejected if they nest too deep, without an internal error", async () => {
    const { operation, inputs } = spy();
    const lab = await startTestEndpoint({ logs: { DescribeLogGroups: operation } });
    const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    const { status, text } = await lab.json("Logs_20140328.DescribeLogGroups", nested(100_000));
    expect({ status, ...JSON.parse(text) }).toMatchObject({
      status: 400,
      __type: "SerializationException",
    });
    expect({ inputs, errors: lab.errors }).toEqual({ inputs: [], errors: [] });
    expect((await lab.json("Logs_20140328.DescribeLogGroups", nested(60))).status).toBe(200);
  });

  it("are rejected without credentials, in the format of each protocol", async () => {
    const lab = await startTestEndpoint();
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

  it("are accepted with any credentials and recorded with their caller", async () => {
    const lab = await startTestEndpoint();
    await lab.json("TrentService.ListKeys", {}, { "user-agent": "test/1" });
    expect(lab.recorded).toMatchObject([
      {
        service: "kms",
        call: {
          operation: "ListKeys",
          caller: { accessKeyId: "alice" },
          region: ACCOUNT.region,
          sourceIpAddress: "127.0.0.1",
          userAgent: "test/1",
        },
        input: {},
      },
    ]);
    await lab.json("TrentService.DisableKey", { KeyId: "nope" });
    expect(lab.recorded[1]?.result).toMatchObject({ error: { code: "NotFoundException" } });
    await lab.json("TrentService.DisableKey", { KeyId: KEY.keyId });
    expect(lab.recorded[2]?.audit).toEqual({
      resources: [{ arn: KEY.arn, type: "AWS::KMS::Key" }],
    });
  });

  it("are recorded before the response", async () => {
    const events: string[] = [];
    const lab = await startTestEndpoint({ logs: { Slow: async () => ({}) } });
    lab.recorded.push = (...calls) => {
      events.push("recorded");
      return calls.length;
    };
    await lab.json("Logs_20140328.Slow", {});
    events.push("responded");
    expect(events).toEqual(["recorded", "responded"]);
  });

  it("receive no details of an internal error", async () => {
    const internalError = new Error("secret detail");
    const lab = await startTestEndpoint({
      logs: {
        Break: () => {
          throw internalError;
        },
      },
    });
    const response = await lab.json("Logs_20140328.Break", {});
    expect(response.status).toBe(500);
    expect(JSON.parse(response.text)).toMatchObject({ __type: "InternalFailure" });
    expect(response.text).not.toContain("secret");
    expect(lab.errors).toEqual([internalError]);
  });

  it("may be gzip, and have at most 4 MiB", async () => {
    const { operation, inputs } = spy();
    const lab = await startTestEndpoint({ logs: { PutLogEvents: operation } });
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
    for (const response of [await put(tooLarge), await put(gzipSync(tooLarge), gzip)]) {
      expect(response.status).toBe(413);
      expect(JSON.parse(response.text)).toMatchObject({ __type: "RequestEntityTooLargeException" });
    }
    const broken = await put("not gzip", gzip);
    expect(JSON.parse(broken.text)).toMatchObject({ __type: "SerializationException" });
    expect(inputs).toHaveLength(2);
  });

  it("are rejected for a Host other than localhost", async () => {
    const lab = await startTestEndpoint();
    for (const host of ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example"]) {
      const response = await lab.json("TrentService.ListKeys", {}, { host });
      expect(response.status).toBe(403);
    }
    for (const host of ["localhost:4566", "kms.localhost"]) {
      expect((await lab.json("TrentService.ListKeys", {}, { host })).status).toBe(200);
    }
    expect(lab.recorded).toHaveLength(2);
  });
});

describe("endpoint", () => {
  it("listens on loopback only", async () => {
    const { endpoint } = await startTestEndpoint();
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

  it("keeps idle connections for a minute, so that no client reuses one that closes", async () => {
    const lab = await startTestEndpoint();
    const { headers } = await fetch(lab.endpoint.url);
    expect(headers.get("keep-alive")).toBe("timeout=60");
  });

  it("finishes in-flight requests and frees its port when closed", async () => {
    const entered = Promise.withResolvers<void>();
    const response = Promise.withResolvers<object>();
    const lab = await startTestEndpoint({
      logs: {
        Slow: () => {
          entered.resolve();
          return response.promise as ReturnType<Operation>;
        },
      },
    });
    const slow = lab.json("Logs_20140328.Slow", {});
    await entered.promise;
    const closed = lab.endpoint.close();
    response.resolve({});
    expect((await slow).status).toBe(200);
    await closed;
    await expect(lab.json("TrentService.ListKeys", {})).rejects.toThrow();
  });

  it("rejects with EADDRINUSE if the port is taken", async () => {
    const { endpoint } = await startTestEndpoint();
    const second = startEndpoint({
      port: endpoint.port,
      region: ACCOUNT.region,
      identities: createIdentities({ ...ACCOUNT, clock: manualClock(0) }),
      access: UNRESTRICTED,
      services: {},
      record: () => {},
      onError: () => {},
    });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
