import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../../stacks/synthesize.ts";

/** The parts of a container definition that this suite applies. */
export interface ContainerDefinition {
  readonly name: string;
  readonly command?: readonly string[];
  readonly user: string;
  readonly readonlyRootFilesystem: boolean;
  readonly linuxParameters: { readonly capabilities: { readonly drop: readonly string[] } };
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly healthCheck?: { readonly command: readonly string[] };
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopTimeout?: number;
}

/** A task as ECS would run it. */
export interface Task {
  /** CPU units; 1,024 are one vCPU. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  readonly container: (name: string) => ContainerDefinition;
}

/** The task definition that the stacks synthesize. @throws Error when there is none */
export function synthesizedTask(): Task {
  const settings = loadSettings({
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST,
  });
  const [definition] = Object.values(
    synthesize(settings).get("service")?.resource?.aws_ecs_task_definition ?? {},
  );
  const { cpu, memory, container_definitions: json } = definition ?? {};
  if (json === undefined) throw new Error("The stacks synthesize no task definition.");
  const containers = JSON.parse(String(json)) as ContainerDefinition[];
  return {
    cpu: Number(cpu),
    memory: Number(memory),
    container: (name) => {
      const found = containers.find((container) => container.name === name);
      if (found !== undefined) return found;
      const names = containers.map((container) => container.name).join(", ");
      throw new Error(`The task has no container "${name}"; it has ${names}.`);
    },
  };
}
