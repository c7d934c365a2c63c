import { fork } from "node:child_process";
import { once } from "node:events";
import type { Deployed } from "./deployed.ts";
import type { Bindings } from "./detections.ts";

/** What the process that reads the stacks answers. */
export type Answer = Deployed | { readonly error: string };

/**
 * `loadDeployed` in a process of its own: what synthesizes the stacks takes more memory than all the rest
 * of a replay.
 * @throws Error with the message of what `loadDeployed` throws
 */
export async function loadDeployedApart(bindings: Bindings): Promise<Deployed> {
  const child = fork(new URL("deployed-process.ts", import.meta.url), {
    serialization: "advanced",
  });
  child.send(bindings);
  const [first] = await Promise.race([once(child, "message"), once(child, "exit")]);
  const answer = first as Answer | number | null;
  if (answer === null || typeof answer === "number") {
    throw new Error(`The process that reads the stacks ended with ${answer ?? "a signal"}.`);
  }
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}
