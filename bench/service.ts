import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { migrateAsInRds } from "../e2e/database/migrate-as-in-rds.ts";
import { importing, overTls } from "../e2e/database/over-tls.ts";
import { type RealPostgres, startRealPostgres } from "../e2e/database/postgres.ts";
import { connect } from "../service/database.ts";
import { type Certificate, createCertificate } from "../service/testing/certificate.ts";
import { AUDIENCE, createTestIssuer, ISSUER } from "../service/testing/issuer.ts";
import { TEST_ENVIRONMENT } from "../service/testing/service-process.ts";
import { createClient, type Send } from "./service/client.ts";
import { closedLoop, type Measurement, openLoop, quantile } from "./service/load.ts";

const CONNECTIONS = [1, 16, 64, 256];
const ROUNDS = 5;
const MILLISECONDS = 2_000;
/** Requests of each kind after which V8 has compiled most of what a program runs. */
const WARM_UP = 3_000;
const OPERATIONS = ["encrypt", "decrypt"] as const;
type Operation = (typeof OPERATIONS)[number];

/** CPU time of the floor, relative to that of the service, at 64 connections. */
const GOALS: Readonly<Record<Operation, number>> = { encrypt: 1, decrypt: 1.2 };
/** CPU time with identity on, relative to that without, at 64 connections. */
const MAX_IDENTITY_COST = 1.1;
/** More than for the floor: the difference is small, and a busy machine hides it. */
const IDENTITY_ROUNDS = 9;
const OVERLOAD_ROUNDS = 9;
/** Milliseconds after an overload until the service has its normal limit of requests in progress. */
const RECOVERY = 1_000;
/** Share of the capacity that the service keeps at twice its capacity. */
const MIN_KEPT = 0.9;

interface Target {
  readonly send: Send;
  /** CPU seconds that the process has used. */
  readonly cpu: () => number;
  /** A Key that opens a record under the Name `bench`. */
  readonly key: string;
}

interface Result extends Measurement {
  /** CPU microseconds of the process for each successful request. */
  readonly cpu: number;
}

/**
 * Compares the service with a bare floor (bench/service/floor.ts) on the same PostgreSQL and KMS, in alternation. All
 * connect as in AWS: over TLS, to PostgreSQL with IAM authentication. The processes, the database and the load share
 * the machine, so that only ratios are meaningful.
 */
export async function bench(): Promise<boolean> {
  const certificate = createCertificate({ addresses: ["127.0.0.1"] });
  const postgres = await startRealPostgres(certificate);
  const children: ChildProcess[] = [];
  try {
    await prepareDatabase(postgres);
    const { cert, key } = certificate;
    const kms = await start("service/kms.ts", { TLS_CERT: cert, TLS_KEY: key }, children);
    const environment = {
      ...connectsOverTls(postgres, certificate),
      AWS_ENDPOINT_URL: String(kms.message.url),
    };
    const lifted = { ...environment, MAX_IN_FLIGHT: "1000" };
    const service = await startTarget("../service/server.ts", lifted, children);
    const floor = await startTarget("service/floor.ts", environment, children);
    const limited = await startIdentified(environment, children);
    console.log(
      `${cpus().length} cores, load average ${loadavg()[0]?.toFixed(1)}, ${postgres.version}; ` +
        `${ROUNDS} alternating rounds of ${MILLISECONDS / 1_000} s`,
    );
    const identified = await startIdentified(lifted, children);
    for (const target of [service, floor, limited, identified]) await warmUp(target);
    // First, as both have served equally many requests: V8 optimizes more of a program that has served more.
    const isCheap = await compareIdentity(identified, service);
    const meetsGoals = await compare(service, floor);
    return (await overload(limited)) && meetsGoals && isCheap;
  } finally {
    for (const child of children) child.kill("SIGKILL");
    postgres.remove();
  }
}

const SERVICE_ROLE = "cipherwatch_service";

async function prepareDatabase(postgres: RealPostgres): Promise<void> {
  const admin = connect({ kind: "url", url: postgres.url() }, { max: 1 });
  await migrateAsInRds(admin, SERVICE_ROLE);
  await admin.end();
}

/** @returns the variables of a program that connects to the database and to KMS over TLS */
function connectsOverTls(postgres: RealPostgres, { cert }: Certificate): Environment {
  const { NODE_OPTIONS, ...database } = overTls({
    port: Number(new URL(postgres.url()).port),
    user: SERVICE_ROLE,
    authorities: [cert],
  });
  const trust = `import tls from "node:tls"; tls.setDefaultCACertificates([${JSON.stringify(cert)}]);`;
  return { ...database, NODE_OPTIONS: `${NODE_OPTIONS} ${importing(trust)}` };
}

async function compare(service: Target, floor: Target): Promise<boolean> {
  let meetsGoals = true;
  for (const connections of CONNECTIONS) {
    for (const operation of OPERATIONS) {
      const results: Record<"service" | "floor", Result[]> = { service: [], floor: [] };
      for (let round = 0; round < ROUNDS; round++) {
        results.service.push(await measure(service, operation, connections));
        results.floor.push(await measure(floor, operation, connections));
      }
      const [ours, theirs] = [summarize(results.service), summarize(results.floor)];
      const ratio = (name: keyof Summary) =>
        name === "throughput" || name === "cpu"
          ? pairedRatio(results.service, results.floor, name)
          : ours[name] / theirs[name];
      print(connections, operation, ours, theirs, ratio);
      if (connections === 64) meetsGoals &&= 1 / ratio("cpu") >= GOALS[operation];
    }
  }
  console.log(
    `Goal at 64 connections: the service needs at most the floor's CPU for encrypt, and at most ` +
      `${(1 / GOALS.decrypt).toFixed(2)} of it for decrypt: ${meetsGoals ? "met" : "not met"}`,
  );
  return meetsGoals;
}

/** Compares the service with identity, quotas included, with itself without. */
async function compareIdentity(identified: Target, service: Target): Promise<boolean> {
  let isCheap = true;
  for (const operation of OPERATIONS) {
    const ratios: number[] = [];
    for (let round = 0; round < IDENTITY_ROUNDS; round++) {
      const on = await measure(identified, operation, 64);
      const off = await measure(service, operation, 64);
      ratios.push(on.cpu / off.cpu);
    }
    const ratio = quantile(ratios, 0.5);
    isCheap &&= ratio <= MAX_IDENTITY_COST;
    console.log(`Identity, ${operation}: ${ratio.toFixed(2)} of the CPU without`);
  }
  console.log(`Goal: at most ${MAX_IDENTITY_COST}: ${isCheap ? "met" : "not met"}`);
  return isCheap;
}

async function warmUp(target: Target): Promise<void> {
  for (const operation of OPERATIONS) {
    let sent = 0;
    const lane = async () => {
      for (; sent < WARM_UP; sent++) await send(target, operation);
    };
    await Promise.all(Array.from({ length: 64 }, lane));
  }
}

async function measure(target: Target, operation: Operation, connections: number): Promise<Result> {
  const before = target.cpu();
  const measured = await closedLoop(connections, MILLISECONDS, () => send(target, operation));
  const microseconds = (target.cpu() - before) * 1e6;
  return { ...measured, cpu: microseconds / measured.latencies.length };
}

function send({ send, key }: Target, operation: Operation) {
  const body = operation === "encrypt" ? { Name: "load", Text: "t" } : { Name: "bench", Key: key };
  return send(`/${operation}`, body);
}

type Summary = Readonly<Record<"throughput" | "cpu" | "p50" | "p99" | "p99.9", number>>;

/** The median of the ratios of neighbouring rounds: what else the machine does changes between rounds. */
function pairedRatio(
  ours: readonly Result[],
  theirs: readonly Result[],
  name: "throughput" | "cpu",
): number {
  const ratios = ours.map((result, round) => result[name] / (theirs[round]?.[name] ?? Number.NaN));
  return quantile(ratios, 0.5);
}

/** The throughput and CPU of the median round, and the latencies of all. */
function summarize(results: readonly Result[]): Summary {
  const latencies = results.flatMap((result) => result.latencies);
  const median = (name: "throughput" | "cpu") =>
    quantile(
      results.map((result) => result[name]),
      0.5,
    );
  return {
    throughput: median("throughput"),
    cpu: median("cpu"),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    "p99.9": quantile(latencies, 0.999),
  };
}

function print(
  connections: number,
  operation: Operation,
  ours: Summary,
  theirs: Summary,
  ratio: (name: keyof Summary) => number,
): void {
  console.log(`\n${connections} connections, ${operation}       service     floor     ratio`);
  const units = { throughput: "requests/s", cpu: "CPU µs", p50: "p50 ms", p99: "p99 ms" };
  for (const name of Object.keys(ours) as (keyof Summary)[]) {
    const label = ({ ...units, "p99.9": "p99.9 ms" } as const)[name];
    const digits = name === "throughput" || name === "cpu" ? 0 : 1;
    const cell = (value: number) => value.toFixed(digits).padStart(10);
    console.log(
      `  ${label.padEnd(26)}${cell(ours[name])}${cell(theirs[name])}${ratio(name).toFixed(2).padStart(10)}`,
    );
  }
}

/**
 * Sends twice what the service can do. What it does not do, it must reject at once and say when to retry.
 *
 * The share that it keeps is that of its CPU time: the CPU of a successful request at its capacity, divided by
 * the CPU for each successful request under overload, rejections included. Throughput falls further where the
 * load, KMS and the database share the cores, as they do twice the work for rejected requests too.
 */
async function overload(target: Target): Promise<boolean> {
  const kept: number[] = [];
  const throughputs: number[] = [];
  let isDesigned = true;
  await warmUpOverload(target);
  for (let round = 0; round < OVERLOAD_ROUNDS; round++) {
    await delay(RECOVERY);
    const capacity = await measure(target, "decrypt", 64);
    const before = target.cpu();
    const rate = 2 * capacity.throughput;
    const measured = await openLoop(rate, MILLISECONDS, () => send(target, "decrypt"));
    const cpu = ((target.cpu() - before) * 1e6) / (measured.statuses[200] ?? 0);
    kept.push(capacity.cpu / cpu);
    throughputs.push(measured.throughput / capacity.throughput);
    isDesigned &&=
      measured.saysWhenToRetry && Object.keys(measured.statuses).every(isDesignedStatus);
    console.log(`overload, ${rate.toFixed()} requests/s, responses by status`, measured.statuses);
  }
  const share = quantile(kept, 0.5);
  const percent = (value: number) => `${(100 * value).toFixed()} %`;
  console.log(
    `Overload: kept ${percent(share)} of the capacity by CPU (minimum ${percent(MIN_KEPT)}), ` +
      `${percent(quantile(throughputs, 0.5))} by throughput on this machine; ` +
      `the others got 429 or 503 with Retry-After: ${isDesigned ? "yes" : "no"}`,
  );
  return share >= MIN_KEPT && isDesigned;
}

/** Opens the connections of an overload, and compiles what rejects requests. */
async function warmUpOverload(target: Target): Promise<void> {
  const { throughput } = await measure(target, "decrypt", 64);
  for (const factor of [1.2, 1.4, 1.6, 1.8, 2]) {
    await openLoop(factor * throughput, MILLISECONDS / 2, () => send(target, "decrypt"));
  }
}

const isDesignedStatus = (status: string) => ["200", "429", "503"].includes(status);

type Environment = Readonly<Record<string, string>>;

/** The service with identity, for one client with high quotas. */
async function startIdentified(environment: Environment, children: ChildProcess[]) {
  const { jwks, sign } = await createTestIssuer();
  const identity = {
    OIDC_ISSUER: ISSUER,
    OIDC_AUDIENCE: AUDIENCE,
    OIDC_JWKS: JSON.stringify(jwks),
    CLIENT_REQUESTS_PER_MINUTE: "10000000",
    CLIENT_DECRYPTS_PER_MINUTE: "10000000",
    CLIENT_DECRYPTS_PER_DAY: "10000000",
  };
  return await startTarget("../service/server.ts", { ...environment, ...identity }, children, {
    Authorization: `Bearer ${await sign()}`,
  });
}

async function startTarget(
  file: string,
  environment: Environment,
  children: ChildProcess[],
  headers?: Readonly<Record<string, string>>,
): Promise<Target> {
  const { child, message } = await start(file, environment, children);
  const send = createClient(Number(message.listening), headers);
  const response = await send("/encrypt", { Name: "bench", Text: "I love Pizza" });
  return { send, cpu: () => cpuSeconds(child), key: JSON.parse(response.body).Key };
}

/** Starts a program in its own process. Resolves with its first message. */
async function start(file: string, environment: Environment, children: ChildProcess[]) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: {
      ...TEST_ENVIRONMENT,
      ...environment,
    },
    // The service formats and writes its log as in the container, to /dev/null.
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  children.push(child);
  const [message] = await once(child, "message");
  return { child, message: message as Readonly<Record<string, unknown>> };
}

/** User and system time of all threads. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
