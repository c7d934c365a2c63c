import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { run } from "../common/run.ts";
import { backendOf, withAbsolutePath } from "./backend.ts";
import { terraformProgram } from "./terraform.ts";

/** Thrown if a state cannot be read; the message contains Terraform's. */
export class StateError extends Error {}

/**
 * Reads from a stack's state whether any of its resources are deployed. A stack that was never deployed
 * cannot be destroyed: Terraform needs the outputs of its dependencies, which may not exist.
 * https://github.com/hashicorp/terraform-cdk/issues/2031
 * @param stackFolder contains the synthesized stack
 * @throws {StateError}
 */
export async function isDeployed(stackFolder: string): Promise<boolean> {
  const terraform = terraformProgram();
  // Initialize a configuration that has only the backend: the stack itself would download its providers.
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-state-"));
  try {
    const backend = withAbsolutePath(backendOf(stackFolder), stackFolder);
    writeFileSync(join(folder, "backend.tf.json"), JSON.stringify({ terraform: { backend } }));
    await run([terraform, "init", "-input=false", "-no-color"], { cwd: folder });
    const { stdout } = await run([terraform, "state", "pull"], { cwd: folder });
    return hasResources(stdout);
  } catch (error) {
    throw new StateError(
      `Could not read the state of ${basename(stackFolder)}, so nothing was destroyed.\n${(error as Error).message}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param state output of `terraform state pull`; empty if there is no state */
export function hasResources(state: string): boolean {
  if (state.trim() === "") return false;
  const { resources = [] }: { readonly resources?: readonly { readonly mode: string }[] } =
    JSON.parse(state);
  return resources.some(({ mode }) => mode === "managed");
}
