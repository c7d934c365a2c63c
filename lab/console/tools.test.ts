import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Aws } from "../aws/aws.ts";
import { consoleSources, testConsole } from "../testing/console.ts";
import { deploymentOf } from "../testing/deployment.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { startTestAws } from "../testing/start-aws.ts";
import type { ReplayInput } from "./replay/run.ts";
import { MAX_EVENTS } from "./workbench/events.ts";

const ORIGIN = "http://127.0.0.1:8090";
const HOSTILE = `<img src=x onerror=alert(1)>`;
const REPORT = "<!doctype html><style>p{}</style><p>Report</p>";
const MEGABYTE = 1024 * 1024;

const clock = manualClock(Date.UTC(2026, 2, 2, 9, 0, 0));
let folder: string;
let aws: Aws;
let app: Hono;
let token: string;
let inputs: ReplayInput[] = [];
let finishReplay: Promise<void> = Promise.resolve();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-tools-"));
  const deployment = deploymentOf();
  aws = await startTestAws({ deployment, clock, folder });
  app = testConsole(consoleSources(aws, deployment, clock), async (input) => {
    inputs.push(input);
    await finishReplay;
    if (input.roleArn === "bad") throw new Error("--role-arn must be the ARN of an IAM role");
    return REPORT;
  });
  const page = await (await app.request(`${ORIGIN}/workbench`)).text();
  token = /name="console-token" content="([^"]+)"/.exec(page)?.[1] ?? "";
});
afterAll(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

function tryPattern(pattern: string, events: object): Promise<Response> {
  return Promise.resolve(
    app.request(`${ORIGIN}/api/workbench`, {
      method: "POST",
      headers: { "X-Console-Token": token },
      body: JSON.stringify({ pattern, events }),
    }),
  );
}
const resultOf = async (pattern: string, text: string) =>
  (await tryPattern(pattern, { from: "pasted", text })).text();

describe("the filter workbench", () => {
  it("begins with a deployed pattern that matches its examples as expected", async () => {
    const page = await (await app.request(`${ORIGIN}/workbench`)).text();
    expect(page).toMatch(/id="workbench-summary">\d+ of \d+ events match\.</);
    expect(page).not.toContain("but must");
  });

  it("explains which clause a pasted record fails", async () => {
    const record = { eventName: "Decrypt", userIdentity: { arn: "me" } };
    const page = await resultOf(
      '{ $.eventName = "Decrypt" && $.errorCode = "*" }',
      JSON.stringify(record),
    );
    expect(page).toContain("0 of 1 events match.");
    expect(page).toContain("$.errorCode = &quot;*&quot;");
    expect(page).toContain("not in the record");
    expect(page).toContain('<mark class="met">&quot;Decrypt&quot;</mark>');
  });

  it.each([
    ['{"Records":[{"a":1},{"a":2}]}', 2],
    ['[{"a":1},{"a":2}]', 2],
    ['{"a":1}\n{"a":2}\n\n{"a":1}', 3],
    ['{\n"a": 1\n}', 1],
    ["a plain line\nanother", 2],
  ])("reads %j", async (text, count) => {
    expect(await resultOf("{ $.a = 1 }", text)).toMatch(new RegExp(`\\d of ${count} events match`));
  });

  it("shows AWS's error and marks the column", async () => {
    const page = await resultOf("{ $.eventName =\n  1 && }", "{}");
    expect(page).toContain("InvalidParameterException: Invalid metric filter pattern");
    expect(page).toContain("Line 2, column 8.");
    expect(page).toContain('<mark class="unmet">}</mark>');
  });

  it("marks the end of an incomplete pattern", async () => {
    const page = await resultOf('{ $.eventName = "x', "{}");
    expect(page).toContain("must end with");
    expect(page).toContain('<mark class="unmet">␣</mark>');
  });

  it("warns of parts that AWS does not document", async () => {
    expect(await resultOf('{ $.a = "x*y" }', "{}")).toContain("AWS documents * only at the start");
  });

  it.each([
    [
      `{ $.a = "${HOSTILE}" }`,
      JSON.stringify({ a: HOSTILE, [HOSTILE]: HOSTILE, eventName: HOSTILE }),
    ],
    [HOSTILE, HOSTILE],
    [`{ $.a = ${HOSTILE} }`, "{}"],
    ["{ $.a = 1 }", `{"a": ${HOSTILE}`],
  ])("shows hostile text as text: %s", async (pattern, text) => {
    const page = await resultOf(pattern, text);
    expect(page).toContain("&lt;");
    expect(page).not.toContain("<img");
  });

  it("limits the number and the size of pasted events", async () => {
    const many = JSON.stringify(Array.from({ length: MAX_EVENTS + 1 }, () => ({})));
    expect(await resultOf("{ $.a = 1 }", many)).toContain(`paste at most ${MAX_EVENTS}`);
    const large = await tryPattern("{ $.a = 1 }", { from: "pasted", text: "x".repeat(MEGABYTE) });
    expect(large.status).toBe(413);
    expect(await large.text()).toContain("more than 1 MB");
  });

  it("reports invalid JSON with its position", async () => {
    expect(await resultOf("{ $.a = 1 }", '{\n  "a": 1,,\n}')).toMatch(
      /not valid JSON: .*position 11/,
    );
  });

  it("rejects an unknown selection, record or detection", async () => {
    expect((await tryPattern("", { from: "disk" })).status).toBe(422);
    const gone = await tryPattern("", { from: "record", recordId: "x" });
    expect(await gone.text()).toContain("no longer holds this record");
    const unknown = await tryPattern("", { from: "examples", detection: "constructor" });
    expect(await unknown.text()).toContain("Unknown detection");
  });

  it("requires the token", async () => {
    const response = await app.request(`${ORIGIN}/api/workbench`, { method: "POST", body: "{}" });
    expect(response.status).toBe(403);
  });
});

describe("the replay of files", () => {
  const file = (name: string, content = '{"Records":[]}') => new File([content], name);

  function upload(
    files: readonly File[],
    fields: Record<string, string> = {},
    headers: Record<string, string> = { "X-Console-Token": token },
  ): Promise<Response> {
    const body = new FormData();
    for (const each of files) body.append("files", each);
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    const init = { method: "POST", headers, body };
    return Promise.resolve(app.request(`${ORIGIN}/api/replay`, init));
  }

  it("replays the files with the role and the key, and keeps the report under a random id", async () => {
    inputs = [];
    const response = await upload([file("a.json"), file("b.json.gz")], {
      roleArn: " role ",
      keyArn: "",
    });
    const { id } = (await response.json()) as { id: string };
    expect(inputs[0]).toMatchObject({ roleArn: "role", keyArn: "" });
    expect(inputs[0]?.files.map(({ name }) => name)).toEqual(["a.json", "b.json.gz"]);
    const report = await app.request(`${ORIGIN}/replay/reports/${id}`);
    expect(await report.text()).toBe(REPORT);
    expect(report.headers.get("Content-Security-Policy")).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox",
    );
    expect(report.headers.get("X-Frame-Options")).toBe("SAMEORIGIN");
    expect((await app.request(`${ORIGIN}/replay/reports/guess`)).status).toBe(404);
  });

  it.each([
    [[], "Choose at least one CloudTrail file"],
    [[file("notes.txt")], '"notes.txt" is not a CloudTrail file'],
    [Array.from({ length: 201 }, () => file("a.json")), "201 files with 0.0 MB are too much"],
  ])("rejects the files %j", async (files, message) => {
    inputs = [];
    const response = await upload(files);
    expect(response.status).toBe(422);
    expect(await response.text()).toContain(message);
    expect(inputs).toEqual([]);
  });

  it("rejects an upload above the limit", async () => {
    const headers = { "X-Console-Token": token, "Content-Length": String(66 * MEGABYTE) };
    const response = await upload([file("a.json")], {}, headers);
    expect(response.status).toBe(413);
    expect(await response.text()).toContain("npm run replay -- FOLDER");
  });

  it("returns the error of the replay", async () => {
    const response = await upload([file("a.json")], { roleArn: "bad" });
    expect(response.status).toBe(422);
    expect(await response.text()).toBe("--role-arn must be the ARN of an IAM role");
  });

  it("runs one replay at a time", async () => {
    let finish = (): void => {};
    finishReplay = new Promise((resolve) => {
      finish = resolve;
    });
    const first = upload([file("a.json")]);
    const second = await upload([file("b.json")]);
    expect(second.status).toBe(409);
    finish();
    expect((await first).status).toBe(200);
  });

  it("replays the lab's own trail once it has records", async () => {
    const empty = await upload([], { source: "trail" });
    expect(await empty.text()).toContain("has no records yet");
    const { trail } = deploymentOf();
    const message = JSON.stringify({ eventID: "1", eventName: "Decrypt" });
    aws.services.logs.ingest(trail.logGroupName, "test", [{ message, timestamp: clock.now() }]);
    inputs = [];
    expect((await upload([], { source: "trail" })).status).toBe(200);
    expect(await inputs[0]?.files[0]?.text()).toBe(`{"Records":[${message}]}`);
  });

  it.each([{}, { Origin: "https://attacker.example" }])(
    "rejects an upload without the token or from another origin: %o",
    async (headers) => {
      const all = "Origin" in headers ? { ...headers, "X-Console-Token": token } : headers;
      expect((await upload([file("a.json")], {}, all as Record<string, string>)).status).toBe(403);
    },
  );
});
