import { describe, expect, test } from "vitest";
import { useService } from "./testing/fixture.ts";

const fixture = useService();

describe("an invalid request", () => {
  test.each([
    ["text/plain", "text/plain"],
    ["application/jsonp", "application/jsonp"],
    ["application/json; charset=latin1", "charset=latin1"],
    ["text/html<script>", "text/html<script>"],
  ])("is rejected with 415, naming the type, when the Content-Type is %s", async (type, named) => {
    const { status, json } = await fixture.service.post("/encrypt", "{}", { "Content-Type": type });
    expect({ status, Code: json.Code }).toEqual({ status: 415, Code: "UnsupportedMediaType" });
    expect(json.Message).toContain(named);
  });

  test("is rejected with 415 when it has no Content-Type", async () => {
    const { status, json } = await fixture.service.request("/encrypt", {
      method: "POST",
      body: Buffer.from("{}"),
    });
    expect(status).toBe(415);
    expect(json.Message).toBe(
      "The Content-Type must be application/json (charset UTF-8 only), but is missing.",
    );
  });

  test("is rejected with 415 when the body is compressed", async () => {
    const { status } = await fixture.service.post("/encrypt", "{}", { "Content-Encoding": "gzip" });
    expect(status).toBe(415);
  });

  test.each([
    'Application/JSON; charset="UTF-8"',
    "application/json;charset=utf8",
    "application/json;\tcharset=utf-8",
  ])("does not include one with Content-Type %j", async (named) => {
    const type = { "Content-Type": named };
    expect((await fixture.service.post("/encrypt", { Name: "n", Text: "t" }, type)).status).toBe(
      200,
    );
  });

  test.each([
    ["nothing", ""],
    ["half of an object", '{"Name":"Stephen","Text":"Piz'],
    ["a form", "Name=Stephen"],
    ["NaN", '{"Name":NaN}'],
  ])("is rejected with 400, without repeating the body, when the body is %s", async (_, body) => {
    const { status, json } = await fixture.service.post("/encrypt", body);
    expect({ status, Code: json.Code }).toEqual({ status: 400, Code: "MalformedJson" });
    expect(json.Message).toBe("The body is not valid JSON in UTF-8.");
  });

  test("is rejected with 400 when the body is not UTF-8", async () => {
    const body = Buffer.from([...Buffer.from('{"Name":"'), 0xff, ...Buffer.from('","Text":""}')]);
    const headers = { "Content-Type": "application/json" };
    expect(
      (await fixture.service.request("/encrypt", { method: "POST", headers, body })).status,
    ).toBe(400);
  });

  test.each([
    ["null", null],
    ["an array", [{ Name: "n" }]],
    ["a string", '"n"'],
  ])("is rejected with 422 when the body is %s", async (what, body) => {
    const { status, json } = await fixture.service.post("/encrypt", body);
    expect(status).toBe(422);
    expect(json.Message).toBe(`The body must be a JSON object with Name and Text, not ${what}.`);
  });

  test("is rejected with 422, naming the member, when a member is unknown", async () => {
    const { status, json } = await fixture.service.post("/encrypt", {
      Name: "n",
      Text: "t",
      Ttl: 60,
    });
    expect(status).toBe(422);
    expect(json.Message).toBe(
      'The body must have only Name, Text and ExpiresAt, but also has "Ttl".',
    );
    expect(await fixture.records()).toHaveLength(0);
  });

  test.each([
    '{"Name":"a","Name":"b","Text":"t"}',
    '{"Name":7,"Name":"b","Text":"t"}',
    '{"Name":"a","Text":"t","\\u004eame":"b"}',
    '{"Name":{"x":"y"},"Name":"b","Text":"t"}',
  ])("is rejected with 422 when a member is repeated: %s", async (body) => {
    const { status, json } = await fixture.service.post("/encrypt", body);
    expect(status).toBe(422);
    expect(json.Message).toBe("The body must not contain a member twice.");
    expect(await fixture.records()).toHaveLength(0);
  });

  test.each(['"', '\\"', "\\\\", '\\\\"', '"Name":"x"'])(
    "is not one because a Text contains %j",
    async (text) => {
      expect((await fixture.service.post("/encrypt", { Name: '\\"', Text: text })).status).toBe(
        200,
      );
    },
  );

  test("gets all validation errors in one response", async () => {
    const { json } = await fixture.service.post("/encrypt", {});
    expect(json.Message).toBe("Name is missing; Text is missing.");
  });

  test("is rejected with 404, without repeating the path, when the path is unknown", async () => {
    for (const path of ["/nowhere", "/Encrypt", "/encrypt/", "/constructor", "//encrypt"]) {
      const { status, json } = await fixture.service.request(path);
      expect({ status, Code: json.Code }).toEqual({ status: 404, Code: "NotFound" });
      expect(json.Message).not.toContain(path);
    }
  });

  test.each([
    ["GET", "/encrypt", "POST"],
    ["HEAD", "/decrypt", "GET, POST"],
    ["PUT", "/decrypt", "GET, POST"],
    ["OPTIONS", "/forget", "POST"],
    ["DELETE", "/", "GET, HEAD"],
  ])("is rejected with 405 and Allow for %s %s", async (method, path, allowed) => {
    const response = await fixture.service.app.request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe(allowed);
  });
});
