import type { Server } from "node:http";
import { memoryForRequests, REQUEST_BYTES } from "./admission.ts";
import { createApp } from "./app.ts";
import { createCanary, runAtMultiples } from "./canary.ts";
import { onUtilization } from "./concurrency-limit.ts";
import { type Credentials, createCredentials } from "./credentials.ts";
import { createDatabase, type Database } from "./database.ts";
import type { Identity } from "./dependencies.ts";
import { parseServiceEnvironment, type ServiceEnvironment } from "./environment.ts";
import { createErasureLedger } from "./erasure-ledger.ts";
import { createErasureStore } from "./erasure-store.ts";
import { APPLY_ALL_INTERVAL, APPLY_INTERVAL, createErasures, type Erasures } from "./erasures.ts";
import { createExpiry } from "./expiry.ts";
import { connectionsForClients, openFileLimit } from "./file-limit.ts";
import { createHttpServer } from "./http-server.ts";
import { fetchedKeys, pinnedKeys, REFRESH_INTERVAL } from "./issuer-keys.ts";
import { createKms, regionOf } from "./kms.ts";
import { createListeningSockets, type ListeningSockets } from "./listening-sockets.ts";
import { createLoadShedding } from "./load-shedding.ts";
import { createCallLogs } from "./logs-api.ts";
import { availableMemory, createMemoryBudget } from "./memory-budget.ts";
import { OperatorError } from "./operator-error.ts";
import { createQuotaStore } from "./quota-store.ts";
import { createQuotas } from "./quotas.ts";
import { createReadiness } from "./readiness.ts";
import { createSlots } from "./slots.ts";
import { createStore } from "./store.ts";
import { createLogger, errorFields } from "./telemetry.ts";
import { createTokenVerifier } from "./token.ts";
import { createReadTrail } from "./trail.ts";
import { CHECK_INTERVAL, createTrailGuard } from "./trail-guard.ts";
import { createVault, type Vault } from "./vault.ts";
import { createWallClock } from "./wall-clock.ts";

function start(): void {
  const environment = parseServiceEnvironment(process.env);
  logger.level = environment.LOG_LEVEL;
  const credentials = createCredentials({
    onError: (error) => logger.error(errorFields(error), "no credentials could be loaded"),
  });
  const database = prepareDatabase(environment, credentials);
  const clock = createWallClock();
  process.on("message", clock.receive);
  const erasures = startErasures({ environment, credentials, database, now: clock.now });
  const store = createStore(database, clock.now, erasures?.requireApplied);
  const kms = createKms({
    keyArn: environment.KMS_KEY_ARN,
    attemptTimeout: environment.KMS_TIMEOUT,
    credentials,
  });
  const vault = createVault(kms, {
    formatVersion: environment.RECORD_FORMAT,
    previousKeyArns: environment.KMS_PREVIOUS_KEY_ARNS,
  });
  const memory = createMemoryBudget(
    memoryForRequests(availableMemory(), environment.MAX_TEXT_BYTES),
    () => performance.now(),
  );
  const slots = createSlots(environment.MAX_IN_FLIGHT);
  onUtilization(slots.adapt);
  let draining = false;
  const isDraining = () => draining;
  const app = createApp({
    vault,
    identity: startIdentity(environment, database, clock.now),
    store,
    readiness: createReadiness({
      checks: { Database: store.check, Kms: kms.checkKey },
      timeout: environment.READINESS_TIMEOUT,
      age: environment.READINESS_AGE,
      now: () => performance.now(),
    }),
    limits: {
      text: environment.MAX_TEXT_BYTES,
      slots,
      deadline: environment.REQUEST_TIMEOUT,
      memory,
    },
    logger,
    metricsNamespace: environment.METRICS_NAMESPACE,
    mayDecrypt: startTrailGuard(environment, credentials),
    now: clock.now,
    recordErasure: erasures?.record ?? (async () => {}),
    isDraining,
  });

  repeat(store.purge, PURGE_INTERVAL);
  const { METRICS_NAMESPACE: metricsNamespace } = environment;
  const deleteExpired = createExpiry({ store, logger, metricsNamespace, now: Date.now });
  repeat(deleteExpired, EXPIRY_INTERVAL);
  startCanary(vault, environment);
  const loadShedding = createLoadShedding({ slots, isDraining, logger, metricsNamespace });
  const server = createHttpServer({
    app,
    logger,
    loadShedding,
    deadline: environment.REQUEST_TIMEOUT,
    maxConnections: maxConnections(environment, memory.total),
  });
  const sockets = createListeningSockets(server);
  exitOnSignal(server, {
    onSignal: () => {
      draining = true;
    },
    drainTimeout: environment.DRAIN_TIMEOUT,
    close: async () => {
      await sockets.close();
      loadShedding.flush();
      await database.close(environment.DATABASE_STATEMENT_TIMEOUT);
    },
  });
  void listen(sockets, environment);
  prepareDecoy(vault, environment);
}

function prepareDatabase(environment: ServiceEnvironment, credentials: Credentials): Database {
  return createDatabase({
    access: environment.database,
    poolSize: environment.DATABASE_POOL_SIZE,
    connectTimeout: environment.DATABASE_CONNECT_TIMEOUT,
    statementTimeout: environment.DATABASE_STATEMENT_TIMEOUT,
    credentials,
  });
}

/** @param memory bytes for requests */
function maxConnections(environment: ServiceEnvironment, memory: number): number {
  const { MAX_IN_FLIGHT: maxInFlight, DATABASE_POOL_SIZE: poolSize } = environment;
  const byFiles = connectionsForClients(openFileLimit(), { maxInFlight, poolSize });
  // Twice as many as requests: those that send their bodies slowly leave room for others.
  return Math.min(byFiles, Math.floor((2 * memory) / REQUEST_BYTES));
}

/** Creates the decoy used in place of records that do not exist, so that no request waits for it. */
function prepareDecoy(vault: Vault, { REQUEST_TIMEOUT }: ServiceEnvironment): void {
  vault.prepare(AbortSignal.timeout(REQUEST_TIMEOUT)).catch((error: unknown) => {
    logger.warn(
      errorFields(error),
      "KMS did not create the decoy; the first request that needs it will try again",
    );
  });
}

/** Fetches the issuer's keys now and regularly. */
function startIdentity(
  { identity }: ServiceEnvironment,
  database: Database,
  now: () => number,
): Identity | undefined {
  if (identity === undefined) return undefined;
  const { keys: source, clientMetrics, quotas: limits, ...expected } = identity;
  const keys = source.kind === "url" ? fetchedKeys(source.url) : pinnedKeys(source.jwks);
  const refresh = () =>
    keys.refresh().catch((error: unknown) => {
      logger.warn(errorFields(error), "the issuer's keys could not be fetched");
    });
  void refresh();
  setInterval(refresh, REFRESH_INTERVAL).unref();
  const quotaStore = createQuotaStore(database);
  repeat(() => quotaStore.purge(now()), PURGE_INTERVAL);
  return {
    verifyToken: createTokenVerifier({ ...expected, keys, now: Date.now }),
    quotas: createQuotas({ limits, store: quotaStore, now }),
    clientMetrics,
  };
}

/** Milliseconds. */
const PURGE_INTERVAL = 600_000;
const EXPIRY_INTERVAL = 60_000;

function repeat(purge: () => Promise<void>, interval: number): void {
  setInterval(() => {
    purge().catch((error: unknown) => logger.warn(errorFields(error), "purge failed"));
  }, interval).unref();
}

/** Runs the canary regularly, and whenever the parent process asks for it: the lab has its own clock. */
function startCanary(vault: Vault, { CANARY_MINUTES, REQUEST_TIMEOUT }: ServiceEnvironment): void {
  const canary = createCanary({ vault, logger, timeout: REQUEST_TIMEOUT });
  process.on("message", (message) => {
    if (message === "canary") void canary();
  });
  if (CANARY_MINUTES === 0) return;
  runAtMultiples(CANARY_MINUTES * 60_000, () => void canary(), {
    now: Date.now,
    after: (milliseconds, task) => setTimeout(task, milliseconds).unref(),
  });
}

/** Checks the trail now and regularly, if the settings require one. @returns whether decrypts are allowed */
function startTrailGuard(environment: ServiceEnvironment, credentials: Credentials): () => boolean {
  const { TRAIL: trail, DECRYPT_WITHOUT_TRAIL: policy, METRICS_NAMESPACE } = environment;
  if (policy === "allow") return () => true;
  if (trail === undefined) {
    throw new OperatorError(
      `TRAIL is not set, but DECRYPT_WITHOUT_TRAIL is ${policy}; set TRAIL to the name or ARN of the trail.`,
    );
  }
  const region = regionOf(environment.KMS_KEY_ARN);
  const { check, mayDecrypt } = createTrailGuard({
    readTrail: createReadTrail({ trail, region, credentials }, Date.now),
    policy,
    logger,
    metricsNamespace: METRICS_NAMESPACE,
    now: () => performance.now(),
  });
  void check();
  setInterval(check, CHECK_INTERVAL).unref();
  return mayDecrypt;
}

interface ErasureProps {
  readonly environment: ServiceEnvironment;
  readonly credentials: Credentials;
  readonly database: Database;
  readonly now: () => number;
}

/** Applies the erasure ledger now and regularly, if there is one. */
function startErasures(props: ErasureProps): Erasures | undefined {
  const { environment, credentials, database, now } = props;
  const { ERASURE_LOG_GROUP, KMS_KEY_ARN, KMS_TIMEOUT, METRICS_NAMESPACE } = environment;
  if (ERASURE_LOG_GROUP === undefined) return undefined;
  const call = createCallLogs(regionOf(KMS_KEY_ARN), KMS_TIMEOUT, credentials);
  const erasures = createErasures({
    ledger: createErasureLedger({ call, logGroupName: ERASURE_LOG_GROUP, now }),
    store: createErasureStore(database),
    logger,
    metricsNamespace: METRICS_NAMESPACE,
    now,
  });
  void erasures.apply();
  setInterval(erasures.apply, APPLY_INTERVAL).unref();
  setInterval(erasures.applyAll, APPLY_ALL_INTERVAL).unref();
  return erasures;
}

interface Shutdown {
  readonly onSignal: () => void;
  /** Milliseconds after which the process exits even with requests in progress. */
  readonly drainTimeout: number;
  /** Stops listening at once, waits for all connections to end, and closes what their requests used. */
  readonly close: () => Promise<void>;
}

/**
 * Milliseconds that a kept-alive connection without a request stays open after a signal. A client that sends
 * its next request meanwhile is answered and told to close; closing at once would reset that request.
 */
const IDLE_GRACE = 1_000;

/** Graceful shutdown on SIGTERM and SIGINT: stop accepting, finish requests in progress, then exit 0. */
function exitOnSignal(server: Server, { onSignal, drainTimeout, close }: Shutdown): void {
  let draining = false;
  let graceIsOver = false;
  let inProgress = 0;
  server.on("request", ({ socket }, response) => {
    // Of a connection that was closed because it has too many.
    if (socket.destroyed) return;
    inProgress += 1;
    response.once("close", () => {
      inProgress -= 1;
      closeWhenIdle();
    });
  });

  // closeIdleConnections treats a connection that never sent a request as busy, so close all of them.
  function closeWhenIdle(): void {
    if (graceIsOver && inProgress === 0) server.closeAllConnections();
  }

  function stop(signal: NodeJS.Signals): void {
    if (draining) return;
    draining = true;
    onSignal();
    logger.info({ signal, inProgress }, "stopping");
    setTimeout(() => {
      logger.error({ inProgress }, "stopped with requests in progress: DRAIN_TIMEOUT has passed");
      process.exit(1);
    }, drainTimeout).unref();
    close().then(() => {
      logger.info("stopped");
      process.exit(0);
    }, fail);
    // An immediate runs after the requests that arrived while the process had no CPU time are read.
    setTimeout(setImmediate, IDLE_GRACE, () => {
      graceIsOver = true;
      closeWhenIdle();
    });
  }

  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

/** Listens and reports the port to the parent process, if there is one. */
async function listen(sockets: ListeningSockets, environment: ServiceEnvironment): Promise<void> {
  const { HOST: host, PORT, REVISION: revision } = environment;
  try {
    const port = await sockets.listen({ host, port: PORT });
    logger.info({ host, port, revision }, "listening");
    process.send?.({ listening: port });
  } catch (error) {
    const message = `Cannot listen on ${host}:${PORT} (${(error as NodeJS.ErrnoException).code}).`;
    fail(new OperatorError(`${message} Set PORT to a free port, or to 0 for any free port.`));
  }
}

function fail(error: unknown): void {
  logger.fatal(errorFields(error), "the service cannot continue");
  process.exit(1);
}

const logger = createLogger({ level: "info" });
process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
start();
