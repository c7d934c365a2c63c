import { cbor, dateToTag } from "@smithy/core/cbor";
import { describe, expect, it } from "vitest";
import { failWith, OUTPUT, spy, startTestEndpoint, TIME } from "../testing/endpoint.ts";

describe("RPC v2 CBOR", () => {
  const path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";

  it("encodes timestamps with tag 1 and blobs as bytes", async () => {
    const { operation, inputs } = spy({ ...OUTPUT, Real: 1.5 });
    const lab = await startTestEndpoint({ cloudwatch: { DescribeAlarms: operation } });
    const response = await lab.rpc(path, {
      StartDate: dateToTag(TIME),
      Names: ["a"],
      Nested: { Value: 2.5, Blob: Buffer.from("hi") },
      Nothing: null,
    });
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({
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
    expect(cbor.deserialize(response.body)).toMatchObject({
      Time: { tag: 1, value: 1795136523.5 },
      Blob: Buffer.from("hi"),
      List: [{ A: 1 }],
      Flag: false,
      Real: 1.5,
    });
  });

  it("returns errors as CBOR with the Query code in a header", async () => {
    const lab = await startTestEndpoint({
      cloudwatch: { DescribeAlarms: failWith("InvalidParameterValue", "bad") },
    });
    const response = await lab.rpc(path, {});
    expect(response.status).toBe(400);
    expect(cbor.deserialize(response.body)).toEqual({
      __type: "InvalidParameterValueException",
      message: "bad",
    });
    expect(response.headers["x-amzn-query-error"]).toBe("InvalidParameterValue;Sender");
  });

  it.each([Buffer.from([0x80]), Buffer.from([0xbf]), Buffer.from("bb00000000ffffffff", "hex")])(
    "rejects a body that is not a map (%#)",
    async (body) => {
      const lab = await startTestEndpoint({ cloudwatch: { DescribeAlarms: spy().operation } });
      const response = await lab.rpc(path, body);
      expect(cbor.deserialize(response.body)).toMatchObject({ __type: "SerializationException" });
    },
  );
});
