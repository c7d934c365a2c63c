import { describe, expect, test } from "vitest";
import { KmsUnavailable } from "./kms.ts";
import { useService } from "./testing/fixture.ts";
import { KEY_ARN } from "./testing/memory-kms.ts";

const fixture = useService();

describe("health", () => {
  test("returns the text OK for GET /", async () => {
    const { status, text, headers } = await fixture.service.request("/");
    expect({ status, text }).toEqual({ status: 200, text: "OK" });
    expect(headers.get("content-type")).toMatch(/^text\/plain/);
  });

  test("reports both dependencies on /readyz, calling KMS at most once in five seconds", async () => {
    const before = fixture.service.kms.calls.length;
    for (let n = 0; n < 5; n++) {
      const { status, json } = await fixture.service.request("/readyz");
      expect(status).toBe(200);
      expect(json).toEqual({ Status: "ready", Checks: { Database: "ok", Kms: "ok" } });
    }
    expect(fixture.service.kms.calls.slice(before)).toEqual([
      { operation: "checkKey", keyArn: KEY_ARN, context: {} },
    ]);
  });

  test("names the unavailable dependency on /readyz, while /healthz stays ok", async () => {
    fixture.service.kms.interrupt = () => {
      throw new KmsUnavailable("KeyStateDisabled", undefined);
    };
    const { status, json } = await fixture.service.request("/readyz");
    expect(status).toBe(503);
    expect(json).toMatchObject({
      Message: "Not ready: Kms unavailable.",
      Code: "NotReady",
      Checks: { Database: "ok", Kms: "unavailable" },
    });
    expect(fixture.service.lines.at(-1)).toMatchObject({ reason: "KeyStateDisabled" });
    expect((await fixture.service.request("/healthz")).json).toEqual({ Status: "ok" });
    expect((await fixture.service.request("/")).status).toBe(200);
  });

  test("fails /readyz once the process is stopping, so that traffic goes elsewhere", async () => {
    fixture.service.draining.value = true;
    const { status, json, headers } = await fixture.service.request("/readyz");
    expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "NotReady" });
    expect(headers.get("Connection")).toBe("close");
  });
});

describe("every response", () => {
  test("has a request id: the caller's if it is safe to log, otherwise a new one", async () => {
    for (const id of [
      "Root=1-67891233-abcdef012345678912345678",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "01ARZ3NDEKTSV4RRFFQ69G5FAV",
      "a",
    ]) {
      const { headers } = await fixture.service.request("/", { headers: { "X-Request-Id": id } });
      expect(headers.get("X-Request-Id")).toBe(id);
      expect(fixture.service.lines.at(-1)).toMatchObject({ requestId: id });
    }
    for (const id of [
      "",
      "x".repeat(33),
      `cwk_${"A".repeat(64)}`,
      "A9_-".repeat(11),
      "0".repeat(65),
      'a"b',
      "a b",
      "{}",
    ]) {
      const { headers } = await fixture.service.request("/", { headers: { "X-Request-Id": id } });
      expect(headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test("has the request id in the body of an error", async () => {
    const { json } = await fixture.service.post("/encrypt", "", { "X-Request-Id": "abc" });
    expect(json.RequestId).toBe("abc");
  });

  test("forbids caching and framing, and does not name the server software", async () => {
    for (const path of ["/", "/nowhere", "/decrypt", "/openapi.json"]) {
      const { headers } = await fixture.service.request(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "strict-transport-security": expect.stringContaining("max-age="),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
      });
      expect(headers.has("server")).toBe(false);
      expect(headers.has("x-powered-by")).toBe(false);
    }
  });
});

describe("the access log", () => {
  test("has one line per request with route, status, duration, KMS request id and metrics", async () => {
    const key = await fixture.service.encrypt("Stephen", "one");
    fixture.service.lines.length = 0;
    await fixture.service.post("/decrypt", { Name: "Stephen", Key: key });
    await fixture.service.post("/decrypt", { Name: "Stephen", Key: "wrong" });
    const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
    const line = {
      level: "info",
      msg: "request",
      requestId: uuid,
      kmsRequestId: uuid,
      route: "/decrypt",
      method: "POST",
      duration: expect.any(Number),
      Service: "api",
      Requests: 1,
      Latency: expect.any(Number),
      ServerErrors: 0,
      Decrypts: 1,
      TamperedRecords: 0,
      UnreadableRecords: 0,
    };
    expect(fixture.service.lines).toMatchObject([
      { ...line, status: 200, DecryptDenied: 0 },
      { ...line, status: 403, DecryptDenied: 1, code: "DecryptionFailed" },
    ]);
    expect(fixture.service.lines[1]?._aws).toMatchObject({
      CloudWatchMetrics: [
        {
          Namespace: "Cipherwatch",
          Metrics: expect.arrayContaining([
            { Name: "DecryptDenied", Unit: "Count", StorageResolution: 1 },
          ]),
        },
      ],
    });
  });

  test("has the route instead of the requested path, and no metrics for health checks", async () => {
    fixture.service.lines.length = 0;
    await fixture.service.request("/decrypt/Stephen?Key=secret");
    await fixture.service.request("/?Name=Stephen");
    expect(fixture.service.lines).toMatchObject([
      { route: "unmatched", status: 404, Requests: 1 },
      { route: "/", status: 200 },
    ]);
    expect(fixture.service.lines[1]).not.toHaveProperty("_aws");
    expect(JSON.stringify(fixture.service.lines)).not.toMatch(/Stephen|secret/);
  });
});
