import { appendFileSync } from "node:fs";
import {
  keyAlias,
  serviceLogGroupName,
  serviceNamespace,
  serviceRoleName,
} from "../common/naming.ts";
import type { Settings } from "../settings/index.ts";
import { synthesize } from "../stacks/synthesize.ts";
import { type Deployment, readDeployment } from "../terraform/deployment.ts";
import type { TerraformJson } from "../terraform/json.ts";
import { readTerraform } from "../terraform/reader.ts";
import { notModelled, startAws } from "./aws/aws.ts";
import { startConsole } from "./console/server.ts";
import type { LabOptions } from "./options.ts";
import { type Child, startChild } from "./process/child.ts";
import { clientEnvironment } from "./process/client-environment.ts";
import { assertPortFree } from "./process/ports.ts";
import { type Endpoints, openDataFolder } from "./state/data-folder.ts";
import { startDatabase } from "./state/database.ts";
import { persistentClock } from "./state/persistent-clock.ts";

/** AWS's own example account. */
const ACCOUNT_ID = "111122223333";

/** The service drains within its own deadline; one that does not is ended. */
const STOP_MILLISECONDS = 15_000;

export interface LabProps {
  readonly options: LabOptions;
  readonly settings: Settings;
  /** What to run. Unless said otherwise, what `settings` synthesize. */
  readonly stacks?: ReadonlyMap<string, TerraformJson>;
  /** Takes what the AWS endpoint could not answer because of a bug. */
  readonly onError: (error: unknown) => void;
}

export interface Lab {
  readonly endpoints: Endpoints;
  /** Resolves with the reason when a part of the lab ends by itself. */
  readonly broken: Promise<string>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts the whole loop: database, AWS endpoint with trail and alarms, the service, the console.
 * @throws Error when a port is taken, the folder is in use, or the stacks hold what the lab cannot run;
 * nothing is left running then
 */
export async function startLab(props: LabProps): Promise<Lab> {
  const closing: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    return { ...(await start(props, closing)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  { options, settings, stacks = synthesize(settings), onError }: LabProps,
  closing: (() => Promise<void> | void)[],
): Promise<Omit<Lab, "stop">> {
  // First: a lab that has the folder has the ports too, and other ports would be of no help.
  const folder = openDataFolder(options.data, options.fresh);
  closing.push(folder.release);
  await assertPortFree(options.port, "--port");
  await assertPortFree(options.awsPort, "--aws-port");
  await assertPortFree(options.consolePort, "--console-port");

  const account = { accountId: settings.accountId ?? ACCOUNT_ID, region: settings.region };
  const deployment = readDeployment(readTerraform(stacks, account), account);

  const database = await startDatabase(folder.file("database"));
  closing.push(database.close);

  const clock = persistentClock(folder.file("clock"), options.speed);
  closing.push(clock.close);
  const aws = await startAws({
    deployment,
    clock,
    port: options.awsPort,
    trailDelaySeconds: options.trailDelaySeconds,
    journalFile: (name) => folder.file(`${name}.jsonl`),
    onError,
  });
  closing.push(aws.close);

  const environment = {
    ...clientEnvironment({
      endpoint: aws.url,
      region: deployment.region,
      credentials: aws.assumeRole(serviceRoleName(settings.env), "lab"),
    }),
    DATABASE_URL: database.url,
    KMS_KEY_ARN: keyWithAlias(deployment, keyAlias(settings.env)),
    METRICS_NAMESPACE: serviceNamespace(settings.env),
    HOST: "127.0.0.1",
    PORT: String(options.port),
  };
  const serviceLog = folder.file("service.log");
  const run = (module: string) =>
    startChild({
      module: new URL(`../service/${module}`, import.meta.url),
      env: environment,
      onLine: (line) => {
        appendFileSync(serviceLog, `${line}\n`, { mode: 0o600 });
        aws.logLine(serviceLogGroupName(settings.env), line);
      },
    });
  const migrated = await run("migrate.ts").exited;
  if (migrated !== 0) {
    throw new Error(`The migration ended with ${migrated}; its log is ${serviceLog}.`);
  }
  const service = run("server.ts");
  closing.push(() => service.stop(STOP_MILLISECONDS));
  const servicePort = await listeningPort(service);

  const consoleServer = await startConsole({
    port: options.consolePort,
    state: () => ({
      pid: process.pid,
      clock: { now: new Date(clock.now()).toISOString(), speed: options.speed },
      ...aws.state(),
      notModelled,
    }),
  });
  closing.push(consoleServer.close);

  const endpoints = {
    service: `http://127.0.0.1:${servicePort}`,
    aws: aws.url,
    console: consoleServer.url,
    pid: process.pid,
  };
  folder.announce(endpoints);
  closing.push(folder.withdraw);
  return {
    endpoints,
    broken: service.exited.then(
      (code) => `The service ended with ${code}; its log is ${serviceLog}.`,
    ),
  };
}

function keyWithAlias({ keys }: Deployment, alias: string): string {
  const key = keys.find(({ aliases }) => aliases.includes(alias));
  if (key !== undefined) return key.arn;
  const known = keys.flatMap(({ aliases }) => aliases).join(", ");
  throw new Error(`The stacks give no key the alias ${alias}; there are ${known || "none"}.`);
}

async function listeningPort(service: Child): Promise<number> {
  const message = await service.message();
  const port = (message as { listening?: unknown } | null)?.listening;
  if (typeof port === "number") return port;
  throw new Error(`The service said ${JSON.stringify(message)} where its port was awaited.`);
}
