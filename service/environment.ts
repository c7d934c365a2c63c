import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import { OperatorError } from "./operator-error.ts";
import type { QuotaLimits } from "./quotas.ts";
import { WITHOUT_TRAIL } from "./trail-guard.ts";

/** How to connect to PostgreSQL. */
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

/** How to verify the callers' access tokens. */
export interface IdentityEnvironment {
  readonly issuer: string;
  readonly audience: string;
  readonly clientClaim: string;
  readonly keys:
    | { readonly kind: "url"; readonly url: string }
    | { readonly kind: "pinned"; readonly jwks: JSONWebKeySet };
  /** Maximum number of clients for which this process reports metrics of their own. */
  readonly clientMetrics: number;
  readonly quotas: QuotaLimits;
}

export type Variables = Readonly<Record<string, string | undefined>>;

const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/;

/** Times are milliseconds unless stated otherwise. */
const settings = {
  /** 0 picks a free port. */
  PORT: integer(0, 65_535, 8_080),
  HOST: text(/^[A-Za-z0-9.:-]+$/, "an IP address or host name to listen on").default("0.0.0.0"),
  /** The commit that the image was built from. Logged at the start. */
  REVISION: text(/^[\w.+-]{1,64}$/, "a commit or version").optional(),
  KMS_KEY_ARN: text(
    KEY_ARN,
    "the ARN of a KMS key (not of an alias), such as arn:aws:kms:ap-southeast-2:111122223333:key/1234abcd-12ab",
  ),
  /** KMS keys that encrypted older records. None by default. */
  KMS_PREVIOUS_KEY_ARNS: z
    .string()
    .default("")
    .transform((arns) => (arns === "" ? [] : arns.split(",")))
    .refine((arns) => arns.every((arn) => KEY_ARN.test(arn)), {
      error: "must be the ARNs of KMS keys (not of aliases), separated by commas without blanks",
    }),
  /**
   * Format version of new records that do not expire. 2 by default. 1 while an older version of the service, which cannot read
   * version 2, runs as well.
   */
  RECORD_FORMAT: z
    .enum(["1", "2"], { error: "must be 1 or 2; the default is 2" })
    .default("2")
    .transform((version) => (version === "1" ? 1 : 2)),
  /** Maximum size of a Text in bytes of UTF-8. 256 KiB by default. */
  MAX_TEXT_BYTES: integer(1, 4_194_304, 262_144),
  /** Maximum number of requests in progress; further requests get 429. 128 by default; fewer under overload. */
  MAX_IN_FLIGHT: integer(1, 10_000, 128),
  /** Deadline of a request. 10 seconds by default. */
  REQUEST_TIMEOUT: integer(50, 300_000, 10_000),
  /** Timeout of one of the three attempts at a KMS call. 2 seconds by default. */
  KMS_TIMEOUT: integer(50, 60_000, 2_000),
  /** Maximum number of database connections. 10 by default. */
  DATABASE_POOL_SIZE: integer(1, 200, 10),
  /** Timeout of connecting to the database. 5 seconds by default. */
  DATABASE_CONNECT_TIMEOUT: integer(50, 60_000, 5_000),
  /** Timeout of one SQL statement. 5 seconds by default. */
  DATABASE_STATEMENT_TIMEOUT: integer(50, 60_000, 5_000),
  /** How long readiness waits for a dependency. 2 seconds by default. */
  READINESS_TIMEOUT: integer(50, 60_000, 2_000),
  /** How long a readiness verdict is reused. 5 seconds by default. */
  READINESS_AGE: integer(0, 60_000, 5_000),
  /** Minutes between the wrong Keys that the service itself tries; 0, the default, turns this off. */
  CANARY_MINUTES: integer(0, 1_440, 0),
  /** Name or ARN of the trail that must record decrypts. Required unless DECRYPT_WITHOUT_TRAIL is allow. */
  TRAIL: text(
    /^(?:arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:\d{12}:trail\/)?[A-Za-z0-9._-]{3,128}$/,
    "the name or the ARN of a trail, such as cipherwatch-prod-trail",
  ).optional(),
  /** What happens to decrypts while the trail does not record KMS events, or its state is unknown. */
  DECRYPT_WITHOUT_TRAIL: z
    .enum(WITHOUT_TRAIL, {
      error: `must be ${WITHOUT_TRAIL.join(", ")}; the default is allow`,
    })
    .default("allow"),
  /** Log group that is the erasure ledger. Forgotten records may come back with a backup without one. */
  ERASURE_LOG_GROUP: text(
    /^[A-Za-z0-9._/#-]{1,512}$/,
    "the name of a log group, such as /cipherwatch/prod/erasures",
  ).optional(),
  /** From SIGTERM to a forced exit. 25 seconds by default; ECS sends SIGKILL after 30. */
  DRAIN_TIMEOUT: integer(50, 120_000, 25_000),
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

const DATABASE_URL_ALLOWED =
  "a PostgreSQL URL such as postgres://user@host:5432/database, with % in a password written as %25 (or set DATABASE_HOST instead)";

/** Whether the driver can parse it. It takes several hosts, separated by commas. */
function isUrl(text: string): boolean {
  try {
    decodeURIComponent(new URL(text.replace(/,[^/?]*/, "")).href);
    return true;
  } catch {
    return false;
  }
}

const databaseUrl = {
  DATABASE_URL: text(/^postgres(ql)?:\/\/./, DATABASE_URL_ALLOWED).refine(isUrl, {
    error: `must be ${DATABASE_URL_ALLOWED}`,
  }),
};

const databaseServer = {
  DATABASE_HOST: text(/^[A-Za-z0-9.:-]+$/, "a host name"),
  DATABASE_PORT: integer(1, 65_535, 5_432),
  DATABASE_NAME: text(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, "a database name"),
};

const DATABASE_USER = text(
  /^[a-z_][a-z0-9_]{0,62}$/,
  "a PostgreSQL role name: lower-case letters, digits and _",
);

const DATABASE_REWRAP_USER = DATABASE_USER.optional();

const AWS_REGION = text(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS region such as ap-southeast-2");

const DATABASE_SECRET = z
  .string({ error: "must be set to the JSON of the secret managed by RDS" })
  .transform((json, context) => {
    const secret = z
      .object({ username: z.string().min(1), password: z.string().min(1) })
      .safeParse(parseJson(json));
    if (secret.success) return secret.data;
    context.addIssue({ code: "custom", message: 'must be JSON: {"username":"…","password":"…"}' });
    return z.NEVER;
  });

/** Loopback alone may be plain HTTP, for the lab. */
const JWKS_URL = /^(https:\/\/[^\s/?#@]+|http:\/\/127\.0\.0\.1(:\d+)?)(\/\S*)?$/;

const identity = {
  /** Turns identity on. */
  OIDC_ISSUER: text(
    /^https:\/\/[^\s/?#@]+(\/\S*)?$/,
    "an https URL without credentials",
  ).optional(),
  OIDC_AUDIENCE: text(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters").optional(),
  /** One of these two. */
  OIDC_JWKS_URL: text(JWKS_URL, "an https URL without credentials").optional(),
  OIDC_JWKS: z
    .string()
    .transform((json, context) => {
      const jwks = PublicKeySet.safeParse(parseJson(json));
      if (jwks.success) return jwks.data;
      context.addIssue({
        code: "custom",
        message: "must be a JSON Web Key Set of public RSA, EC or OKP keys, each with a kid",
      });
      return z.NEVER;
    })
    .optional(),
  /** The claim that identifies the client. */
  OIDC_CLIENT_CLAIM: text(/^[\w:./-]{1,100}$/, "the name of a claim").default("sub"),
  /** Maximum number of clients with metrics of their own in this process; others share one. */
  CLIENT_METRICS: integer(0, 100, 10),
  /** Quotas of each client. Requests to decrypt or forget a record count as decrypts. */
  CLIENT_REQUESTS_PER_MINUTE: integer(1, 100_000_000, 600),
  CLIENT_DECRYPTS_PER_MINUTE: integer(1, 100_000_000, 120),
  CLIENT_DECRYPTS_PER_DAY: integer(1, 100_000_000, 20_000),
};

/** Rejects symmetric keys and private members. */
const PublicKeySet = z.object({
  keys: z
    .array(
      z
        .looseObject({ kty: z.enum(["RSA", "EC", "OKP"]), kid: z.string().min(1) })
        .refine((key) => !["d", "p", "q", "k"].some((member) => Object.hasOwn(key, member))),
    )
    .min(1),
});

/** Variables whose values must never appear in a message. A key set may have private keys by mistake. */
const SECRET = new Set(["DATABASE_URL", "DATABASE_SECRET", "OIDC_JWKS"]);

export type ServiceEnvironment = z.output<z.ZodObject<typeof settings>> & {
  readonly database: DatabaseAccess;
  /** Undefined while identity is off. */
  readonly identity: IdentityEnvironment | undefined;
};

/** @throws OperatorError that lists every missing or invalid variable */
export function parseServiceEnvironment(variables: Variables): ServiceEnvironment {
  const parsed = parseSettings(variables);
  const identity = parseIdentity(variables);
  if (identity !== undefined && parsed.RECORD_FORMAT === 1) {
    throw new OperatorError(
      "RECORD_FORMAT is 1, which cannot bind a record to a client. Set it to 2, or unset OIDC_ISSUER.",
    );
  }
  return { ...parsed, identity };
}

function parseSettings(variables: Variables): Omit<ServiceEnvironment, "identity"> {
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

/** @throws OperatorError if variables of identity are invalid, or set without the others that they need */
function parseIdentity(variables: Variables): IdentityEnvironment | undefined {
  const {
    OIDC_ISSUER: issuer,
    OIDC_AUDIENCE: audience,
    OIDC_JWKS_URL: url,
    OIDC_JWKS: jwks,
    OIDC_CLIENT_CLAIM: clientClaim,
    CLIENT_METRICS: clientMetrics,
    CLIENT_REQUESTS_PER_MINUTE: requestsPerMinute,
    CLIENT_DECRYPTS_PER_MINUTE: decryptsPerMinute,
    CLIENT_DECRYPTS_PER_DAY: decryptsPerDay,
  } = parse(identity, variables);
  if (issuer === undefined) {
    const [orphan] = ["OIDC_AUDIENCE", "OIDC_JWKS_URL", "OIDC_JWKS"].filter(
      (name) => variables[name],
    );
    // Without this check, a lost OIDC_ISSUER would silently let everyone in.
    if (orphan === undefined) return undefined;
    throw new OperatorError(`${orphan} is set without OIDC_ISSUER. Set both, or neither.`);
  }
  if (audience === undefined) {
    throw new OperatorError(
      "OIDC_AUDIENCE must be set with OIDC_ISSUER: the service would accept tokens issued for other services.",
    );
  }
  const quotas = { requestsPerMinute, decryptsPerMinute, decryptsPerDay };
  const base = { issuer, audience, clientClaim, clientMetrics, quotas };
  if (url !== undefined && jwks === undefined) return { ...base, keys: { kind: "url", url } };
  if (url === undefined && jwks !== undefined) return { ...base, keys: { kind: "pinned", jwks } };
  throw new OperatorError("Set exactly one of OIDC_JWKS_URL and OIDC_JWKS with OIDC_ISSUER.");
}

export interface MigrationEnvironment {
  readonly database: DatabaseAccess;
  /** The database role of the service; undefined when it connects by URL. */
  readonly serviceRole: string | undefined;
  /** The database role that moves records to another KMS key; undefined when there is one key. */
  readonly rewrapRole: string | undefined;
}

/** @throws OperatorError that lists every missing or invalid variable */
export function parseMigrationEnvironment(variables: Variables): MigrationEnvironment {
  if (usesUrl(variables)) {
    const roles = { DATABASE_USER: DATABASE_USER.optional(), DATABASE_REWRAP_USER };
    const {
      DATABASE_URL: url,
      DATABASE_USER: serviceRole,
      DATABASE_REWRAP_USER: rewrapRole,
    } = parse({ ...databaseUrl, ...roles }, variables);
    return { database: { kind: "url", url }, serviceRole, rewrapRole };
  }
  const {
    DATABASE_HOST: host,
    DATABASE_PORT: port,
    DATABASE_NAME: name,
    DATABASE_SECRET: { username: user, password },
    DATABASE_USER: serviceRole,
    DATABASE_REWRAP_USER: rewrapRole,
  } = parse({ ...databaseServer, DATABASE_SECRET, DATABASE_USER, DATABASE_REWRAP_USER }, variables);
  const database = { kind: "password" as const, host, port, name, user, password };
  return { database, serviceRole, rewrapRole };
}

function usesUrl({ DATABASE_URL, DATABASE_HOST }: Variables): boolean {
  if (DATABASE_URL && DATABASE_HOST) {
    throw new OperatorError("DATABASE_URL and DATABASE_HOST are both set; set only one of them.");
  }
  return !DATABASE_HOST;
}

function parse<Shape extends z.ZodRawShape>(shape: Shape, variables: Variables) {
  // Shells and task definitions set an empty variable to mean "not set".
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = z.object(shape).safeParse(set);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    const value = set[name];
    if (value === undefined) return `${name} ${message}.`;
    // A URL may have a password, for example one that was set as DATABASE_HOST.
    const shown = JSON.stringify(value.replace(/\/\/.*:.*@/s, "//…@"));
    const received = SECRET.has(name) ? "hidden (secret)" : shown;
    return `${name} ${message}; received ${received}.`;
  });
  throw new OperatorError(`Invalid environment variables:\n${lines.join("\n")}`);
}

function integer(min: number, max: number, defaultValue: number) {
  const error = `must be an integer between ${min} and ${max}; the default is ${defaultValue}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, error)
    .transform(Number)
    .refine((value) => value >= min && value <= max, error)
    .default(defaultValue);
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
