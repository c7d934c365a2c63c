import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { run } from "../../common/run.ts";
import type { Engine } from "./engine.ts";
import type { ContainerDefinition, Task } from "./task.ts";

export interface ContainerProps {
  readonly image: string;
  readonly task: Task;
  readonly definition: ContainerDefinition;
  /** Instead of the definition's. */
  readonly command?: readonly string[];
  /** Beyond what the definition sets, or in its place; `undefined` takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `host` is this machine's, `none` has a loopback of its own and nothing else. */
  readonly network: "host" | "none";
}

/** A container of a task, hardened as its definition says. */
export interface Container {
  /** All that it printed so far. */
  readonly output: () => string;
  /** Its lines of JSON so far. */
  readonly lines: () => readonly Readonly<Record<string, unknown>>[];
  /** Resolves with its exit code, which is 137 after SIGKILL. */
  readonly exited: Promise<number>;
  /** Runs a command in it. @returns the exit code */
  readonly execute: (command: readonly string[]) => Promise<number>;
  /** Ends it as ECS does: SIGTERM, and SIGKILL after the seconds of its definition. */
  readonly stop: () => Promise<void>;
  /** Ends it at once if it still runs. */
  readonly remove: () => Promise<void>;
}

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
      // Podman puts writable folders over a read-only root unless told not to.
      ...(engine.command === "podman" ? ["--read-only-tmpfs=false"] : []),
      ...definition.linuxParameters.capabilities.drop.flatMap((each) => ["--cap-drop", each]),
      // ECS goes by the definition's alone.
      "--no-healthcheck",
      ...["--security-opt", "no-new-privileges", "--pids-limit", String(PROCESSES)],
      ...["--memory", `${task.memory}m`, "--cpus", String(task.cpu / 1024)],
      // By name alone, so that no value stands among the arguments of a process.
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
        .slice(0, -1) // not ended yet
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

/** Values that only a deployment has are the caller's to give. */
function environmentOf({ definition, environment = {} }: ContainerProps): Record<string, string> {
  const all = {
    ...Object.fromEntries(definition.environment.map(({ name, value }) => [name, value])),
    ...environment,
  };
  const set = Object.entries(all).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    if (!value?.includes("${")) return value !== undefined;
    throw new Error(
      `The task sets ${name} to ${value}, which a deployment resolves: give a value.`,
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
