import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { ErrorResponse } from "../../service/contract.ts";
import { connect } from "../../service/database.ts";
import { problemStatus } from "../../service/problem.ts";
import { type Certificate, createCertificate } from "../../service/testing/certificate.ts";
import { type KmsEndpoint, startKmsEndpoint } from "../../service/testing/kms-endpoint.ts";
import { migrateAsInRds } from "../database/migrate-as-in-rds.ts";
import { overTls } from "../database/over-tls.ts";
import { type RealPostgres, startRealPostgres } from "../database/postgres.ts";
import { createClient, inLanes, type LoadResponse, PATIENCE, type Send, Tally } from "./load.ts";
import { type FaultyProxy, startProxy } from "./proxy.ts";
import { type ServiceProcess, startService } from "./service-process.ts";

export const SERVICE_ROLE = "cipherwatch_service";

/** Whether the suites run in their long form (`npm run e2e -- --long`). */
export const LONG = process.env.CIPHERWATCH_E2E_LONG === "1";

/**
 * The real service between a real PostgreSQL and a KMS, each behind a network that can fail. It connects to PostgreSQL over
 * TLS, as in AWS.
 */
export interface Testbed {
  readonly postgres: RealPostgres;
  /** Of PostgreSQL. The service trusts it and `expired`. */
  readonly certificate: Certificate;
  readonly expired: Certificate;
  readonly admin: Sql;
  readonly kms: KmsEndpoint;
  readonly databaseProxy: FaultyProxy;
  readonly kmsProxy: FaultyProxy;
  service: ServiceProcess;
  readonly send: Send;
  /** Starts another process in place of one that was killed. */
  readonly restart: () => Promise<void>;
}

type TextByName = Readonly<Record<string, string>>;

/**
 * Runs one testbed for all tests of a file.
 * @param environment further variables of the service
 * @param headers further headers of each request
 * @param openFiles maximum number of files that the service may have open
 */
export function useTestbed(
  environment: TextByName = {},
  headers: TextByName = {},
  openFiles?: number,
): () => Testbed {
  let testbed: Testbed | undefined;
  let close = () => {};

  beforeAll(async () => {
    const certificate = createCertificate({ addresses: ["127.0.0.1"] });
    const expired = createCertificate({ expires: Date.now() - 1_000 });
    const [postgres, kms] = await Promise.all([startRealPostgres(certificate), startKmsEndpoint()]);
    const admin = connect({ kind: "url", url: postgres.url() }, { max: 1, idle_timeout: 1 });
    await migrateAsInRds(admin, SERVICE_ROLE);
    const databaseProxy = await startProxy(Number(new URL(postgres.url()).port));
    const kmsProxy = await startProxy(Number(new URL(kms.url).port));
    const { NODE_OPTIONS, ...database } = overTls({
      port: databaseProxy.port,
      user: SERVICE_ROLE,
      authorities: [certificate.cert, expired.cert],
    });
    const start = () =>
      startService({
        kmsUrl: `http://127.0.0.1:${kmsProxy.port}`,
        environment: {
          ...database,
          // Ten connections at a time take seconds on a machine without idle CPU.
          DATABASE_CONNECT_TIMEOUT: "30000",
          ...environment,
          NODE_OPTIONS: `${NODE_OPTIONS} ${environment.NODE_OPTIONS ?? ""}`,
        },
        openFiles,
      });
    const service = await start();
    let client = createClient(service.port, headers);
    testbed = {
      postgres,
      certificate,
      expired,
      admin,
      kms,
      databaseProxy,
      kmsProxy,
      service,
      send: (...request) => client.send(...request),
      async restart() {
        client.close();
        current().service = await start();
        client = createClient(current().service.port, headers);
      },
    };
    close = () => client.close();
  });

  afterEach(() => {
    current().kms.override = undefined;
    current().databaseProxy.mode = "pass";
    current().kmsProxy.mode = "pass";
  });

  afterAll(async () => {
    close();
    await testbed?.service.kill("SIGKILL");
    testbed?.databaseProxy.close();
    testbed?.kmsProxy.close();
    await testbed?.admin.end({ timeout: 1 });
    await testbed?.kms.close();
    testbed?.postgres.remove();
  });

  function current(): Testbed {
    if (testbed === undefined) throw new Error("The testbed runs only during tests.");
    return testbed;
  }
  return current;
}

/** A record whose encrypt request returned 200. */
export interface Acknowledged {
  readonly Name: string;
  readonly Text: string;
  readonly Key: string;
}

export interface LoadResult {
  readonly tally: Readonly<Record<string, number>>;
  readonly acknowledged: readonly Acknowledged[];
  /** Longest time of a request, in milliseconds. */
  readonly slowest: number;
}

export interface LoadOptions {
  readonly lanes?: number;
  readonly milliseconds: number;
  /** When the load may end after its time. By default once a record is acknowledged. */
  readonly until?: () => boolean;
  /** Called for each acknowledged record. */
  readonly onAcknowledged?: () => void;
}

/** For `until`, where nothing can succeed. */
export const always = () => true;

/** Encrypts in many lanes while something fails. Every response must be a designed one. */
export async function encryptUnderLoad(
  { send }: Pick<Testbed, "send">,
  { lanes = 32, milliseconds, until, onAcknowledged }: LoadOptions,
): Promise<LoadResult> {
  const acknowledged: Acknowledged[] = [];
  const tally = new Tally();
  let slowest = 0;
  const work = async () => {
    const [Name, Text] = [`name ${Math.random().toFixed(1)}`, randomUUID()];
    const started = performance.now();
    const response = await send("/encrypt", { Name, Text });
    slowest = Math.max(slowest, performance.now() - started);
    tally.add(labelOf(response));
    if (response.status === 200) {
      acknowledged.push({ Name, Text, Key: JSON.parse(response.text).Key });
      onAcknowledged?.();
    } else if (response.status !== 0) expectDesigned(response);
  };
  await inLanes(lanes, milliseconds, work, until ?? (() => acknowledged.length > 0));
  console.log({ ...tally.counts, slowestMs: Math.round(slowest) });
  return { tally: tally.counts, acknowledged, slowest };
}

/** 200, the code of an error, or the error of the connection. */
function labelOf({ status, text }: LoadResponse): string {
  if (status === 0) return text;
  return status === 200 ? "200" : String(JSON.parse(text).Code);
}

/** Asserts that a tally has no other label than these, and at least one of them. */
export function expectOnly(tally: LoadResult["tally"], labels: readonly string[]): void {
  const seen = Object.keys(tally);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter((label) => !labels.includes(label))).toEqual([]);
}

/** Asserts the documented form of an error. */
export function expectDesigned({ status, text, headers }: LoadResponse): void {
  const { Code, RequestId } = ErrorResponse.parse(JSON.parse(text));
  expect(status).toBe(problemStatus[Code]);
  expect(Code).not.toBe("InternalError");
  expect(headers["x-request-id"]).toBe(RequestId);
  if (status === 429 || status === 503) expect(headers["retry-after"]).toMatch(/^\d+$/);
}

/** Asserts that every acknowledged record opens with its Key, once the service has recovered. */
export async function expectAllOpen(
  { send }: Pick<Testbed, "send">,
  records: readonly Acknowledged[],
): Promise<void> {
  expect(records.length).toBeGreaterThan(0);
  const rest = [...records];
  const lane = async () => {
    for (let record = rest.pop(); record !== undefined; record = rest.pop()) {
      const { Name, Key, Text } = record;
      let { status, text } = await send("/decrypt", { Name, Key });
      for (let tries = 0; status === 503 && tries < 60; tries++) {
        await delay(500);
        ({ status, text } = await send("/decrypt", { Name, Key }));
      }
      expect({ status, text }).toEqual({ status: 200, text: JSON.stringify({ Text }) });
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  console.log(`${records.length} of ${records.length} acknowledged records open`);
}

/** Waits until the service serves encrypt requests again. */
export async function expectRecovery({ send }: Pick<Testbed, "send">): Promise<void> {
  await expect
    .poll(async () => (await send("/encrypt", { Name: "n", Text: "t" })).status, {
      timeout: PATIENCE,
      interval: 20,
    })
    .toBe(200);
}
