import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** An AWS emulator on the loopback interface: moto, patched for the Terraform provider. */
export interface Emulator {
  readonly url: string;
  /** Environment variables that direct Terraform and the CDKTF CLI to the emulator. */
  readonly env: Readonly<Record<string, string>>;
  /** Returns the calls since the last `takeCalls`. */
  readonly takeCalls: () => Promise<readonly Call[]>;
  readonly objects: () => Promise<readonly StoredObject[]>;
  /** Returns all versions of all secrets in Secrets Manager. */
  readonly secrets: () => Promise<readonly StoredSecret[]>;
  readonly monitoring: () => Promise<Monitoring>;
  /** Returns resources that a new account does not have, as `<service> <class> [<state>] [<name>]`. */
  readonly remainingResources: () => Promise<readonly string[]>;
  /** Creates the public Route 53 zone that a deployment expects, and returns its id. */
  readonly makeHostedZone: (name: string) => Promise<string>;
  /** Resolves as soon as an S3 bucket exists. */
  readonly bucketCreated: (name: string) => Promise<void>;
  /**
   * Starts a copy with the same resources, which then change independently. No other request may be in progress.
   * The copy stops with the emulator that was started first.
   */
  readonly fork: () => Promise<Emulator>;
  readonly stop: () => Promise<void>;
}

export interface Call {
  /** Service name in the request signature. */
  readonly service: string | null;
  /** Null for REST protocols. */
  readonly operation: string | null;
  readonly method: string;
  readonly path: string;
  readonly query: string;
}

/** The current version of an object in S3. */
export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  readonly encryption: string | null;
  readonly kmsKeyId: string | null;
  /** Base64. */
  readonly body: string;
}

/** The CloudWatch alarms and metric filters. */
export interface Monitoring {
  readonly alarms: readonly { readonly name: string; readonly actions: readonly string[] }[];
  readonly filters: readonly {
    readonly name: string;
    readonly pattern: string;
    readonly logGroupName: string;
  }[];
}

export interface StoredSecret {
  readonly name: string;
  readonly value: string;
}

/**
 * Services whose initial resources (default VPC, AWS managed policies) are not reported as remaining. If the
 * stacks use a service that is missing here, its initial resources are reported.
 */
const SERVICES = [
  "acm",
  "applicationautoscaling",
  "cloudtrail",
  "cloudwatch",
  "ec2",
  "ecr",
  "ecs",
  "elbv2",
  "events",
  "iam",
  "kms",
  "logs",
  "rds",
  "route53",
  "s3",
  "secretsmanager",
  "sns",
  "sqs",
  "sts",
  "wafv2",
];

export async function startEmulator(region: string): Promise<Emulator> {
  const server = spawn(
    "python3",
    [fileURLToPath(new URL("moto_server.py", import.meta.url)), region, ...SERVICES],
    {
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...process.env,
        MOTO_ACM_VALIDATION_WAIT: "1", // seconds until a certificate is issued
        MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
        MOTO_ECS_SERVICE_RUNNING: "1", // the desired count in dev; with 0, the service never becomes stable
      },
    },
  );
  const exited = once(server, "exit");
  const errors: string[] = [];
  createInterface({ input: server.stderr }).on("line", (line) => {
    errors.push(line);
    if (errors.length > 50) errors.shift();
  });
  const firstLine = once(createInterface({ input: server.stdout }), "line");
  const [port] = await Promise.race([
    firstLine,
    exited.then(([code]) => {
      throw new Error(`The emulator exited with code ${code}:\n${errors.join("\n")}`);
    }),
  ]);
  const secret = randomUUID(); // unique, so that the suite can detect a leak
  return emulatorAt(Number(port), { region, secret, errors }, async () => {
    server.stdin.end();
    await exited;
  });
}

interface Details {
  readonly region: string;
  readonly secret: string;
  /** The last lines that the emulator and its forks printed to standard error. */
  readonly errors: readonly string[];
}

function emulatorAt(port: number, details: Details, stop: () => Promise<void>): Emulator {
  const { region, secret, errors } = details;
  let forked: Promise<unknown> = Promise.resolve();
  const url = `http://127.0.0.1:${port}`;
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}${path}`);
    if (!response.ok)
      throw new Error(`GET ${path} failed with status ${response.status}.\n${errors.join("\n")}`);
    return (await response.json()) as T;
  };
  return {
    url,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: "emulator",
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: "true",
    },
    takeCalls: () => get("/calls"),
    objects: () => get("/objects"),
    secrets: () => get("/secrets"),
    monitoring: () => get("/monitoring"),
    remainingResources: () => get("/remaining"),
    makeHostedZone: (name) => get(`/zone/${name}`),
    bucketCreated: async (name) => {
      while ((await fetch(`${url}/${name}`, { method: "HEAD" })).status !== 200) await pause(200);
    },
    fork: () => {
      const next = forked.then(async () =>
        emulatorAt(await get<number>("/fork"), details, async () => {}),
      );
      forked = next.catch(() => {});
      return next;
    },
    stop,
  };
}
