import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { backendOf, fromAnywhere } from "./backend.ts";

const run = promisify(execFile);

/** A state that cannot be read; the message has what Terraform said. */
export class StateError extends Error {}

/**
 * Whether anything of a stack is deployed, by its state. One that was never deployed cannot be destroyed:
 * Terraform reads what the stacks before it have said, and those may have said nothing yet.
 * https://github.com/hashicorp/terraform-cdk/issues/2031
 * @param stackFolder with what was synthesized for it
 * @throws {StateError}
 */
export async function isDeployed(stackFolder: string): Promise<boolean> {
  const program = process.env.TERRAFORM_BINARY_NAME ?? "terraform"; // as CDKTF finds it
  // The backend by itself, for an init of the whole stack would get its providers first.
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-state-"));
  try {
    const backend = fromAnywhere(backendOf(stackFolder), stackFolder);
    writeFileSync(join(folder, "backend.tf.json"), JSON.stringify({ terraform: { backend } }));
    await run(program, ["init", "-input=false", "-no-color"], { cwd: folder });
    const { stdout } = await run(program, ["state", "pull"], { cwd: folder, maxBuffer: 2 ** 28 });
    return holdsResources(stdout);
  } catch (error) {
    const { message, stderr = "" } = error as Error & { readonly stderr?: string };
    throw new StateError(
      `Whether ${basename(stackFolder)} is deployed could not be found out, so nothing was destroyed.\n${stderr.trim() || message}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param state as `terraform state pull` prints it: nothing where there is none */
export function holdsResources(state: string): boolean {
  if (state.trim() === "") return false;
  const { resources = [] }: { readonly resources?: readonly { readonly mode: string }[] } =
    JSON.parse(state);
  return resources.some(({ mode }) => mode === "managed");
}
