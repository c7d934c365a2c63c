import { appendFileSync } from "node:fs";
import { CANARY_MINUTES } from "../common/canary.ts";
import { erasureLogGroupName, serviceRoleName } from "../common/naming.ts";
import { type DetectionScope, STORAGE_KEYS, serviceKeyArns } from "../detections/scope.ts";
import type { Settings } from "../settings/index.ts";
import { isReplica, resourceEnvironment } from "../settings/regions.ts";
import { type Account, readTerraform, type Terraform } from "../terraform/reader.ts";
import { type Aws, type AwsOptions, notModelled, startAws } from "./aws/aws.ts";
import { spreadDelays } from "./aws/cloudtrail/deliveries.ts";
import type { KmsEntry } from "./aws/kms/keys.ts";
import { createActions } from "./console/actions.ts";
import { type Console, startConsole } from "./console/server.ts";
import type { ConsoleSources, NamedResource } from "./console/sources.ts";
import { monitoredAccount, readLabDeployment, synthesizeLab } from "./monitored-keys.ts";
import type { LabOptions } from "./options.ts";
import { type Child, startChild } from "./process/child.ts";
import { clientEnvironment } from "./process/client-environment.ts";
import { checkRecordKeys } from "./record-keys.ts";
import { deployedScope, networkOf } from "./scope.ts";
import type { AdjustableClock, Clock } from "./state/clock.ts";
import { type DataFolder, type Endpoints, stateFile } from "./state/data-folder.ts";
import type { Database } from "./state/database.ts";
import { readJournal } from "./state/journal.ts";
import { persistentClock } from "./state/persistent-clock.ts";

/** The example account of AWS's documentation, unless the settings name an account. */
const ACCOUNT_ID = "111122223333";

/** Grace period of the service, which is longer than it takes to finish its requests. */
const SERVICE_STOP_MILLISECONDS = 15_000;

export interface LabProps {
  readonly options: LabOptions;
  readonly settings: Settings;
  /** Released when the lab stops, or fails to start. */
  readonly folder: DataFolder;
  /** Closed when the lab stops, or fails to start. */
  readonly database: Database;
  /** Receives the next step of the start, such as "Start the AWS endpoint". */
  readonly onStep: (step: string) => void;
  /** Receives the unexpected errors of the AWS endpoint. */
  readonly onError: (error: unknown) => void;
}

export interface Lab {
  readonly endpoints: Endpoints;
  /** Resolves with the reason when the service exits before the lab is stopped. */
  readonly failure: Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Registers a function to call when the lab stops. The functions run in reverse order of registration. */
type OnStop = (close: () => Promise<void> | void) => void;

/**
 * Starts the AWS endpoint, the service and the console, from the stacks that the settings synthesize.
 * @throws Error if the lab cannot emulate the stacks or a part does not start; stops the others first
 */
export async function startLab(props: LabProps): Promise<Lab> {
  const closers: (() => Promise<void> | void)[] = [props.folder.release, props.database.close];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    return { ...(await start(props, (close) => closers.push(close))), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(props: LabProps, onStop: OnStop): Promise<Omit<Lab, "stop">> {
  const { options, settings, folder, onStep, onError } = props;
  const account = emulatedAccount(settings);
  const env = resourceEnvironment(settings);
  onStep("Synthesize the Terraform stacks");
  const terraform = readTerraform(synthesizeLab(settings), account);
  const deployment = readLabDeployment(terraform, account, settings);
  const scope = deployedScope(env, deployment, settings);

  const clock = persistentClock(folder.file("clock"), options.speed);
  onStop(clock.close);
  onStep("Start the AWS endpoint");
  const aws = await startAws({
    deployment,
    clock,
    port: options.awsPort,
    trailDeliveries: spreadDelays(options.trailDelaySeconds, Math.random),
    journalFile: (name) => folder.file(`${name}.jsonl`),
    onError,
    ...primaryKeys(options, settings),
  });
  onStop(aws.close);

  const identity = await startIdentity(settings, onStop);
  onStep("Wait for PostgreSQL");
  const databaseUrl = await readableDatabase(props, scope);
  const logFile = folder.file("service.log");
  onStep("Migrate the database and start the service");
  const service = await startService({
    env: {
      ...clientEnvironment({
        endpoint: aws.url,
        region: deployment.region,
        credentials: aws.assumeRole(serviceRoleName(env), "lab"),
      }),
      ...identity.env,
      ...variablesOfService(settings, scope),
      DATABASE_URL: databaseUrl,
      TRAIL: deployment.trail.name,
      PORT: String(options.port),
    },
    logFile,
    onLine: (line) => aws.logLine(scope.serviceLogGroupName, line),
    onStop,
  });

  onStop(sendTime(clock, service.send));
  if (settings.monitoringCanary)
    onStop(repeat(clock, CANARY_MINUTES * 60_000, () => service.send("canary")));
  const consoleServer = await startLabConsole(options.consolePort, {
    clock,
    startSpeed: options.speed,
    trailDelaySeconds: options.trailDelaySeconds,
    aws,
    deployment,
    addressOf: resourceAddresses(terraform),
    scope,
    urls: { service: service.url, aws: aws.url, issuer: identity.url },
  });
  onStop(consoleServer.close);

  const endpoints = {
    service: service.url,
    aws: aws.url,
    console: consoleServer.url,
    issuer: identity.url,
    pid: process.pid,
  };
  folder.writeEndpoints(endpoints);
  onStop(folder.removeEndpoints);
  return {
    endpoints,
    failure: service.exited.then(
      (status) => `The service exited with ${status}. See its log in ${logFile}.`,
    ),
  };
}

function emulatedAccount(settings: Settings): Account {
  const [primary] = settings.primaryKeyArns;
  const accountId =
    settings.accountId ?? monitoredAccount(settings) ?? primary?.split(":")[4] ?? ACCOUNT_ID;
  return { accountId, region: settings.region };
}

/**
 * Reads the KMS journal of the lab that this one replicates.
 * @throws Error if only one of the option and the setting makes it a replica
 */
function primaryKeys({ replicaOf }: LabOptions, settings: Settings): Partial<AwsOptions> {
  if ((replicaOf !== undefined) === isReplica(settings)) {
    if (replicaOf === undefined) return {};
    return { primaryKmsEntries: readJournal<KmsEntry>(stateFile(replicaOf, "kms.jsonl")) };
  }
  const given = replicaOf === undefined ? "CIPHERWATCH_PRIMARY_KEY_ARNS" : "--replica-of";
  throw new Error(
    `Only ${given} is set. A lab of the second Region needs both --replica-of, with the data folder of the first Region's lab, and CIPHERWATCH_PRIMARY_KEY_ARNS. See docs/failover.md.`,
  );
}

/**
 * Waits for the database.
 * @returns its URL
 * @throws Error if it has records that the service could not decrypt
 */
async function readableDatabase(
  { options, settings, database }: LabProps,
  scope: DetectionScope,
): Promise<string> {
  checkRecordKeys(await database.recordsByKey, {
    keyArns: serviceKeyArns(scope),
    folder: options.data,
    isPrimary: settings.replicaRegion !== undefined,
  });
  return database.url;
}

/** Returns the environment variables of the service that the stacks also set. */
function variablesOfService(settings: Settings, scope: DetectionScope) {
  return {
    KMS_KEY_ARN: scope.keyArn,
    KMS_PREVIOUS_KEY_ARNS: scope.previousKeyArns.join(","),
    METRICS_NAMESPACE: scope.serviceNamespace,
    DECRYPT_WITHOUT_TRAIL: settings.decryptWithoutTrail,
    ...(settings.erasureLedger && {
      ERASURE_LOG_GROUP: erasureLogGroupName(resourceEnvironment(settings)),
    }),
    HOST: "127.0.0.1",
  };
}

/** Starts an issuer with the claims of the one in the settings. Does nothing if the settings have no issuer. */
async function startIdentity(
  settings: Settings,
  onStop: OnStop,
): Promise<{ readonly url?: string; readonly env?: Readonly<Record<string, string>> }> {
  const { oidcIssuer: issuer, oidcAudience: audience, oidcClientClaim: clientClaim } = settings;
  if (issuer === undefined || audience === undefined) return {};
  const { startIssuer } = await import("./identity/issuer.ts");
  const { url, close } = await startIssuer({ issuer, audience, clientClaim });
  onStop(close);
  const env = {
    OIDC_ISSUER: issuer,
    OIDC_AUDIENCE: audience,
    OIDC_CLIENT_CLAIM: clientClaim,
    OIDC_JWKS_URL: `${url}/jwks`,
    CLIENT_REQUESTS_PER_MINUTE: String(settings.clientRequestsPerMinute),
    CLIENT_DECRYPTS_PER_MINUTE: String(settings.clientDecryptsPerMinute),
    CLIENT_DECRYPTS_PER_DAY: String(settings.clientDecryptsPerDay),
  };
  return { url, env };
}

/**
 * Runs a task at each multiple of an interval of lab time.
 * @returns a function that stops it
 */
function repeat(clock: Clock, interval: number, task: () => void): () => void {
  let cancel = schedule();
  function schedule(): () => void {
    return clock.after(interval - (clock.now() % interval), () => {
      task();
      cancel = schedule();
    });
  }
  return () => cancel();
}

/** Real milliseconds between two messages that send lab time to the service, which applies quotas and expiry by it. */
const TIME_INTERVAL = 500;

function sendTime(clock: AdjustableClock, send: (message: string) => void): () => void {
  const sendNow = () => send(`clock ${Math.round(clock.now())} ${clock.speed()}`);
  sendNow();
  const timer = setInterval(sendNow, TIME_INTERVAL);
  return () => clearInterval(timer);
}

async function startLabConsole(
  port: number,
  sources: ConsoleSources & { readonly aws: Aws },
): Promise<Console> {
  const { clock, aws, urls } = sources;
  const server: Console = await startConsole({
    port,
    sources,
    actions: createActions(sources, async (id) => {
      // Import on the first attack, to start the lab faster.
      const { runAttackById } = await import("./console/attacks.ts");
      return runAttackById({ ...urls, console: server.url }, id);
    }),
    state: () => ({
      pid: process.pid,
      clock: { now: new Date(clock.now()).toISOString(), speed: clock.speed() },
      ...aws.state(),
      trailArn: sources.deployment.trail.arn,
      existing: existingOf(sources.scope),
      notModelled,
    }),
  });
  return server;
}

/** Returns what attacks need about resources outside the stacks, and the ids that AWS assigns. */
function existingOf(scope: DetectionScope): object {
  const { countedAccountIds, storageKeyArns, trailLogGroupName, trailBucketName } = scope;
  const { existingTopicArns: [urgentTopicArn, routineTopicArn] = [], topicKeyArn } = scope;
  const { serviceRoleArn, serviceRoleName } = scope;
  return {
    ...networkOf(scope),
    rolePath: serviceRoleArn.slice(serviceRoleArn.indexOf("/"), -serviceRoleName.length),
    ...(urgentTopicArn && { urgentTopicArn, routineTopicArn, topicKeyArn }),
    ...(countedAccountIds && { trailLogGroup: trailLogGroupName, trailBucket: trailBucketName }),
    ...(storageKeyArns.length === 0
      ? { customerManagedKeys: "records" }
      : storageKeyArns.length < STORAGE_KEYS.length && { vpcId: "existing" }),
  };
}

/** The attribute that names a resource in AWS, by type. */
const NAME_ATTRIBUTES: Readonly<Record<NamedResource, string>> = {
  aws_kms_key: "arn",
  aws_cloudtrail: "name",
  aws_cloudwatch_log_metric_filter: "name",
  aws_cloudwatch_metric_alarm: "alarm_name",
  aws_cloudwatch_composite_alarm: "alarm_name",
  aws_sns_topic: "name",
};

function resourceAddresses(terraform: Terraform): ConsoleSources["addressOf"] {
  const addresses = new Map(
    Object.entries(NAME_ATTRIBUTES).flatMap(([type, attribute]) =>
      terraform
        .resources(type)
        .map(({ address, get }) => [`${type} ${get(attribute)}`, address] as const),
    ),
  );
  return (type, name) => addresses.get(`${type} ${name}`);
}

interface ServiceProps {
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly onLine: (line: string) => void;
  readonly onStop: OnStop;
}

/** Runs the migrations, then the service, as the containers of the ECS task do. */
async function startService({ env, logFile, onLine, onStop }: ServiceProps) {
  const run = (module: string) =>
    startChild({
      module: new URL(`../service/${module}`, import.meta.url),
      env,
      onLine: (line) => {
        appendFileSync(logFile, `${line}\n`, { mode: 0o600 });
        onLine(line);
      },
    });
  const status = await run("migrate.ts").exited;
  if (status !== 0) {
    throw new Error(`The database migration exited with ${status}. See its log in ${logFile}.`);
  }
  const service = run("server.ts");
  onStop(() => service.stop(SERVICE_STOP_MILLISECONDS));
  return {
    url: `http://127.0.0.1:${await listeningPort(service)}`,
    exited: service.exited,
    send: service.send,
  };
}

async function listeningPort(service: Child): Promise<number> {
  const message = await service.message();
  const port = (message as { listening?: unknown } | null)?.listening;
  if (typeof port === "number") return port;
  throw new Error(`Expected the service to report its port; received ${JSON.stringify(message)}.`);
}
