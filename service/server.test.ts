import { Agent, get } from "node:http";
import { connect as connectTo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DENIED, expectContract } from "./testing/harness.ts";
import { type HttpResponse, send, sendJson } from "./testing/http.ts";
import { type KmsEndpoint, startKmsEndpoint } from "./testing/kms-endpoint.ts";
import { type PostgresServer, startPostgres } from "./testing/postgres-server.ts";
import {
  lines,
  type Running,
  run as runModule,
  withService as use,
} from "./testing/service-process.ts";

// Generous, because a loaded machine is slow.
const PATIENCE = { timeout: 50_000, interval: 20 };

/** Milliseconds after a signal in which the service answers requests on kept-alive connections. */
const IDLE_GRACE = 1_000;

let postgres: PostgresServer;
let aws: KmsEndpoint;

beforeAll(async () => {
  [postgres, aws] = await Promise.all([startPostgres({ migrated: false }), startKmsEndpoint()]);
  const { code, output } = await run("migrate.ts");
  expect(code, output()).toBe(0);
  expect(output()).toContain("schema migrated");
});

afterEach(() => {
  aws.override = undefined;
});

afterAll(async () => {
  await Promise.all([postgres.close(), aws.close()]);
});

const stores = () => ({ DATABASE_URL: postgres.url, AWS_ENDPOINT_URL: aws.url });
const run = (module: string, environment: Readonly<Record<string, string>> = {}) =>
  runModule(module, { ...stores(), ...environment });
const withService = (
  environment: Readonly<Record<string, string>>,
  test: (port: number, service: Running) => Promise<void>,
) => use({ ...stores(), ...environment }, test);

function json({ text }: HttpResponse): Record<string, unknown> {
  return JSON.parse(text);
}

describe("the process", () => {
  test("serves the walkthrough as documented and logs no caller input", async () => {
    await withService({}, async (port, service) => {
      const [Name, Text] = ["Stephen-of-the-log-test", "I love Pizza, which must never be logged"];
      const encrypted = await sendJson(port, "POST", "/encrypt", { Name, Text });
      expect(encrypted.status).toBe(200);
      const Key = String(json(encrypted).Key);
      const right = await sendJson(port, "GET", "/decrypt", { Name, Key });
      expect(right).toMatchObject({ status: 200, text: JSON.stringify({ Text }) });
      const wrong = await sendJson(port, "GET", "/decrypt", { Name, Key: "some-random-false-key" });
      expect(wrong.status).toBe(403);
      expect(json(wrong)).toMatchObject({ Message: DENIED });
      expectContract("/decrypt", wrong.status, json(wrong));

      // Every way a value could reach a log line.
      const marked = `${Name} ${Text} ${Key}`;
      const headers = { "Content-Type": "application/json", "X-Mark": Name, Cookie: Key };
      await sendJson(port, "POST", "/encrypt", { Name: marked.repeat(9), Text: { Text } });
      await sendJson(port, "POST", "/decrypt", { [marked]: marked, Name, Key });
      await send(port, "POST", "/encrypt", { headers, body: `{"Name":"${marked}` });
      await send(port, "POST", `/${Name}?Key=${Key}`, { headers, body: marked });
      await send(port, "POST", `/encrypt?${Key}`, {
        headers: { "Content-Type": Name, "X-Request-Id": `"${Key}"` },
        body: marked,
      });
      await postgres.sql`ALTER TABLE cipherwatch.records RENAME COLUMN nonce TO moved`;
      const broken = await sendJson(port, "POST", "/encrypt", { Name, Text });
      await postgres.sql`ALTER TABLE cipherwatch.records RENAME COLUMN moved TO nonce`;
      expect(broken.status).toBe(503);

      service.process.kill("SIGTERM");
      expect(await service.exited).toBe(0);
      expect(lines(service).filter(({ msg }) => msg === "request")).toHaveLength(9);
      const output = service.output();
      for (const secret of [Name, Text, Key, Key.slice(4), "Stephen", "Pizza", "false-key"]) {
        expect(output).not.toContain(secret);
        expect(output).not.toContain(Buffer.from(secret).toString("base64").slice(0, -4));
        expect(output).not.toContain(Buffer.from(secret).toString("hex"));
      }
    });
  });

  test("logs where it listens and its revision, and metrics in the embedded metric format", async () => {
    const environment = { METRICS_NAMESPACE: "Cipherwatch/test", REVISION: "0123abc" };
    await withService(environment, async (port, service) => {
      await sendJson(port, "POST", "/decrypt", { Name: "n", Key: "k" });
      await expect.poll(() => lines(service).length, PATIENCE).toBeGreaterThanOrEqual(2);
      expect(lines(service)).toContainEqual(
        expect.objectContaining({ msg: "listening", port, revision: "0123abc" }),
      );
      const metrics = lines(service).find((line) => "_aws" in line);
      expect(metrics).toMatchObject({
        Service: "api",
        DecryptDenied: 1,
        _aws: { CloudWatchMetrics: [{ Namespace: "Cipherwatch/test" }] },
      });
    });
  });

  test("keeps a record through SIGKILL", async () => {
    let key: unknown;
    await withService({}, async (port, service) => {
      key = json(await sendJson(port, "POST", "/encrypt", { Name: "n", Text: "kept" })).Key;
      service.process.kill("SIGKILL");
      expect(await service.exited).toBe("SIGKILL");
    });
    await withService({}, async (port) => {
      const response = await sendJson(port, "POST", "/decrypt", { Name: "n", Key: key });
      expect(json(response)).toEqual({ Text: "kept" });
    });
  });

  test("survives clients that reset their connection after any request", async () => {
    const reset = (port: number, text: string) =>
      new Promise((resolve) => {
        const socket = connectTo(port, "127.0.0.1", () => {
          socket.write(text, () => socket.resetAndDestroy());
        });
        socket.on("error", () => {}).once("close", resolve);
      });
    await withService({}, async (port, service) => {
      for (const line of ["CONNECT a:443", "GET /", "POST /encrypt", "OPTIONS *", "x"]) {
        const request = `${line} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n`;
        await Promise.all(Array.from({ length: 20 }, () => reset(port, request)));
      }
      expect((await send(port, "GET", "/healthz")).status).toBe(200);
      expect(service.output()).not.toContain("cannot continue");
    });
  });

  test("starts without KMS, reports not ready, and recovers when KMS is back", async () => {
    aws.override = () => ({ status: 400, body: { __type: "DisabledException", message: "" } });
    await withService({ READINESS_AGE: "0" }, async (port, service) => {
      const away = await send(port, "GET", "/readyz");
      expect(away.status).toBe(503);
      expect(json(away)).toMatchObject({ Checks: { Database: "ok", Kms: "unavailable" } });
      expect((await send(port, "GET", "/healthz")).status).toBe(200);
      const denied = await sendJson(port, "POST", "/decrypt", { Name: "nobody", Key: "k" });
      expect(denied.status).toBe(503);
      await expect.poll(service.output, PATIENCE).toContain("did not create the decoy");
      aws.override = undefined;
      expect((await send(port, "GET", "/readyz")).status).toBe(200);
      const again = await sendJson(port, "POST", "/decrypt", { Name: "nobody", Key: "k" });
      expect(again.status).toBe(403);
    });
  });
});

describe("a stopping process", () => {
  // Every process first creates its decoy, which must not be mistaken for the request of a test.
  let operationsBefore = 0;
  beforeEach(() => {
    operationsBefore = aws.operations.length;
  });
  const decoyCreated = () =>
    expect.poll(() => aws.operations.length, PATIENCE).toBeGreaterThan(operationsBefore);

  test.each(["SIGTERM", "SIGINT"] as const)(
    "finishes requests in progress after %s, accepts no new ones, and exits 0",
    async (signal) => {
      await withService({}, async (port, service) => {
        await decoyCreated();
        const idle = connectTo(port, "127.0.0.1");
        await new Promise((resolve) => idle.once("connect", resolve));
        const { reached, release } = holdKms("GenerateDataKey");
        const pending = sendJson(port, "POST", "/encrypt", { Name: "n", Text: "in flight" });
        await reached;
        service.process.kill(signal);
        await expect.poll(service.output, PATIENCE).toContain('"stopping"');
        // Signal twice, as a terminal does that signals the whole process group.
        service.process.kill(signal);
        await expect
          .poll(() => send(port, "GET", "/").catch((error) => error.code), PATIENCE)
          .toBe("ECONNREFUSED");
        release();
        const response = await pending;
        expect(response.status).toBe(200);
        expect(response.headers.connection).toBe("close");
        expect(await service.exited).toBe(0);
        const messages = lines(service).map(({ msg }) => msg);
        expect(messages.filter((msg) => msg === "stopping")).toHaveLength(1);
        expect(messages.at(-1)).toBe("stopped");
        idle.destroy();
        const [row] =
          await postgres.sql`SELECT count(*)::int FROM cipherwatch.records WHERE name = 'n'`;
        expect(row?.count).toBeGreaterThan(0);
      });
    },
  );

  test("resets no request on a kept-alive connection", async () => {
    await withService({}, async (port, service) => {
      await decoyCreated();
      const agents = Array.from({ length: 20 }, () => new Agent({ keepAlive: true }));
      let answered = 0;
      let stoppedAt = Number.POSITIVE_INFINITY;
      const isLate = () => performance.now() - stoppedAt > IDLE_GRACE;
      // Each client sends one request after the other until the service says that it closes.
      const clients = agents.map(async (client) => {
        for (;;) {
          const connection = await healthOver(client, port, isLate);
          answered += 1;
          if (connection === "close") return;
        }
      });
      await expect.poll(() => answered, PATIENCE).toBeGreaterThan(100);
      stoppedAt = performance.now();
      service.process.kill("SIGTERM");
      await Promise.all(clients);
      expect(await service.exited).toBe(0);
      for (const client of agents) client.destroy();
    });
  });

  test("answers a request that arrived while the process had no CPU time until the end of the grace", async () => {
    await withService({}, async (port, service) => {
      await decoyCreated();
      const client = new Agent({ keepAlive: true });
      await healthOver(client, port, () => false);
      const stoppedAt = performance.now();
      const stopping = new Promise<void>((resolve) => {
        service.process.stdout?.on("data", () => {
          if (service.output().includes('"stopping"')) resolve();
        });
      });
      service.process.kill("SIGTERM");
      await stopping;
      // Most likely while it still handles the signal.
      service.process.kill("SIGSTOP");
      const response = healthOver(client, port, () => performance.now() - stoppedAt > IDLE_GRACE);
      await pause(1.3 * IDLE_GRACE);
      service.process.kill("SIGCONT");
      expect(await response).toBe("close");
      expect(await service.exited).toBe(0);
      client.destroy();
    });
  });

  test("logs the requests that it rejected in its last second", async () => {
    await withService({ MAX_IN_FLIGHT: "1" }, async (port, service) => {
      await decoyCreated();
      const { reached, release } = holdKms("GenerateDataKey");
      const pending = sendJson(port, "POST", "/encrypt", { Name: "n", Text: "t" });
      await reached;
      expect((await sendJson(port, "POST", "/encrypt", {})).status).toBe(429);
      service.process.kill("SIGTERM");
      release();
      expect((await pending).status).toBe(200);
      expect(await service.exited).toBe(0);
      const rejections = lines(service).filter(({ msg }) => msg === "requests rejected");
      expect(rejections).toMatchObject([{ rejected: 1 }]);
    });
  });

  test("exits 1 with a request in progress after DRAIN_TIMEOUT", async () => {
    await withService({ DRAIN_TIMEOUT: "100" }, async (port, service) => {
      await decoyCreated();
      const { reached } = holdKms("GenerateDataKey");
      const pending = sendJson(port, "POST", "/encrypt", { Name: "n", Text: "t" }).catch(
        () => "cut",
      );
      await reached;
      service.process.kill("SIGTERM");
      expect(await service.exited).toBe(1);
      expect(await pending).toBe("cut");
      expect(service.output()).toContain("DRAIN_TIMEOUT");
    });
  });

  /**
   * @param isLate whether a request that is sent now may be reset, as on a machine that is too busy to send it earlier
   * @returns the Connection header of the response, or `close` for a late request that was reset
   */
  function healthOver(agent: Agent, port: number, isLate: () => boolean) {
    return new Promise<string | undefined>((resolve, reject) => {
      let late = true;
      get({ agent, host: "127.0.0.1", port, path: "/healthz" }, (response) => {
        response.resume().once("end", () => resolve(response.headers.connection));
      })
        .once("finish", () => {
          late = isLate();
        })
        .once("error", (error) => (late && isLate() ? resolve("close") : reject(error)));
    });
  }

  function holdKms(held: string) {
    let release = () => {};
    const released = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const reached = new Promise<void>((resolve) => {
      aws.override = (operation) => {
        if (operation !== held) return undefined;
        resolve();
        return released;
      };
    });
    return { reached, release };
  }
});

describe("a process that cannot start", () => {
  test("lists the invalid variables and shows no secret", async () => {
    const environment = { DATABASE_URL: "mysql://u:hunter2@h/d", PORT: "x", KMS_KEY_ARN: "" };
    const { code, output } = await run("server.ts", environment);
    expect(code).toBe(1);
    for (const expected of ["DATABASE_URL", "PORT", "KMS_KEY_ARN"]) {
      expect(output()).toContain(expected);
    }
    expect(output()).not.toContain("hunter2");
  });

  test("names the busy port and what to set", async () => {
    const { code, output } = await run("server.ts", { PORT: String(postgres.port) });
    expect(code).toBe(1);
    expect(output()).toContain(`Cannot listen on 127.0.0.1:${postgres.port} (EADDRINUSE)`);
    expect(output()).toContain("Set PORT");
  });

  test("exits 1 with an error code and no password when a migration cannot reach its database", async () => {
    const DATABASE_URL = "postgres://u:hunter2@127.0.0.1:1/d";
    const { code, output } = await run("migrate.ts", { DATABASE_URL });
    expect(code).toBe(1);
    expect(output()).toContain("ECONNREFUSED");
    expect(output()).not.toContain("hunter2");
  });

  test("logs that a migration skipped the role when there is no IAM", async () => {
    const { code, output } = await run("migrate.ts", { DATABASE_USER: "service_role" });
    expect(code).toBe(0);
    expect(output()).toContain("schema is up to date");
    expect(output()).toContain("role skipped: this PostgreSQL has no rds_iam");
  });
});
