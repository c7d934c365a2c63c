import { connect as connectTo, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SMALLEST_TASK } from "../../common/fargate.ts";
import { connect } from "../../service/database.ts";
import { createCertificate } from "../../service/testing/certificate.ts";
import { migrateAsInRds } from "../database/migrate-as-in-rds.ts";
import { overTls } from "../database/over-tls.ts";
import { type RealPostgres, startRealPostgres } from "../database/postgres.ts";
import { type KmsProcess, startKmsProcess } from "./kms-process.ts";
import { createClient, inLanes, Tally } from "./load.ts";
import { limitMemory, type MemoryLimit } from "./memory-limit.ts";
import { type ServiceProcess, startService } from "./service-process.ts";
import { LONG, SERVICE_ROLE } from "./testbed.ts";

/** The smallest task that Fargate offers. stacks/service.test.ts checks that dev's container gets as much. */
const LIMIT = SMALLEST_TASK * 2 ** 20;
const SECONDS = LONG ? 60 : 10;

/** A Text of the largest size, each byte escaped as six. */
const LARGEST_BODY = Buffer.from(`{"Name":"large","Text":"${"\\u0001".repeat(262_144)}"}`);

const probe = limitMemory(LIMIT);
probe?.remove();
if (probe === undefined) console.log("NOT RUN: this user may not create memory control groups.");

describe.skipIf(probe === undefined)("a service in 512 MiB", () => {
  let postgres: RealPostgres;
  let kms: KmsProcess;
  let group: MemoryLimit;
  let service: ServiceProcess;

  beforeAll(async () => {
    const certificate = createCertificate();
    [postgres, kms] = await Promise.all([startRealPostgres(certificate), startKmsProcess()]);
    const admin = connect({ kind: "url", url: postgres.url() }, { max: 1 });
    await migrateAsInRds(admin, SERVICE_ROLE);
    await admin.end();
    group = limitMemory(LIMIT) as MemoryLimit;
    service = await startService({
      kmsUrl: kms.url,
      environment: {
        ...overTls({
          port: Number(new URL(postgres.url()).port),
          user: SERVICE_ROLE,
          authorities: [certificate.cert],
        }),
        // Connecting takes CPU, which the load of the tests leaves little of.
        DATABASE_CONNECT_TIMEOUT: "30000",
      },
      procs: group.procs,
    });
  });

  afterAll(async () => {
    await service?.kill("SIGKILL");
    group?.remove();
    kms?.close();
    postgres?.remove();
  });

  /** Sends requests for some seconds, and on until `isEnough`. By default, until one of them succeeds. */
  async function load(
    lanes: number,
    tally: Tally,
    request: () => Promise<number | string>,
    isEnough = () => count(tally, 200) > 0,
  ): Promise<void> {
    await inLanes(lanes, SECONDS * 1_000, async () => tally.add(await request()), isEnough);
  }

  const count = (tally: Tally, status: number) => tally.counts[status] ?? 0;

  /** Asserts that every response is a designed one, and that the kernel killed nothing. */
  function expectOnly(tally: Tally, allowed: readonly number[]): void {
    console.log({ ...tally.counts, peakMiB: Math.round(group.peak() / 2 ** 20) });
    expect(group.kills()).toBe(0);
    expect([service.child.exitCode, service.child.signalCode], service.errors()).toEqual([
      null,
      null,
    ]);
    expect(Object.keys(tally.counts).filter((status) => !allowed.includes(Number(status)))).toEqual(
      [],
    );
    expect(tally.counts[200]).toBeGreaterThan(0);
  }

  test("survives the largest bodies from 256 clients while KMS is slow", async () => {
    await kms.setDelay(500);
    const { send, close } = createClient(service.port);
    const tally = new Tally();
    // On a machine without idle CPU, requests can miss their deadline at first, when all clients send at once.
    const isServing = () => count(tally, 200) > Math.max(20, 2 * count(tally, 503));
    const request = async () => {
      const { status, headers, text } = await send("/encrypt", LARGEST_BODY);
      if (status === 429) expect(headers["retry-after"]).toBe("1");
      return status === 0 ? text : status;
    };
    await load(256, tally, request, isServing);
    await kms.setDelay(0);
    close();
    expectOnly(tally, [200, 429, 503]);
    // A service that gives up KMS calls because it is busy answers with 503 for as long as the load lasts.
    expect(isServing()).toBe(true);
  });

  test("survives 256 clients that decrypt with blanks up to the largest body while KMS is slow", async () => {
    const { send, close } = createClient(service.port);
    const { Key } = JSON.parse((await send("/encrypt", { Name: "blanks", Text: "t" })).text);
    const body = Buffer.from(JSON.stringify({ Name: "blanks", Key }).padEnd(LARGEST_BODY.length));
    await kms.setDelay(500);
    const tally = new Tally();
    const request = async () => {
      const { status, text } = await send("/decrypt", body);
      return status === 0 ? text : status;
    };
    await load(256, tally, request);
    await kms.setDelay(0);
    close();
    expectOnly(tally, [200, 429, 503]);
  });

  test("survives clients that ask for the largest records and read nothing", async () => {
    const { send, close } = createClient(service.port);
    const { Key } = JSON.parse((await send("/encrypt", LARGEST_BODY)).text);
    const body = JSON.stringify({ Name: "large", Key });
    const request = `POST /decrypt HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const sockets = Array.from({ length: 200 }, () => connectTo(service.port, "127.0.0.1").pause());
    for (const socket of sockets) {
      socket.on("error", () => {});
      socket.write(request.repeat(16));
    }
    const tally = new Tally();
    await load(32, tally, async () => (await send("/decrypt", { Name: "large", Key })).status);
    for (const socket of sockets) socket.destroy();
    close();
    expectOnly(tally, [200, 429, 503]);
  });

  test("survives clients that send thousands of requests at a time and read nothing", async () => {
    const sockets = Array.from({ length: 1_000 }, (_, index) => {
      const socket = connectTo(service.port, "127.0.0.1").on("error", () => {});
      const path = index % 2 === 0 ? "/openapi.json" : "/healthz";
      socket.pause().write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(5_000));
      return socket;
    });
    await expectOnlyWhileOthersEncrypt([200, 429, 503], sockets);
  });

  test("survives thousands of connections that send headers and the beginnings of bodies", async () => {
    const head =
      `POST /encrypt HTTP/1.1\r\nHost: a\r\nX-Filler: ${"x".repeat(12_000)}\r\n` +
      "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{";
    const sockets = Array.from({ length: 10_000 }, (_, index) => {
      const socket = connectTo(service.port, "127.0.0.1").on("error", () => {});
      socket.resume().write(index % 2 === 0 ? head : head.slice(0, 12_000));
      return socket;
    });
    // Beyond the largest number of connections, a new one may be reset before it has read its 429.
    await expectOnlyWhileOthersEncrypt([0, 200, 429, 503], sockets);
  });

  /** Lets 16 clients encrypt small texts while the sockets are open, and then closes these. */
  async function expectOnlyWhileOthersEncrypt(
    statuses: readonly number[],
    sockets: readonly Socket[],
  ): Promise<void> {
    const { send, close } = createClient(service.port);
    const tally = new Tally();
    await load(16, tally, async () => {
      return (await send("/encrypt", { Name: "small", Text: "t" })).status;
    });
    for (const socket of sockets) socket.destroy();
    close();
    expectOnly(tally, statuses);
  }
});
