import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createApp } from "./app.ts";
import { createDatabase } from "./database.ts";
import { parseServiceEnvironment } from "./environment.ts";
import { createKms } from "./kms.ts";
import { OperatorError } from "./operator-error.ts";
import { createReadiness } from "./readiness.ts";
import { createStore } from "./store.ts";
import { createLogger, errorFields } from "./telemetry.ts";
import { createVault } from "./vault.ts";

/** Milliseconds. */
const httpTimeouts = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // Longer than the load balancer keeps a connection (60 seconds), so that the one to close it is never
  // the one that is just being sent a request.
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
  keepAliveTimeout: 75_000,
};

function start(): void {
  const environment = parseServiceEnvironment(process.env);
  logger.level = environment.LOG_LEVEL;
  const database = createDatabase({
    access: environment.database,
    poolSize: environment.DATABASE_POOL_SIZE,
    connectTimeout: environment.DATABASE_CONNECT_TIMEOUT,
    statementTimeout: environment.DATABASE_STATEMENT_TIMEOUT,
    onNoToken: (error) => logger.error(errorFields(error), "AWS gave no token for the database"),
  });
  const store = createStore(database);
  const kms = createKms({
    keyArn: environment.KMS_KEY_ARN,
    attemptTimeout: environment.KMS_TIMEOUT,
  });
  const vault = createVault(kms);
  let draining = false;
  const app = createApp({
    vault,
    store,
    readiness: createReadiness({
      checks: { Database: store.check, Kms: kms.checkKey },
      timeout: environment.READINESS_TIMEOUT,
      age: environment.READINESS_AGE,
      now: () => performance.now(),
    }),
    limits: {
      text: environment.MAX_TEXT_BYTES,
      inFlight: environment.MAX_IN_FLIGHT,
      deadline: environment.REQUEST_TIMEOUT,
    },
    logger,
    metricsNamespace: environment.METRICS_NAMESPACE,
    isDraining: () => draining,
  });

  const server = createServer(httpTimeouts, getRequestListener(app.fetch));
  let answering = 0;
  server.on("request", (_, response) => {
    answering += 1;
    response.once("close", () => {
      answering -= 1;
      if (draining) closeWhenIdle();
    });
  });

  // Connections without a request would hold the end up, those that never sent one included, which
  // closeIdleConnections takes for busy.
  function closeWhenIdle(): void {
    if (answering === 0) server.closeAllConnections();
  }

  /** Ends what was begun and nothing else, then the process. */
  function stop(signal: NodeJS.Signals): void {
    if (draining) return;
    draining = true;
    logger.info({ signal, answering }, "stopping");
    setTimeout(() => {
      logger.error(
        { answering },
        "stopped before all requests were answered: DRAIN_TIMEOUT is over",
      );
      process.exit(1);
    }, environment.DRAIN_TIMEOUT).unref();
    server.close(async () => {
      await database.close(environment.DATABASE_STATEMENT_TIMEOUT);
      logger.info("stopped");
      process.exit(0);
    });
    closeWhenIdle();
  }

  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  server.once("error", (error: NodeJS.ErrnoException) => {
    const { HOST, PORT } = environment;
    const what = `The service cannot listen on ${HOST}:${PORT} (${error.code}).`;
    fail(new OperatorError(`${what} Set PORT to a free port, or to 0 to be given one.`));
  });
  server.listen(environment.PORT, environment.HOST, () => {
    const { port } = server.address() as AddressInfo;
    logger.info({ host: environment.HOST, port }, "listening");
    process.send?.({ listening: port });
  });

  vault.prepare(AbortSignal.timeout(environment.REQUEST_TIMEOUT)).catch((error: unknown) => {
    logger.warn(
      errorFields(error),
      "KMS made no decoy; the first request that needs one will ask again",
    );
  });
}

function fail(error: unknown): void {
  logger.fatal(errorFields(error), "the service cannot go on");
  process.exit(1);
}

const logger = createLogger({ level: "info" });
process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
start();
