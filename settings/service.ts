import { connectionsOfInstanceClass } from "../common/database-connections.ts";
import { memoriesForCpu, TASK_CPUS } from "../common/fargate.ts";
import {
  OPERATING_HOURS_ALLOWED,
  type OperatingHours,
  parseOperatingHours,
} from "../common/operating-hours.ts";
import type * as alarms from "./alarms.ts";
import type { settings as databaseSettings } from "./database.ts";
import type * as general from "./general.ts";
import { parsed } from "./schemas.ts";
import {
  flag,
  integer,
  oneOf,
  oneOfNumbers,
  type Refinement,
  same,
  setting,
  text,
  type ValuesOf,
} from "./setting.ts";

/** Guards against typing errors. It is not an AWS quota. */
const MAX_TASKS = 1000;

export const settings = {
  imageDigest: setting({
    description:
      "Digest of the service's image in the registry. The service is not deployed if unset.",
    schema: text(/^sha256:[0-9a-f]{64}$/, "is not a valid image digest").optional(),
    allowed: "sha256: and 64 lowercase hexadecimal digits",
    next: "push the image, and copy the digest that the push prints",
  }),

  imagesKept: integer(2, 1000, {
    description:
      "Number of newest images that the registry keeps. It must include the deployed image.",
    defaults: { dev: 10, prod: 50 },
  }),

  taskCpu: oneOfNumbers(TASK_CPUS, "is not a task size that Fargate offers", {
    description: "CPU units of a task; 1024 units are one vCPU.",
    defaults: { dev: 256, prod: 512 },
  }),

  taskMemory: integer(512, 122_880, {
    description: "Memory of a task in MiB. The allowed values depend on CIPHERWATCH_TASK_CPU.",
    defaults: { dev: 512, prod: 1024 },
  }),

  cpuArchitecture: oneOf(["X86_64", "ARM64"], "is not a CPU architecture that Fargate offers", {
    description: "CPU architecture that the image is built for. ARM64 costs less.",
    defaults: same("X86_64"),
    next: "set it to the architecture that the image was built for",
  }),

  operatingHours: setting<OperatingHours | undefined>({
    description:
      "Hours in which the service and its database run, in dev only. At other times the service has no tasks, and the database is stopped. If unset, they always run.",
    schema: parsed(parseOperatingHours).optional(),
    allowed: OPERATING_HOURS_ALLOWED,
    next: "name the days, the hours and the time zone, or unset it to run at all times",
  }),

  minTasks: integer(1, MAX_TASKS, {
    description: "Minimum number of running tasks.",
    defaults: { dev: 1, prod: 2 },
  }),

  maxTasks: integer(1, MAX_TASKS, {
    description: "Maximum number of running tasks.",
    defaults: { dev: 2, prod: 10 },
  }),

  requestsPerTask: integer(1, 1_000_000, {
    description: "Requests per minute and task above which another task starts.",
    defaults: same(1000),
  }),

  containerInsights: oneOf(
    ["disabled", "enabled", "enhanced"],
    "is not a level of Container Insights that ECS offers",
    {
      description:
        "Level of Container Insights. enhanced reports metrics for each container; disabled reports none, in dev only.",
      defaults: { dev: "enabled", prod: "enhanced" },
    },
  ),

  fargateSpot: flag({
    description:
      "Run tasks on Fargate Spot, for about a third of the price, in dev only. AWS stops them with two minutes' notice when it needs the capacity, and may not be able to start others.",
    defaults: same(false),
  }),

  recordFormat: oneOfNumbers([1, 2], "is not a format version of records", {
    description:
      "Format version of new records. Set it to 1 for one deployment when you upgrade from a version that cannot read 2.",
    defaults: same(2),
    next: "unset it to write the newest version",
  }),

  decryptWithoutTrail: oneOf(
    ["allow", "refuse", "refuse-unknown"],
    "is not a way to treat decrypts without a trail",
    {
      description:
        "What the service does with decrypts that CloudTrail does not record. refuse: answers 503 while the trail is off, leaves out KMS, or fails to deliver. refuse-unknown: also while CloudTrail does not answer.",
      defaults: same("allow"),
      next: "choose between an outage (refuse, refuse-unknown) and decrypts that no detection sees (allow)",
    },
  ),

  executeCommand: flag({
    description:
      "Allow administrators to run commands in a container (ECS Exec). Each command fires ecs-change; its output is not logged.",
    defaults: same(false),
  }),
};

type Values = ValuesOf<typeof settings & typeof databaseSettings> &
  Pick<ValuesOf<typeof general.settings>, "shape"> &
  Pick<ValuesOf<typeof alarms.settings>, "monitoringCanary">;

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["operatingHours", "shape"],
    check: ({ operatingHours, shape }) =>
      operatingHours !== undefined &&
      shape === "prod" &&
      "must not be set in prod: at other times no record could be decrypted",
    allowed: "unset, in prod",
    next: "unset it, or use dev for a cheap environment",
  },
  {
    fields: ["operatingHours", "monitoringCanary"],
    check: ({ operatingHours, monitoringCanary }) =>
      operatingHours !== undefined &&
      monitoringCanary &&
      "must not be set with the canary, whose alarms would fire outside these hours because the service is silent",
    allowed: "set only if CIPHERWATCH_MONITORING_CANARY is false",
    next: "set CIPHERWATCH_MONITORING_CANARY to false, or unset it to run at all times",
  },
  {
    fields: ["fargateSpot", "shape"],
    check: ({ fargateSpot, shape }) =>
      fargateSpot && shape === "prod" && "must be false in prod: AWS can stop all tasks at once",
    allowed: "false, in prod",
    next: "unset it, or use dev for a cheap environment",
  },
  {
    fields: ["containerInsights", "shape"],
    check: ({ containerInsights, shape }) =>
      containerInsights === "disabled" && shape === "prod" && "must not be disabled in prod",
    allowed: "enabled, enhanced, in prod",
    next: "unset it, or set it to enabled",
  },
  {
    fields: ["taskMemory", "taskCpu"],
    check: ({ taskMemory, taskCpu }) =>
      !memoriesForCpu(taskCpu).includes(taskMemory) &&
      `is ${taskMemory} MiB, which Fargate does not offer with ${taskCpu} CPU units`,
    allowed: TASK_CPUS.map((cpu) => `${span(memoriesForCpu(cpu))} with ${cpu} CPU units`).join(
      "; ",
    ),
    next: "set it to a size that fits CIPHERWATCH_TASK_CPU, or change CIPHERWATCH_TASK_CPU",
  },
  {
    fields: ["maxTasks", "minTasks"],
    check: ({ maxTasks, minTasks }) =>
      maxTasks < minTasks && "must not be lower than CIPHERWATCH_MIN_TASKS",
    allowed: "at least CIPHERWATCH_MIN_TASKS",
    next: "raise it, or lower CIPHERWATCH_MIN_TASKS",
  },
  {
    fields: ["maxTasks", "databasePoolSize", "databaseInstanceClass"],
    check: ({ maxTasks, databasePoolSize, databaseInstanceClass }) => {
      // A deployment runs the tasks of both versions.
      const needed = maxTasks * 2 * databasePoolSize;
      const available = connectionsOfInstanceClass(databaseInstanceClass);
      return (
        needed > available &&
        `needs up to ${needed} database connections (${maxTasks} tasks of the old and the new version with ` +
          `${databasePoolSize} each) of the ${available} that ${databaseInstanceClass} has for them`
      );
    },
    allowed:
      "CIPHERWATCH_MAX_TASKS × 2 × CIPHERWATCH_DATABASE_POOL_SIZE up to the connections that RDS derives from the memory of CIPHERWATCH_DATABASE_INSTANCE_CLASS",
    next: "lower it or CIPHERWATCH_DATABASE_POOL_SIZE, or choose a larger CIPHERWATCH_DATABASE_INSTANCE_CLASS",
  },
];

function span(choices: readonly number[]): string {
  return `${choices[0]} to ${choices.at(-1)}`;
}
