import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** AWS on loopback: moto with what the Terraform provider misses in it. */
export interface Emulator {
  readonly url: string;
  /** What Terraform and the CDKTF CLI need to take it for AWS. */
  readonly env: Readonly<Record<string, string>>;
  /** Every call since this was asked last. */
  readonly calls: () => Promise<readonly Call[]>;
  readonly objects: () => Promise<readonly StoredObject[]>;
  /** All that Secrets Manager keeps. */
  readonly secrets: () => Promise<readonly StoredSecret[]>;
  readonly watch: () => Promise<Watch>;
  /** What exists beyond what a new account has, as `<service> <class> [<state>] [<name>]`. */
  readonly left: () => Promise<readonly string[]>;
  /** Makes a public Route 53 zone, as one has before there is a service, and gives its id. */
  readonly makeHostedZone: (name: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export interface Call {
  /** The name that requests to the service are signed for. */
  readonly service: string | null;
  /** Null in REST. */
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
  /** In base64. */
  readonly body: string;
}

/** What watches there: alarms of CloudWatch, metric filters of CloudWatch Logs. */
export interface Watch {
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
 * What a new account has there (a default VPC, AWS's policies) is none of ours. A service that is used
 * and missing here shows up as something left behind.
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
        MOTO_ECS_SERVICE_RUNNING: "1", // the tasks that dev wants: without any it never gets steady
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
      throw new Error(`The emulator ended with ${code}:\n${errors.join("\n")}`);
    }),
  ]);
  const url = `http://127.0.0.1:${port}`;
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}${path}`);
    if (!response.ok) throw new Error(`${path} answered ${response.status}.\n${errors.join("\n")}`);
    return (await response.json()) as T;
  };
  return {
    url,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: "emulator",
      AWS_SECRET_ACCESS_KEY: randomUUID(), // so that a leak of it is told from the word
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: "true",
    },
    calls: () => ask("/calls"),
    objects: () => ask("/objects"),
    secrets: () => ask("/secrets"),
    watch: () => ask("/watch"),
    left: () => ask("/left"),
    makeHostedZone: (name) => ask(`/zone/${name}`),
    stop: async () => {
      server.stdin.end();
      await exited;
    },
  };
}
