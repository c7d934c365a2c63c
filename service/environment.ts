import { z } from "zod";
import { OperatorError } from "./operator-error.ts";

/** How to reach PostgreSQL and sign in. */
export type DatabaseAccess =
  | { readonly kind: "url"; readonly url: string }
  | (DatabaseServer & { readonly kind: "iam"; readonly region: string })
  | (DatabaseServer & { readonly kind: "password"; readonly password: string });

interface DatabaseServer {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
}

export type Variables = Readonly<Record<string, string | undefined>>;

/** All times are milliseconds. */
const settings = {
  /** 0 picks a free port. */
  PORT: whole(0, 65_535, 8_080),
  HOST: text(/^[A-Za-z0-9.:-]+$/, "an address to listen on").default("0.0.0.0"),
  KMS_KEY_ARN: text(
    /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
    "the ARN of a KMS key, as arn:aws:kms:ap-southeast-2:111122223333:key/1234abcd-12ab; not an alias",
  ),
  /** The longest Text, in bytes of UTF-8: 256 KiB by default. */
  MAX_TEXT_BYTES: whole(1, 4_194_304, 262_144),
  /** Requests worked on at once, 128 by default; one more is answered 429. */
  MAX_IN_FLIGHT: whole(1, 10_000, 128),
  /** A request as a whole: ten seconds by default. */
  REQUEST_TIMEOUT: whole(50, 300_000, 10_000),
  /** One attempt at a KMS call, of which there are three: two seconds by default. */
  KMS_TIMEOUT: whole(50, 60_000, 2_000),
  /** Connections to the database at most: ten by default. */
  DATABASE_POOL_SIZE: whole(1, 200, 10),
  /** Five seconds by default. */
  DATABASE_CONNECT_TIMEOUT: whole(50, 60_000, 5_000),
  /** One statement: five seconds by default. */
  DATABASE_STATEMENT_TIMEOUT: whole(50, 60_000, 5_000),
  /** How long readiness waits for a dependency: two seconds by default. */
  READINESS_TIMEOUT: whole(50, 60_000, 2_000),
  /** How long a verdict on readiness is reused: five seconds by default. */
  READINESS_AGE: whole(0, 60_000, 5_000),
  /** From SIGTERM to a forced end: 25 seconds by default, less than the 30 after which ECS kills. */
  DRAIN_TIMEOUT: whole(50, 120_000, 25_000),
  LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug", "silent"], {
      error: "must be fatal, error, warn, info, debug or silent; the default is info",
    })
    .default("info"),
  METRICS_NAMESPACE: text(
    /^[A-Za-z0-9._/#-]{1,255}$/,
    "a CloudWatch namespace: up to 255 letters, digits and ._/#-",
  ).default("Cipherwatch"),
};

const databaseUrl = {
  DATABASE_URL: text(
    /^postgres(ql)?:\/\/./,
    "a PostgreSQL URL, as postgres://user@host:5432/database (or set DATABASE_HOST instead)",
  ),
};

const databaseServer = {
  DATABASE_HOST: text(/^[A-Za-z0-9.:-]+$/, "a host name"),
  DATABASE_PORT: whole(1, 65_535, 5_432),
  DATABASE_NAME: text(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, "the name of a database"),
};

const DATABASE_USER = text(
  /^[a-z_][a-z0-9_]{0,62}$/,
  "the name of a role: lower-case letters, digits and _",
);

const AWS_REGION = text(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS region, as ap-southeast-2");

const DATABASE_SECRET = z
  .string({ error: "must be set to the JSON of the secret that RDS manages" })
  .transform((json, context) => {
    const secret = z
      .object({ username: z.string().min(1), password: z.string().min(1) })
      .safeParse(parseJson(json));
    if (secret.success) return secret.data;
    context.addIssue({ code: "custom", message: 'must be JSON: {"username":"…","password":"…"}' });
    return z.NEVER;
  });

/** Variables whose values no message may show. */
const SECRET = new Set(["DATABASE_URL", "DATABASE_SECRET"]);

export type ServiceEnvironment = z.output<z.ZodObject<typeof settings>> & {
  readonly database: DatabaseAccess;
};

/** @throws OperatorError naming every variable that is missing or wrong */
export function parseServiceEnvironment(variables: Variables): ServiceEnvironment {
  if (usesUrl(variables)) {
    const { DATABASE_URL: url, ...rest } = parse({ ...settings, ...databaseUrl }, variables);
    return { ...rest, database: { kind: "url", url } };
  }
  const shape = { ...settings, ...databaseServer, DATABASE_USER, AWS_REGION };
  const {
    DATABASE_HOST: host,
    DATABASE_PORT: port,
    DATABASE_NAME: name,
    DATABASE_USER: user,
    AWS_REGION: region,
    ...rest
  } = parse(shape, variables);
  return { ...rest, database: { kind: "iam", host, port, name, user, region } };
}

export interface MigrationEnvironment {
  readonly database: DatabaseAccess;
  /** The role that the service signs in as; undefined where it signs in by URL. */
  readonly serviceRole: string | undefined;
}

/** @throws OperatorError naming every variable that is missing or wrong */
export function parseMigrationEnvironment(variables: Variables): MigrationEnvironment {
  if (usesUrl(variables)) {
    const shape = { ...databaseUrl, DATABASE_USER: DATABASE_USER.optional() };
    const { DATABASE_URL: url, DATABASE_USER: serviceRole } = parse(shape, variables);
    return { database: { kind: "url", url }, serviceRole };
  }
  const {
    DATABASE_HOST: host,
    DATABASE_PORT: port,
    DATABASE_NAME: name,
    DATABASE_SECRET: { username: user, password },
    DATABASE_USER: serviceRole,
  } = parse({ ...databaseServer, DATABASE_SECRET, DATABASE_USER }, variables);
  return { database: { kind: "password", host, port, name, user, password }, serviceRole };
}

function usesUrl({ DATABASE_URL, DATABASE_HOST }: Variables): boolean {
  if (DATABASE_URL && DATABASE_HOST) {
    throw new OperatorError(
      "DATABASE_URL and DATABASE_HOST are both set: keep the one that names the database to use.",
    );
  }
  return !DATABASE_HOST;
}

function parse<Shape extends z.ZodRawShape>(shape: Shape, variables: Variables) {
  // An empty variable is how a shell or a task definition says that it has none.
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = z.object(shape).safeParse(set);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    const value = set[name];
    if (value === undefined) return `${name} ${message}.`;
    return `${name} ${message}; it is ${SECRET.has(name) ? "not shown, being a secret" : JSON.stringify(value)}.`;
  });
  throw new OperatorError(`The environment is not right:\n${lines.join("\n")}`);
}

function whole(least: number, most: number, standard: number) {
  const error = `must be a whole number from ${least} to ${most}; the default is ${standard}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, error)
    .transform(Number)
    .refine((value) => value >= least && value <= most, error)
    .default(standard);
}

function text(pattern: RegExp, allowed: string) {
  const error = `must be ${allowed}`;
  return z.string({ error }).regex(pattern, error);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
