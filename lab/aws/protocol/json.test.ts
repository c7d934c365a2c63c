import { describe, expect, it } from "vitest";
import { failWith, OUTPUT, spy, startTestEndpoint } from "../testing/endpoint.ts";

describe("AWS JSON", () => {
  it("encodes timestamps as seconds and blobs as base64, in the requested version", async () => {
    const { operation, inputs } = spy(OUTPUT);
    const lab = await startTestEndpoint({ logs: { DescribeLogGroups: operation } });
    const response = await lab.json("Logs_20140328.DescribeLogGroups", { limit: 5, list: ["x"] });
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({
      "content-type": "application/x-amz-json-1.1",
      "x-amzn-requestid": lab.recorded[0]?.call.requestId,
    });
    expect(JSON.parse(response.text)).toEqual({
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
  ])("routes %s to its service", async (target) => {
    const lab = await startTestEndpoint();
    expect((await lab.json(target, {})).text).toMatch(
      /Supported operations of (kms|logs|cloudtrail|cloudwatch): /,
    );
  });

  it("returns errors as JSON, without an empty message", async () => {
    const lab = await startTestEndpoint({
      logs: { A: failWith("ResourceNotFoundException", "no group"), B: failWith("Silent", "") },
    });
    const response = await lab.json("Logs_20140328.A", {});
    expect(response.status).toBe(400);
    expect(JSON.parse(response.text)).toEqual({
      __type: "ResourceNotFoundException",
      message: "no group",
    });
    expect(response.headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
    expect((await lab.json("Logs_20140328.B", {})).text).toBe('{"__type":"Silent"}');
  });

  it.each(["{", "[]", "null", "5", '"secret', Buffer.from([0x7b, 0xff, 0x7d]).toString("latin1")])(
    "rejects a body that is not an object (%#), without quoting it",
    async (body) => {
      const lab = await startTestEndpoint();
      const response = await lab.json("TrentService.ListKeys", body);
      expect(response.status).toBe(400);
      expect(JSON.parse(response.text)).toMatchObject({ __type: "SerializationException" });
      expect(response.text).not.toContain("secret");
      expect(lab.recorded).toEqual([]);
    },
  );
});
