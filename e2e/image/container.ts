import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { run } from "../../common/run.ts";
import { waitFor } from "../../lab/testing/spawn-lab.ts";
import type { Engine } from "./engine.ts";
import type { ContainerDefinition, Task } from "./task.ts";

export interface ContainerProps {
  readonly image: string;
  readonly task: Task;
  readonly definition: ContainerDefinition;
  /** Overrides the command of the definition. */
  readonly command?: readonly string[];
  /** Added to the variables of the definition, or overriding them; `undefined` removes a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `host` shares this machine's network, `none` has only a loopback interface. */
  readonly network: "host" | "none";
}

/** A container of a task, hardened as in its definition. */
export interface Container {
  /** Everything printed so far. */
  readonly output: () => string;
  /** JSON lines printed so far. */
  readonly lines: () => readonly Readonly<Record<string, unknown>>[];
  /** Resolves with the exit code: 137 after SIGKILL. */
  readonly exited: Promise<number>;
  /** Runs a command in the container. @returns the exit code */
  readonly execute: (command: readonly string[]) => Promise<number>;
  /** Stops it as ECS does: SIGTERM, then SIGKILL after the stopTimeout of the definition. */
  readonly stop: () => Promise<void>;
  /** Kills it if it is still running. */
  readonly remove: () => Promise<void>;
}

/** Milliseconds that a slow machine may take to start the service. */
const LISTEN_TIMEOUT = 120_000;
const STOP_SECONDS = 30;
const PROCESSES = 128;

export function startContainer(engine: Engine, props: ContainerProps): Container {
  const { image, task, definition, network } = props;
  const { command = definition.command ?? [] } = props;
  const name = `cipherwatch-e2e-${randomUUID()}`;
  const environment = environmentOf(props);
  const child = spawn(
    engine.command,
    [
      ...["run", "--rm", "--name", name, "--network", network, "--user", definition.user],
      ...(definition.readonlyRootFilesystem ? ["--read-only"] : []),
      // By default Podman mounts writable folders over a read-only root.
      ...(engine.command === "podman" ? ["--read-only-tmpfs=false"] : []),
      ...definition.linuxParameters.capabilities.drop.flatMap((each) => ["--cap-drop", each]),
      // ECS uses only the health check of the task definition.
      "--no-healthcheck",
      ...["--security-opt", "no-new-privileges", "--pids-limit", String(PROCESSES)],
      ...["--memory", `${task.memory}m`, "--cpus", String(task.cpu / 1024)],
      // By name only: values must not appear in process arguments.
      ...Object.keys(environment).flatMap((variable) => ["--env", variable]),
      ...[image, ...command],
    ],
    { env: { ...engine.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const output = collect(child);
  const exited = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
  return {
    output,
    lines: () =>
      output()
        .split("\n")
        .slice(0, -1) // incomplete
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line)),
    exited,
    execute: async (inside) => {
      const command = [engine.command, "exec", name, ...inside] as const;
      return (await run(command, { env: engine.env, accept: "any" })).code;
    },
    stop: async () => {
      const seconds = String(definition.stopTimeout ?? STOP_SECONDS);
      await engine.run(["stop", "-t", seconds, name]);
    },
    remove: async () => {
      if (child.exitCode === null) await engine.run(["kill", name]).catch(() => {});
      await exited;
    },
  };
}

/** The caller provides values that only a deployment resolves. */
function environmentOf({ definition, environment = {} }: ContainerProps): Record<string, string> {
  const all = {
    ...Object.fromEntries(definition.environment.map(({ name, value }) => [name, value])),
    ...environment,
  };
  const set = Object.entries(all).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    if (!value?.includes("${")) return value !== undefined;
    throw new Error(
      `The task sets ${name} to ${value}, which only a deployment resolves; pass a value.`,
    );
  });
  return Object.fromEntries(set);
}

function collect(child: ChildProcess): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return () => output;
}

/** Waits for the service to log where it listens. */
export async function waitUntilListening(
  api: Container,
): Promise<{ host: unknown; port: unknown }> {
  const { host, port } = await waitFor(
    "the service to listen",
    async () => {
      const line = api.lines().find(({ msg }) => msg === "listening");
      const ended = await Promise.race([api.exited, undefined]);
      if (line === undefined && ended !== undefined) {
        throw new Error(`The service exited with ${ended}:\n${api.output()}`);
      }
      return line;
    },
    LISTEN_TIMEOUT,
  );
  return { host, port };
}
