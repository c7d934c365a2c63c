import { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition/index.js";
import { Token } from "cdktf";
import type { Construct } from "constructs";
import { CANARY_MINUTES } from "../../common/canary.ts";
import {
  erasureLogGroupName,
  resourceName,
  serviceNamespace,
  trailName,
} from "../../common/naming.ts";
import { DEFAULT_POOL_SIZE } from "../../settings/database.ts";

import { CipherwatchStack, type StackSettings } from "../cipherwatch-stack.ts";
import { EXEC_AGENT_DIRECTORIES } from "./exec.ts";

/** The KMS keys that tasks use. */
export interface TaskKeysProps {
  /** ARN of the KMS key that encrypts. */
  readonly keyArn: string;
  /** ARNs of the KMS keys that only decrypt. */
  readonly previousKeyArns: readonly string[];
}

/** How tasks sign in to the database. */
export interface TaskDatabaseProps {
  readonly databaseHost: string;
  readonly databasePort: number;
  readonly databaseName: string;
  /** PostgreSQL role of the API, with IAM authentication. The migrations create it. */
  readonly databaseUser: string;
  /** PostgreSQL role that moves records from the other KMS keys. The migrations create it. */
  readonly rewrapUser: string;
  /** Secret of the database's master user. Only the migrations receive it. */
  readonly masterSecretArn: string;
}

export interface ServiceTaskProps extends TaskKeysProps, TaskDatabaseProps {
  /** `<repository>@sha256:…` */
  readonly image: string;
  readonly executionRoleArn: string;
  readonly taskRoleArn: string;
  readonly logGroupName: string;
  /** Port that the API listens on. */
  readonly port: number;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopSeconds: number;
}

export const API_CONTAINER = "api";
const MIGRATION_CONTAINER = "migrate";

/** Format version that the service writes by default. */
const NEWEST_RECORD_FORMAT = 2;

/** User and group id. The image has no such user, and no file that belongs to these ids. */
const UNPRIVILEGED_USER = "65532:65532";

/** Adds the service's task definition: a container that runs the migrations, then one that runs the API. */
export function serviceTask(
  scope: Construct,
  id: string,
  props: ServiceTaskProps,
): EcsTaskDefinition {
  const { env, taskCpu, taskMemory, cpuArchitecture, executeCommand } =
    CipherwatchStack.of(scope).settings;
  return new EcsTaskDefinition(scope, id, {
    family: resourceName(env, "service"),
    requiresCompatibilities: ["FARGATE"],
    networkMode: "awsvpc",
    cpu: String(taskCpu),
    memory: String(taskMemory),
    runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture },
    executionRoleArn: props.executionRoleArn,
    taskRoleArn: props.taskRoleArn,
    ...(executeCommand
      ? { volume: [...EXEC_AGENT_DIRECTORIES.keys()].map((name) => ({ name })) }
      : {}),
    lifecycle: { createBeforeDestroy: true }, // a failed deployment rolls back to the old revision
    containerDefinitions: JSON.stringify([migrations(scope, props), api(scope, props)]),
  });
}

function migrations(scope: Construct, props: ServiceTaskProps) {
  return {
    name: MIGRATION_CONTAINER,
    essential: false, // the task continues when it exits
    command: ["node", "service/migrate.ts"],
    ...hardened(props.image),
    environment: toPairs({
      ...databaseVariables(props),
      ...(props.previousKeyArns.length > 0 && { DATABASE_REWRAP_USER: props.rewrapUser }),
    }),
    secrets: [{ name: "DATABASE_SECRET", valueFrom: props.masterSecretArn }],
    logConfiguration: logsOf(scope, props),
  };
}

function api(scope: Construct, props: ServiceTaskProps) {
  const stack = CipherwatchStack.of(scope);
  const { settings } = stack;
  const { env, region, monitoringCanary, executeCommand, databasePoolSize, taskMemory } = settings;
  const { port, keyArn, previousKeyArns, stopSeconds } = props;
  return {
    name: API_CONTAINER,
    essential: true,
    memory: taskMemory, // the service and Node size themselves by the limit of their container
    ...hardened(props.image),
    dependsOn: [{ containerName: MIGRATION_CONTAINER, condition: "SUCCESS" }],
    portMappings: [{ containerPort: port, hostPort: port, protocol: "tcp" }],
    environment: toPairs({
      ...databaseVariables(props),
      AWS_REGION: region,
      HOST: "0.0.0.0",
      KMS_KEY_ARN: keyArn,
      ...(previousKeyArns.length > 0 && { KMS_PREVIOUS_KEY_ARNS: previousKeyArns.join(",") }),
      METRICS_NAMESPACE: serviceNamespace(env),
      PORT: String(port),
      ...identityVariables(CipherwatchStack.of(scope).settings),
      ...(monitoringCanary && { CANARY_MINUTES: String(CANARY_MINUTES) }),
      ...(settings.decryptWithoutTrail !== "allow" && {
        DECRYPT_WITHOUT_TRAIL: settings.decryptWithoutTrail,
        TRAIL: settings.trailArn ?? trailName(env),
      }),
      ...(settings.erasureLedger && { ERASURE_LOG_GROUP: erasureLogGroupName(env) }),
      ...(databasePoolSize !== DEFAULT_POOL_SIZE && {
        DATABASE_POOL_SIZE: String(databasePoolSize),
      }),
      ...(settings.recordFormat !== NEWEST_RECORD_FORMAT && {
        RECORD_FORMAT: String(settings.recordFormat),
      }),
    }),
    healthCheck: {
      command: ["CMD", ...healthCommand(port)],
      interval: 30,
      timeout: 5,
      retries: 3,
      startPeriod: 30,
    },
    stopTimeout: stopSeconds,
    ...(executeCommand
      ? {
          mountPoints: [...EXEC_AGENT_DIRECTORIES].map(([sourceVolume, containerPath]) => ({
            sourceVolume,
            containerPath,
            readOnly: false,
          })),
        }
      : {}),
    logConfiguration: logsOf(scope, props),
  };
}

/** None while identity is off. */
function identityVariables(settings: StackSettings): Readonly<Record<string, string>> {
  const { oidcIssuer, oidcAudience, oidcJwksUrl, oidcJwks, oidcClientClaim } = settings;
  if (oidcIssuer === undefined || oidcAudience === undefined) return {};
  return {
    OIDC_ISSUER: oidcIssuer,
    OIDC_AUDIENCE: oidcAudience,
    OIDC_CLIENT_CLAIM: oidcClientClaim,
    CLIENT_METRICS: String(settings.clientMetrics),
    CLIENT_REQUESTS_PER_MINUTE: String(settings.clientRequestsPerMinute),
    CLIENT_DECRYPTS_PER_MINUTE: String(settings.clientDecryptsPerMinute),
    CLIENT_DECRYPTS_PER_DAY: String(settings.clientDecryptsPerDay),
    ...(oidcJwksUrl !== undefined && { OIDC_JWKS_URL: oidcJwksUrl }),
    ...(oidcJwks !== undefined && { OIDC_JWKS: oidcJwks }),
  };
}

/** Health check of the API. Uses Node because the image has neither a shell nor curl. */
export function healthCommand(port: number): readonly string[] {
  const url = `http://127.0.0.1:${port}/healthz`;
  const script = `fetch("${url}").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;
  return ["node", "-e", script];
}

/** What each container of the image is denied. */
export function hardened(image: string) {
  return {
    image,
    user: UNPRIVILEGED_USER,
    privileged: false,
    readonlyRootFilesystem: true,
    linuxParameters: { initProcessEnabled: true, capabilities: { drop: ["ALL"] } },
  };
}

type DatabaseProps = Pick<
  ServiceTaskProps,
  "databaseHost" | "databasePort" | "databaseName" | "databaseUser"
>;

export function databaseVariables(props: DatabaseProps): Readonly<Record<string, string>> {
  return {
    DATABASE_HOST: props.databaseHost,
    DATABASE_NAME: props.databaseName,
    DATABASE_PORT: Token.asString(props.databasePort),
    DATABASE_USER: props.databaseUser,
  };
}

/**
 * Non-blocking: drops lines when the buffer is full, because undeliverable logs must not stop the service.
 * CloudTrail records the use of the key independently. Sorted, as the provider compares them.
 */
export function logsOf(
  scope: Construct,
  { logGroupName }: Pick<ServiceTaskProps, "logGroupName">,
  streamPrefix = "service",
) {
  return {
    logDriver: "awslogs",
    options: {
      "awslogs-group": logGroupName,
      "awslogs-region": CipherwatchStack.of(scope).settings.region,
      "awslogs-stream-prefix": streamPrefix,
      "max-buffer-size": "25m",
      mode: "non-blocking",
    },
  };
}

export function toPairs(variables: Readonly<Record<string, string>>) {
  return Object.entries(variables).map(([name, value]) => ({ name, value }));
}
