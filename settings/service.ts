import { memoriesForCpu, TASK_CPUS } from "../common/fargate.ts";
import { flag, oneOf, oneOfNumbers, text, whole } from "./kinds.ts";
import type { Rule, ValuesOf } from "./setting.ts";

/** Tasks of a service that the settings stand for; a safeguard against a slip, not AWS's quota. */
const MOST_TASKS = 1000;

export const settings = {
  /** Digest of the service's image in the registry. The service is left out unless it is set. */
  imageDigest: text(/^sha256:[0-9a-f]{64}$/, {
    wrong: "this is no digest of an image",
    allowed: "sha256: and 64 hexadecimal digits in lower case",
    next: "push the image and take the digest that the push prints",
  }).optional(),

  /** Images that the registry keeps, the newest; the deployed one must be among them. */
  imagesKept: whole(2, 1000).byEnvironment({ dev: 10, prod: 50 }),

  /** CPU units of a task, 1,024 for a whole one. */
  taskCpu: oneOfNumbers(TASK_CPUS, {
    wrong: "Fargate offers no such task",
    allowed: TASK_CPUS.join(", "),
    next: "set it to one of these, or unset it for the default",
  }).byEnvironment({ dev: 256, prod: 512 }),

  /** MiB of memory of a task; what Fargate offers depends on taskCpu. */
  taskMemory: whole(512, 122_880).byEnvironment({ dev: 512, prod: 1024 }),

  /** Processor that the image is built for; ARM64 costs less. */
  cpuArchitecture: oneOf(
    ["X86_64", "ARM64"],
    "Fargate has no such processor",
    "set it to what the image was built for",
  ).byDefault("X86_64"),

  /** Tasks that always run. In prod one may fail. */
  minTasks: whole(1, MOST_TASKS).byEnvironment({ dev: 1, prod: 2 }),

  /** Tasks that run at most, however high the load. */
  maxTasks: whole(1, MOST_TASKS).byEnvironment({ dev: 2, prod: 10 }),

  /** Requests a minute that one task should serve; at more, another starts. */
  requestsPerTask: whole(1, 1_000_000).byDefault(1000),

  /** How closely Container Insights watches; enhanced, each container by itself. */
  containerInsights: oneOf(
    ["enabled", "enhanced"],
    "ECS offers no such level",
    "set it to one, or unset it for the default",
  ).byEnvironment({ dev: "enabled", prod: "enhanced" }),

  /**
   * Let administrators run commands in a running container. The trail holds each command, and an alarm
   * tells of it; what it prints is kept only of an image that has `script` and `cat`, as ours has not.
   */
  executeCommand: flag.byDefault(false),
};

export const rules: readonly Rule<ValuesOf<typeof settings>>[] = [
  {
    among: ["taskMemory", "taskCpu"],
    wrongWith: ({ taskMemory, taskCpu }) =>
      !memoriesForCpu(taskCpu).includes(taskMemory) &&
      `Fargate offers no ${taskMemory} MiB for this CPU`,
    allowed: TASK_CPUS.map((cpu) => `with ${cpu} CPU ${spanOf(memoriesForCpu(cpu))}`).join("; "),
    next: "set it to what goes with CIPHERWATCH_TASK_CPU, or change that",
  },
  {
    among: ["maxTasks", "minTasks"],
    wrongWith: ({ maxTasks, minTasks }) =>
      maxTasks < minTasks && "fewer tasks may run than always run",
    allowed: "at least CIPHERWATCH_MIN_TASKS",
    next: "raise it, or lower CIPHERWATCH_MIN_TASKS",
  },
];

function spanOf(choices: readonly number[]): string {
  return `${choices[0]} to ${choices.at(-1)}`;
}
