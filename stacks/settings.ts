import { z } from "zod";
import { chosenDetections, type DetectionSettings } from "./detections/chosen.ts";
import {
  EXCLUSIONS_ALLOWED,
  exclusionProblem,
  filterPattern,
  LONGEST_PATTERN,
} from "./detections/exclusions.ts";
import { cisPack, detections } from "./detections/index.ts";
import { periodProblem } from "./detections/period.ts";
import { exampleWatchedIn } from "./detections/watched.ts";
import { memoryChoices, TASK_CPUS } from "./fargate.ts";
import { SettingsError, type SettingsProblem } from "./settings-error.ts";
import {
  cidrProblem,
  listOf,
  listsOf,
  namesOf,
  numbersOf,
  prefixLength,
  unknownName,
} from "./settings-values.ts";
import { VPC_CIDRS_ALLOWED, vpcCidrProblem } from "./subnets.ts";

export const ENVIRONMENTS = ["dev", "prod"] as const;
const DEFAULT_ENVIRONMENT = "dev";

/** Days for which CloudWatch Logs can keep events, from its PutRetentionPolicy reference. */
const LOG_RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
];
const TEN_YEARS = 3653;

const NAT_GATEWAYS = ["none", "one", "per-zone"] as const;
const DATABASE_INSIGHTS = ["standard", "advanced"] as const;

/** What RDS takes as the size of a gp3 volume for PostgreSQL, in GiB. */
const SMALLEST_VOLUME = 20;
const LARGEST_VOLUME = 65_536;

/** By how many percent the limit of storage autoscaling must at least exceed the volume's size. */
const STORAGE_HEADROOM = 10;

const CPU_ARCHITECTURES = ["X86_64", "ARM64"] as const;
const CONTAINER_INSIGHTS = ["enabled", "enhanced"] as const;

/** Tasks of a service that the settings stand for; a safeguard against a slip, not AWS's quota. */
const MOST_TASKS = 1000;

/** What a rate rule of AWS WAF takes as its limit. */
const LEAST_RATE = 10;
const MOST_RATE = 2_000_000_000;

/** Prefix of the widest range that may send secrets in plain text: one of the old class A networks. */
const WIDEST_WITHOUT_TLS = 8;

/** What a setting may be and what to do when it is not. */
type Hint = Readonly<Pick<SettingsProblem, "allowed" | "next">>;

const hint = (allowed: string, next: string): Hint => ({ allowed, next });

function days(min: number, max: number, allowed = `${min} to ${max} days`) {
  const wrong = "this is not such a number of days";
  return z.coerce
    .number(wrong)
    .int(wrong)
    .min(min, wrong)
    .max(max, wrong)
    .meta(hint(allowed, "set it to a whole number in this range, or unset it for the default"));
}

function whole(min: number, max: number, allowed = `a whole number, ${min} to ${max}`) {
  const wrong = "this is not such a number";
  return z.coerce
    .number(wrong)
    .int(wrong)
    .min(min, wrong)
    .max(max, wrong)
    .meta(hint(allowed, "set it to one of these, or unset it for the default"));
}

const EVERY_DETECTION = [...detections, ...cisPack];
const OWN_IDS = detections.map(({ id }) => id);
const ALL_IDS = EVERY_DETECTION.map(({ id }) => id);
const TRAIL_IDS = EVERY_DETECTION.filter(({ source }) => source === "trail").map(({ id }) => id);

const flag = z
  .union([z.boolean(), z.stringbool()], "this is neither true nor false")
  .meta(hint("true, false", "set it to one of these, or unset it for the default"));

const BELOW_REQUEST_LIMIT = hint(
  "at most CIPHERWATCH_REQUEST_LIMIT",
  "lower it, or raise CIPHERWATCH_REQUEST_LIMIT",
);

/**
 * Every setting. The field `keyRotationDays` is set by the variable CIPHERWATCH_KEY_ROTATION_DAYS;
 * when that is unset or empty, its value is the environment's, below.
 */
const schema = z
  .object({
    /** What everything is named after, and whose defaults hold. dev unless said otherwise. */
    env: z
      .enum(ENVIRONMENTS, "there is no such environment")
      .meta(hint(ENVIRONMENTS.join(", "), `set it to one, or unset it for ${DEFAULT_ENVIRONMENT}`)),

    /** AWS region of all that is not global. Sydney unless said otherwise. */
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "this is no code of an AWS region")
      .meta(
        hint(
          "the code of an AWS region, such as ap-southeast-2",
          "take one from `aws account list-regions`, or unset it for ap-southeast-2",
        ),
      ),

    /** The one AWS account to deploy to. Any that the credentials are for unless said otherwise. */
    accountId: z
      .string()
      .regex(/^\d{12}$/, "this is no number of an AWS account")
      .optional()
      .meta(
        hint("twelve digits", "take it from `aws sts get-caller-identity`, or unset it for any"),
      ),

    /** Whom the alarms mail. There is no default: nobody would hear the alarms. */
    alertEmail: z
      .email("this is no e-mail address")
      .meta(
        hint(
          "one e-mail address, such as security@example.com",
          "set it to whom the alarms should mail",
        ),
      ),

    /** S3 bucket that keeps Terraform's state. A local file does unless said otherwise. */
    stateBucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "this is no name of an S3 bucket")
      .optional()
      .meta(
        hint(
          "3 to 63 lower-case letters, digits, dots and hyphens",
          "set it to the bucket's name alone, or unset it for a local state file",
        ),
      ),

    /** IPv4 ranges that may reach the service. None unless said otherwise. */
    allowedCidrs: listOf(cidrProblem).meta(
      hint(
        "IPv4 ranges with commas between them, such as 203.0.113.0/24,198.51.100.7/32",
        "write each as its first address, a slash and the length of its prefix",
      ),
    ),

    /** Whom urgent alarms mail, such as the address of a pager. alertEmail unless said otherwise. */
    pagerEmail: z
      .email("this is no e-mail address")
      .optional()
      .meta(
        hint(
          "one e-mail address, such as on-call@pager.example.com",
          "set it to whom alarms should wake, or unset it for CIPHERWATCH_ALERT_EMAIL",
        ),
      ),

    /** Ids of the detections that run. All there are unless said otherwise. */
    detections: namesOf("detection", OWN_IDS).meta(
      hint(
        `of ${OWN_IDS.join(", ")}`,
        "name those to run with commas between them, or unset it for all",
      ),
    ),

    /** Run the metric filters of the CIS AWS Foundations Benchmark too. Off by default. */
    cisPack: flag,

    /** Detection → the count at which its alarm fires. Each detection's own unless said otherwise. */
    thresholds: numbersOf("detection", ALL_IDS).meta(
      hint(
        `detection=number with commas between them; of ${ALL_IDS.join(", ")}; numbers above 0`,
        "write it like kms-errors=5",
      ),
    ),

    /** Detection → seconds over which it counts. Each detection's own unless said otherwise. */
    periods: numbersOf("detection", ALL_IDS, (id, period) => {
      const detection = EVERY_DETECTION.find((it) => it.id === id);
      return detection && periodProblem(detection, period);
    }).meta(
      hint(
        `detection=seconds with commas between them; of ${ALL_IDS.join(", ")}`,
        "write it like kms-volume=3600",
      ),
    ),

    /** Detection → whoever it shall not count, beside those it leaves out by itself. Nobody by default. */
    exclusions: listsOf("detection with a filter", TRAIL_IDS, exclusionProblem).meta(
      hint(
        `detection=caller with commas between them; of ${TRAIL_IDS.join(", ")}; callers are ${EXCLUSIONS_ALLOWED}`,
        "write it like kms-outsider=backup.amazonaws.com,ecs-change=arn:aws:iam::111122223333:role/Admin",
      ),
    ),

    /** Mail when an alarm is over, too. Off by default: that nobody tries now does not settle who tried. */
    okNotices: flag,

    /** Put each change of an alarm's state into a queue, for programs to read. Off by default. */
    alarmQueue: flag,

    /** Where each change of an alarm's state is posted as JSON. Nowhere unless said otherwise. */
    webhookUrl: z
      .url({ protocol: /^https$/, error: "this is no HTTPS URL" })
      .refine((url) => isPublic(url), "this would keep a secret in Terraform's state")
      .optional()
      .meta(
        hint(
          "an https:// URL without a user, a password, a query or a fragment",
          "keep its secret in the Authorization header, which docs/alarm-events.md says how to set",
        ),
      ),

    /** Days between two rotations of a KMS key (EnableKeyRotation's range). A year by default. */
    keyRotationDays: days(90, 2560),

    /** Days in which a key's deletion can be undone (ScheduleKeyDeletion's range). 7 in dev, 30 in prod. */
    keyDeletionDays: days(7, 30),

    /** Days for which log groups keep events. A month in dev, a year in prod. */
    logRetentionDays: z.coerce
      .number("this is no number")
      .refine((value) => LOG_RETENTION_DAYS.includes(value), "CloudWatch offers no such retention")
      .meta(hint(`${LOG_RETENTION_DAYS.join(", ")} days`, "take the next longer one of these")),

    /** Days for which the bucket keeps the trail's files. A quarter in dev, seven years in prod. */
    trailRetentionDays: days(1, TEN_YEARS),

    /** Days in which nobody can delete a file of the trail. None in dev, a year in prod. */
    trailLockDays: days(0, TEN_YEARS, `0 for no lock, or up to ${TEN_YEARS} days`),

    /** Refuse to destroy what holds data: keys, the trail's bucket, the database. On in prod. */
    deletionProtection: flag,

    /** IPv4 range of the VPC. 172.31.0.0/16 unless said otherwise. */
    vpcCidr: z
      .string()
      .superRefine((cidr, context) => {
        const message = vpcCidrProblem(cidr);
        if (message !== undefined) context.addIssue({ code: "custom", message });
      })
      .meta(hint(VPC_CIDRS_ALLOWED, "take one that nothing you connect to the VPC uses")),

    /** Availability zones that have subnets; each costs its NAT gateway and endpoints. 2 in dev, 3 in prod. */
    availabilityZones: whole(2, 3),

    /**
     * NAT gateways, by which the service reaches AWS. One in dev, one per zone in prod. With endpoints on,
     * `none` saves their price: the service has another way.
     */
    natGateways: z
      .enum(NAT_GATEWAYS, "there is no such choice")
      .meta(hint(NAT_GATEWAYS.join(", "), "set it to one of these, or unset it for the default")),

    /** Interface endpoints, the service's only way to AWS where they are on. Off in dev for their cost, on in prod. */
    vpcEndpoints: flag,

    /** Connections refused inside the VPC in five minutes at which an alarm fires. 10 by default. */
    rejectedConnections: whole(1, 1_000_000),

    /** Class of the database's instance. db.t4g.micro in dev, db.m7g.large in prod. */
    databaseInstanceClass: z
      .string()
      .regex(
        /^db\.[a-z][a-z0-9-]*\.(micro|small|medium|(\d*x)?large)$/,
        "this is no class of an RDS instance",
      )
      .meta(
        hint(
          "db., a family and a size, such as db.t4g.micro or db.m7g.large",
          "take one that RDS offers for PostgreSQL in the region, or unset it for the default",
        ),
      ),

    /** Run a standby of the database in another zone. Off in dev for its cost, on in prod. */
    databaseMultiAz: flag,

    /** GiB that the database starts with. 20 in dev, 50 in prod. */
    databaseStorage: whole(SMALLEST_VOLUME, LARGEST_VOLUME),

    /** GiB to which the database's storage may grow by itself. 50 in dev, 500 in prod. */
    databaseStorageLimit: whole(SMALLEST_VOLUME, LARGEST_VOLUME),

    /** Days for which the database can be restored to any second. A week in dev, five in prod. */
    databaseBackupDays: days(7, 35),

    /** Mode of CloudWatch Database Insights. standard by default: a week, free; advanced: 15 months, at a price. */
    databaseInsights: z
      .enum(DATABASE_INSIGHTS, "there is no such mode")
      .meta(
        hint(DATABASE_INSIGHTS.join(", "), "set it to one of these, or unset it for the default"),
      ),

    /** Digest of the service's image in the registry. The service is left out unless it is set. */
    imageDigest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, "this is no digest of an image")
      .optional()
      .meta(
        hint(
          "sha256: and 64 hexadecimal digits in lower case",
          "push the image and take the digest that the push prints",
        ),
      ),

    /** Images that the registry keeps, the newest; the deployed one must be among them. 10 in dev, 50 in prod. */
    imagesKept: whole(2, 1000),

    /** Name under which the service answers, with TLS. None unless said otherwise: plain HTTP. */
    domainName: z
      .string()
      .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, "this is no name of a host")
      .optional()
      .meta(
        hint(
          "a host's full name in lower case, such as vault.example.com",
          "set it to a name in the zone of CIPHERWATCH_HOSTED_ZONE_ID",
        ),
      ),

    /** Route 53 zone that the domain is in. None unless said otherwise. */
    hostedZoneId: z
      .string()
      .regex(/^[A-Z0-9]{1,32}$/, "this is no id of a hosted zone")
      .optional()
      .meta(
        hint(
          "up to 32 capital letters and digits",
          "take it from `aws route53 list-hosted-zones`, without /hostedzone/",
        ),
      ),

    /** CPU units of a task, 1,024 for a whole one. A quarter of one in dev, half of one in prod. */
    taskCpu: z.coerce
      .number("this is no number")
      .refine((value) => TASK_CPUS.includes(value), "Fargate offers no such task")
      .meta(hint(TASK_CPUS.join(", "), "set it to one of these, or unset it for the default")),

    /** MiB of memory of a task; what Fargate offers depends on taskCpu. 512 in dev, 1,024 in prod. */
    taskMemory: whole(512, 122_880),

    /** Processor that the image is built for. X86_64 unless said otherwise; ARM64 costs less. */
    cpuArchitecture: z
      .enum(CPU_ARCHITECTURES, "Fargate has no such processor")
      .meta(hint(CPU_ARCHITECTURES.join(", "), "set it to what the image was built for")),

    /** Tasks that always run. One in dev; two in prod, for one to fail. */
    minTasks: whole(1, MOST_TASKS),

    /** Tasks that run at most, however high the load. Two in dev, ten in prod. */
    maxTasks: whole(1, MOST_TASKS),

    /** Requests a minute that one task should serve; at more, another starts. 1,000 by default. */
    requestsPerTask: whole(1, 1_000_000),

    /** How closely Container Insights watches. enabled in dev; enhanced, each container by itself, in prod. */
    containerInsights: z
      .enum(CONTAINER_INSIGHTS, "ECS offers no such level")
      .meta(hint(CONTAINER_INSIGHTS.join(", "), "set it to one, or unset it for the default")),

    /** Let administrators run commands in a running container, logged. Off by default. */
    executeCommand: flag,

    /** Requests that one address may make in five minutes. 2,000 by default. */
    requestLimit: whole(LEAST_RATE, MOST_RATE),

    /** Of these, requests that try a Key. 300 by default. */
    decryptLimit: whole(LEAST_RATE, MOST_RATE),

    /** Requests that an address of bad reputation may make in five minutes. 100 by default. */
    reputationLimit: whole(LEAST_RATE, MOST_RATE),

    /** GitHub repository whose workflows plan and deploy. None unless said otherwise: no pipeline. */
    githubRepository: z
      .string()
      .regex(/^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}\/[\w.-]{1,100}$/, "this is no GitHub repository")
      .optional()
      .meta(
        hint(
          "owner and name, such as example-org/cipherwatch",
          "take it from the repository's address, without https://github.com/",
        ),
      ),

    /** Ids in the subjects of the repository's tokens. None unless said otherwise: subjects with names alone. */
    githubRepositoryIds: z
      .string()
      .regex(/^[1-9]\d*\/[1-9]\d*$/, "these are no ids of a GitHub repository and its owner")
      .optional()
      .meta(
        hint(
          "the owner's id and the repository's, such as 123456/456789",
          "take them from `gh api repos/OWNER/NAME`: owner.id and id; unset it if the subjects lack them",
        ),
      ),

    /** GitHub environment whose jobs may deploy. dev in dev, production in prod. */
    githubEnvironment: z
      .string()
      .regex(/^[\w.-]{1,255}$/, "this is no name of an environment that a subject can hold")
      .meta(
        hint(
          "letters, digits, underscores, dots and hyphens",
          "set it to the environment's name in GitHub, or unset it for the default",
        ),
      ),

    /** Make the account's trust in GitHub's tokens, of which there can be one. On by default; off where it exists. */
    githubOidcProvider: flag,
  })
  .refine(({ env, deletionProtection }) => env === "dev" || deletionProtection, {
    error: "prod may not go without deletion protection",
    path: ["deletionProtection"],
    params: hint("true, in prod", "unset it, or use dev for what may be destroyed"),
    when: bothParsed("env", "deletionProtection"),
  })
  .superRefine((settings, context) => {
    for (const message of longPatterns(settings)) {
      context.addIssue({
        code: "custom",
        message,
        path: ["exclusions"],
        params: hint(
          `patterns of at most ${LONGEST_PATTERN} characters`,
          "take some out, or mean several by one that ends with *",
        ),
      });
    }
  })
  .refine((settings) => settings.trailLockDays <= settings.trailRetentionDays, {
    error: ({ input }) => lockOutlastsFiles(input as LockedTrail),
    path: ["trailLockDays"],
    params: hint(
      "at most CIPHERWATCH_TRAIL_RETENTION_DAYS",
      "lower it, or raise CIPHERWATCH_TRAIL_RETENTION_DAYS",
    ),
    when: bothParsed("trailLockDays", "trailRetentionDays"),
  })
  .refine(({ natGateways, vpcEndpoints }) => natGateways !== "none" || vpcEndpoints, {
    error: "without a NAT gateway and without endpoints the service cannot reach AWS",
    path: ["natGateways"],
    params: hint(
      "one or per-zone, where CIPHERWATCH_VPC_ENDPOINTS is false",
      "set it to one of these, or set CIPHERWATCH_VPC_ENDPOINTS to true",
    ),
    when: bothParsed("natGateways", "vpcEndpoints"),
  })
  .refine((settings) => settings.databaseStorageLimit >= leastStorageLimit(settings), {
    error: "RDS takes no limit that is so close to the storage itself",
    path: ["databaseStorageLimit"],
    params: hint(
      `at least ${STORAGE_HEADROOM} % above CIPHERWATCH_DATABASE_STORAGE`,
      "raise it, or lower CIPHERWATCH_DATABASE_STORAGE",
    ),
    when: bothParsed("databaseStorage", "databaseStorageLimit"),
  })
  .refine(
    ({ domainName, hostedZoneId }) => domainName === undefined || hostedZoneId !== undefined,
    {
      error: "TLS for the domain needs the zone that the domain is in",
      path: ["hostedZoneId"],
      params: hint(
        "the id of a Route 53 zone, where CIPHERWATCH_DOMAIN_NAME is set",
        "set it, or unset CIPHERWATCH_DOMAIN_NAME for plain HTTP",
      ),
      when: bothParsed("domainName", "hostedZoneId"),
    },
  )
  .refine(
    ({ domainName, hostedZoneId }) => hostedZoneId === undefined || domainName !== undefined,
    {
      error: "a zone without a domain in it is of no use",
      path: ["domainName"],
      params: hint(
        "a host's full name, where CIPHERWATCH_HOSTED_ZONE_ID is set",
        "set it, or unset CIPHERWATCH_HOSTED_ZONE_ID for plain HTTP",
      ),
      when: bothParsed("domainName", "hostedZoneId"),
    },
  )
  .refine(
    ({ domainName, allowedCidrs }) =>
      domainName !== undefined ||
      allowedCidrs.every((cidr) => prefixLength(cidr) >= WIDEST_WITHOUT_TLS),
    {
      error: "so many addresses may not send secrets without TLS",
      path: ["allowedCidrs"],
      params: hint(
        `without a domain, ranges of /${WIDEST_WITHOUT_TLS} or narrower`,
        "narrow it, or set CIPHERWATCH_DOMAIN_NAME and CIPHERWATCH_HOSTED_ZONE_ID",
      ),
      when: bothParsed("domainName", "allowedCidrs"),
    },
  )
  .refine(({ taskCpu, taskMemory }) => memoryChoices(taskCpu).includes(taskMemory), {
    error: ({ input }) => `Fargate offers no ${(input as TaskSize).taskMemory} MiB for this CPU`,
    path: ["taskMemory"],
    params: hint(
      TASK_CPUS.map((cpu) => `with ${cpu} CPU ${spanOf(memoryChoices(cpu))}`).join("; "),
      "set it to what goes with CIPHERWATCH_TASK_CPU, or change that",
    ),
    when: bothParsed("taskCpu", "taskMemory"),
  })
  .refine(({ minTasks, maxTasks }) => minTasks <= maxTasks, {
    error: "fewer tasks may run than always run",
    path: ["maxTasks"],
    params: hint("at least CIPHERWATCH_MIN_TASKS", "raise it, or lower CIPHERWATCH_MIN_TASKS"),
    when: bothParsed("minTasks", "maxTasks"),
  })
  .refine(
    (settings) =>
      settings.githubRepositoryIds === undefined || settings.githubRepository !== undefined,
    {
      error: "ids without the repository they are of are of no use",
      path: ["githubRepository"],
      params: hint(
        "owner and name, where CIPHERWATCH_GITHUB_REPOSITORY_IDS is set",
        "set it, or unset CIPHERWATCH_GITHUB_REPOSITORY_IDS",
      ),
      when: bothParsed("githubRepository", "githubRepositoryIds"),
    },
  )
  .refine(({ decryptLimit, requestLimit }) => decryptLimit <= requestLimit, {
    error: "it would never be reached",
    path: ["decryptLimit"],
    params: BELOW_REQUEST_LIMIT,
    when: bothParsed("decryptLimit", "requestLimit"),
  })
  .refine(({ reputationLimit, requestLimit }) => reputationLimit <= requestLimit, {
    error: "it would never be reached",
    path: ["reputationLimit"],
    params: BELOW_REQUEST_LIMIT,
    when: bothParsed("reputationLimit", "requestLimit"),
  });

/** What is too long in which detection, once Terraform has filled in what the patterns refer to. */
function longPatterns(
  settings: DetectionSettings & { readonly env: Environment; readonly region: string },
): string[] {
  const watched = exampleWatchedIn(settings.env, settings.region);
  return chosenDetections(settings).flatMap((detection) => {
    if (detection.source !== "trail") return [];
    const { length } = filterPattern(detection, watched);
    return length <= LONGEST_PATTERN
      ? []
      : [`with its exclusions the filter pattern of ${detection.id} has ${length} characters`];
  });
}

/** The URL itself tells no secret, as far as that shows; that it is one is told by another rule. */
function isPublic(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return true;
  const { username, password, search, hash } = url;
  return [username, password, search, hash].every((part) => part === "");
}

type LockedTrail = Readonly<Record<"trailLockDays" | "trailRetentionDays", number>>;

function lockOutlastsFiles({ trailLockDays, trailRetentionDays }: LockedTrail): string {
  return `the trail's files would be locked for ${trailLockDays} days, but kept for ${trailRetentionDays}`;
}

function leastStorageLimit({ databaseStorage }: { readonly databaseStorage: number }): number {
  return Math.ceil((databaseStorage * (100 + STORAGE_HEADROOM)) / 100);
}

type TaskSize = Readonly<Record<"taskCpu" | "taskMemory", number>>;

function spanOf(choices: readonly number[]): string {
  return `${choices[0]} to ${choices.at(-1)}`;
}

/** Rules across settings run even if other settings are wrong, so that all problems show at once. */
function bothParsed(...names: readonly string[]) {
  return ({ issues }: z.core.ParsePayload): boolean =>
    !issues.some(({ path }) => names.includes(String(path?.[0])));
}

export type Settings = Readonly<z.output<typeof schema>>;
export type Environment = Settings["env"];

type EnvironmentValues = Omit<
  Settings,
  | "env"
  | "accountId"
  | "alertEmail"
  | "pagerEmail"
  | "webhookUrl"
  | "stateBucket"
  | "imageDigest"
  | "domainName"
  | "hostedZoneId"
  | "githubRepository"
  | "githubRepositoryIds"
>;

/** Cheap, and gone without a trace when destroyed. */
const dev: EnvironmentValues = {
  region: "ap-southeast-2",
  allowedCidrs: [],
  detections: OWN_IDS,
  cisPack: false,
  thresholds: {},
  periods: {},
  exclusions: {},
  okNotices: false,
  alarmQueue: false,
  keyRotationDays: 365,
  keyDeletionDays: 7,
  logRetentionDays: 30,
  trailRetentionDays: 90,
  trailLockDays: 0,
  deletionProtection: false,
  vpcCidr: "172.31.0.0/16",
  availabilityZones: 2,
  natGateways: "one",
  vpcEndpoints: false,
  rejectedConnections: 10,
  databaseInstanceClass: "db.t4g.micro",
  databaseMultiAz: false,
  databaseStorage: 20,
  databaseStorageLimit: 50,
  databaseBackupDays: 7,
  databaseInsights: "standard",
  imagesKept: 10,
  taskCpu: 256,
  taskMemory: 512,
  cpuArchitecture: "X86_64",
  minTasks: 1,
  maxTasks: 2,
  requestsPerTask: 1000,
  containerInsights: "enabled",
  executeCommand: false,
  requestLimit: 2000,
  decryptLimit: 300,
  reputationLimit: 100,
  githubEnvironment: "dev",
  githubOidcProvider: true,
};

/** Safe: kept long, and not destroyed by one command. */
const prod: EnvironmentValues = {
  region: "ap-southeast-2",
  allowedCidrs: [],
  detections: OWN_IDS,
  cisPack: false,
  thresholds: {},
  periods: {},
  exclusions: {},
  okNotices: false,
  alarmQueue: false,
  keyRotationDays: 365,
  keyDeletionDays: 30,
  logRetentionDays: 365,
  trailRetentionDays: 2557,
  trailLockDays: 365,
  deletionProtection: true,
  vpcCidr: "172.31.0.0/16",
  availabilityZones: 3,
  natGateways: "per-zone",
  vpcEndpoints: true,
  rejectedConnections: 10,
  databaseInstanceClass: "db.m7g.large",
  databaseMultiAz: true,
  databaseStorage: 50,
  databaseStorageLimit: 500,
  databaseBackupDays: 35,
  databaseInsights: "standard",
  imagesKept: 50,
  taskCpu: 512,
  taskMemory: 1024,
  cpuArchitecture: "X86_64",
  minTasks: 2,
  maxTasks: 10,
  requestsPerTask: 1000,
  containerInsights: "enhanced",
  executeCommand: false,
  requestLimit: 2000,
  decryptLimit: 300,
  reputationLimit: 100,
  githubEnvironment: "production",
  githubOidcProvider: true,
};

const environmentValues: Readonly<Record<Environment, EnvironmentValues>> = { dev, prod };

const PREFIX = "CIPHERWATCH_";
/** Has the prefix and is no setting: tells the end-to-end suite where the AWS provider is. */
const PROVIDER_MIRROR = "CIPHERWATCH_TF_MIRROR";
/** Their values are not shown when they are wrong: what is wrong may be that they hold a secret. */
const NEVER_SHOWN: readonly string[] = ["webhookUrl"];
const fieldOf = new Map(Object.keys(schema.shape).map((field) => [variableOf(field), field]));

function variableOf(field: string): string {
  return PREFIX + field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/**
 * Reads the settings from environment variables, `process.env` in `main.ts`.
 * @throws {SettingsError} naming every variable that is wrong, missing or unknown
 */
export function loadSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = new Map(
    Object.entries(env)
      .filter(([variable]) => variable.startsWith(PREFIX) && variable !== PROVIDER_MIRROR)
      .map(([variable, value = ""]) => [variable, value.trim()] as const)
      .filter(([, value]) => value !== ""),
  );
  const environment = ENVIRONMENTS.find((name) => name === given.get(variableOf("env")));
  const parsed = schema.safeParse({
    env: DEFAULT_ENVIRONMENT,
    ...environmentValues[environment ?? DEFAULT_ENVIRONMENT],
    ...Object.fromEntries(
      [...fieldOf].flatMap(([variable, field]) =>
        given.has(variable) ? [[field, given.get(variable)]] : [],
      ),
    ),
  });
  const problems = [
    ...unknownVariables([...given.keys()]),
    ...(parsed.error?.issues ?? []).map((issue) => problemOf(issue, given)),
  ];
  if (parsed.data === undefined || problems.length > 0) throw new SettingsError(problems);
  return parsed.data;
}

function unknownVariables(given: readonly string[]): SettingsProblem[] {
  const known = [...fieldOf.keys()];
  return given
    .filter((variable) => !fieldOf.has(variable))
    .map((variable) => ({
      variable, // its value is not shown: nobody knows what it is
      wrong: unknownName("variable", variable, known),
      allowed: known.join(", "),
      next: "correct its name, or unset it",
    }));
}

function problemOf(issue: z.core.$ZodIssue, given: ReadonlyMap<string, string>): SettingsProblem {
  const field = issue.path[0] as keyof typeof schema.shape;
  const variable = variableOf(field);
  const received = given.get(variable);
  const ofRule = issue.code === "custom" ? issue.params : undefined;
  const { allowed, next } = (ofRule ?? schema.shape[field].meta()) as Hint;
  const wrong = received === undefined && ofRule === undefined ? "this is not set" : issue.message;
  const shown = received === undefined || NEVER_SHOWN.includes(field) ? {} : { received };
  return { variable, ...shown, wrong, allowed, next };
}
