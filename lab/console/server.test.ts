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
import { stylesheet, stylesheetHash } from "./assets.ts";
import { FIRST_SCREEN } from "./live.ts";
import type { ConsoleSources } from "./sources.ts";

const ORIGIN = "http://127.0.0.1:8090";
const HOSTILE = `<img src=x onerror=alert(1)>'"`;

const clock = manualClock(Date.UTC(2026, 2, 2, 9, 0, 0));
let folder: string;
let aws: Aws;
let sources: ConsoleSources;
let app: Hono;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-console-"));
  const deployment = deploymentOf();
  aws = await startTestAws({ deployment, clock, folder });
  sources = consoleSources(aws, deployment, clock);
  app = testConsole(sources);
});
afterAll(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = async (path: string, headers: Record<string, string> = {}) =>
  app.request(`${ORIGIN}${path}`, { headers });
const text = async (path: string) => (await get(path)).text();

async function token(): Promise<string> {
  return /name="console-token" content="([^"]+)"/.exec(await text("/"))?.[1] ?? "";
}

async function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return app.request(`${ORIGIN}/api/actions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** Puts a record into the trail's log group, as CloudTrail does. */
function deliver(record: object): void {
  const { trail } = sources.deployment;
  const message = JSON.stringify({ eventID: `event-${clock.now()}`, ...record });
  aws.services.logs.ingest(trail.logGroupName, "test", [{ message, timestamp: clock.now() }]);
}

/** Returns the path of the newest record that the page lists. */
async function newestRecord(): Promise<string> {
  const [, id] = /<tr id="row-([^"]+)"/.exec(await text("/")) ?? [];
  return `/record/${id}`;
}

/** Returns the panels of the first server-sent event that has some. */
async function firstUpdate(): Promise<{ readonly trail: string; readonly alarms: string }> {
  const reader = (await get("/api/events")).body?.pipeThrough(new TextDecoderStream()).getReader();
  let received = "";
  for (;;) {
    const [, data] = /^event: panels\ndata: (.+)\n\n/m.exec(received) ?? [];
    if (data !== undefined) {
      await reader?.cancel();
      return JSON.parse(data) as { trail: string; alarms: string };
    }
    const chunk = await reader?.read();
    if (chunk?.value === undefined) throw new Error(`The stream ended: ${received}`);
    received += chunk.value;
  }
}

describe("GET /api/state", () => {
  it("returns the current state as indented JSON that is never cached", async () => {
    const response = await get("/api/state");
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.text()).toBe('{\n  "inbox": []\n}');
  });
});

describe("the page", () => {
  it("suggests the first click before anything has happened", async () => {
    const page = await text("/");
    expect(page).toContain("Nothing has happened yet.");
    expect(page).toContain("Click “Send a wrong Key”");
  });

  it("names the service's KMS key in the command that bypasses the service", async () => {
    expect(await text("/")).toContain("aws kms encrypt --key-id alias/cipherwatch-dev --plaintext");
  });

  it("allows no inline script or style and no other host", async () => {
    const response = await get("/");
    expect(response.headers.get("Content-Security-Policy")).toBe(
      `default-src 'none'; script-src 'self'; style-src ${stylesheetHash}; img-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`,
    );
    const page = await response.text();
    expect(page).toContain(`<style>${stylesheet}</style>`);
    expect(page.replace(`<style>${stylesheet}</style>`, "")).not.toMatch(
      /<script>|<style|style="|onclick=/,
    );
  });

  it.each([
    "console.js",
    "chart.js",
    "idiomorph.js",
    "uplot.js",
    "workbench.js",
    "replay.js",
    "icon.svg",
  ])("serves %s", async (name) => {
    const response = await get(`/client/${name}`);
    expect(response.status).toBe(200);
    expect((await response.text()).length).toBeGreaterThan(50);
  });

  it.each(["/client/server.ts", "/client/constructor", "/client/..%2Fserver.ts"])(
    "does not serve %s",
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );

  it("shows hostile text of a record as text", async () => {
    deliver({
      eventName: HOSTILE,
      errorCode: HOSTILE,
      userIdentity: { arn: HOSTILE },
      eventTime: "2026-03-02T09:00:00Z",
    });
    for (const path of ["/", await newestRecord()]) {
      const page = await text(path);
      expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;");
      expect(page).not.toContain("<img");
    }
  });

  it("explains a record clause by clause and marks what the pattern examines", async () => {
    clock.advance(1_000);
    deliver({
      eventSource: "kms.amazonaws.com",
      eventName: "Decrypt",
      errorCode: "InvalidCiphertextException",
      userIdentity: { sessionContext: { sessionIssuer: { arn: sources.scope.serviceRoleArn } } },
    });
    const page = await text(await newestRecord());
    expect(page).toMatch(/\b[1-9]\d* of \d+ metric filters count this record\./);
    expect(page).toContain("$.errorCode = &quot;*&quot;");
    expect(page).toContain('<mark class="met">&quot;InvalidCiphertextException&quot;</mark>');
    expect(page).toMatch(/aws_cloudwatch_log_metric_filter\.cipherwatch-dev-kms-errors/);
  });

  it("limits the document to a first screen of each list, and completes the lists with the first update", async () => {
    const records = Array.from({ length: 30 }, (_, index) => ({
      message: JSON.stringify({ eventID: `many-${index}`, eventName: "ListBuckets" }),
      timestamp: clock.now(),
    }));
    aws.services.logs.ingest(sources.deployment.trail.logGroupName, "test", records);
    const rows = (html: string) => html.match(/<tr id=/g)?.length;
    const alarms = (html: string) => html.match(/<li class="alarm /g)?.length;
    const document = await text("/");
    expect(rows(document)).toBe(FIRST_SCREEN.records);
    expect(alarms(document)).toBe(FIRST_SCREEN.alarms);

    const panels = await firstUpdate();
    expect(rows(panels.trail)).toBeGreaterThanOrEqual(records.length);
    expect(alarms(panels.alarms)).toBe(aws.services.cloudWatch.state().alarms.length);
  });

  it("reports the time that the server took in Server-Timing", async () => {
    expect((await get("/")).headers.get("Server-Timing")).toMatch(/^total;dur=[\d.]+/);
  });

  it("returns 404 for a record that the lab no longer holds", async () => {
    const response = await get("/record/unknown");
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("no longer holds this record");
  });
});

describe("other sites", () => {
  it("rejects a host name that resolves to loopback (DNS rebinding)", async () => {
    const response = await app.request("http://attacker.example/api/state");
    expect(response.status).toBe(403);
    expect(await response.text()).toBe(
      "Unknown host attacker.example; use 127.0.0.1 or localhost.",
    );
  });

  it.each([
    { Origin: "https://attacker.example" },
    { Origin: "http://127.0.0.1:9999" },
    { Origin: "null" },
    { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" },
    { "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors" },
  ])("rejects a request with %o", async (headers) => {
    expect((await get("/api/state", headers as Record<string, string>)).status).toBe(403);
    const response = await post(
      { action: "pause" },
      { ...(headers as Record<string, string>), "X-Console-Token": await token() },
    );
    expect(response.status).toBe(403);
  });

  it("allows navigation from another site, which cannot read the page", async () => {
    const headers = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" };
    const response = await get("/", headers);
    expect(response.status).toBe(200);
    expect(response.headers.get("X-Frame-Options")).toBe("DENY");
    expect(response.headers.get("Cross-Origin-Resource-Policy")).toBe("same-origin");
    expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
  });
});

describe("POST /api/actions", () => {
  it.each([{}, { "X-Console-Token": "guess" }])("rejects the token in %o", async (headers) => {
    const response = await post({ action: "pause" }, headers as Record<string, string>);
    expect(response.status).toBe(403);
    expect(await response.text()).toBe(
      "X-Console-Token is missing or outdated; reload the console.",
    );
  });

  it.each([
    { action: "delete" },
    { action: "speed", speed: 0 },
    { action: "pause", more: 1 },
    null,
  ])("rejects %o", async (body) => {
    const response = await post(body, { "X-Console-Token": await token() });
    expect(response.status).toBe(422);
    expect(await response.json()).toHaveProperty("error");
  });

  it("runs one attack at a time and shows its result", async () => {
    const headers = { "X-Console-Token": await token() };
    const [first, second] = await Promise.all([
      post({ action: "attack", id: "kms-errors" }, headers),
      post({ action: "attack", id: "kms-outsider" }, headers),
    ]);
    expect(await first.json()).toEqual({ title: "Attack kms-errors is running." });
    expect([200, 409]).toContain(second.status);
    expect(await text("/")).toMatch(/Ran kms-\w+\./);
  });

  it("reports that the service does not respond, with its address and the next step", async () => {
    const headers = { "X-Console-Token": await token() };
    const response = await post({ action: "wrong-key", name: "Stephen" }, headers);
    expect(response.status).toBe(409);
    expect(await response.json()).toEqual({
      error: expect.stringMatching(
        /^The lab's service does not respond at http:\/\/127\.0\.0\.1:1\/decrypt\..+`npm start`/,
      ),
    });
  });
});
