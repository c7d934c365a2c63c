import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where Terraform keeps a state, by the backend's name. */
type Backend = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

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
  const { terraform } = JSON.parse(readFileSync(join(stackFolder, "cdk.tf.json"), "utf8")) as {
    readonly terraform: { readonly backend: Backend };
  };
  const program = process.env.TERRAFORM_BINARY_NAME ?? "terraform"; // as CDKTF finds it
  // The backend by itself, for an init of the whole stack would get its providers first.
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-state-"));
  try {
    const backend = fromAnywhere(terraform.backend, stackFolder);
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

/** A local state's path is relative to the stack's folder. */
export function fromAnywhere({ local, ...others }: Backend, stackFolder: string): Backend {
  if (local === undefined) return others;
  return { local: { ...local, path: resolve(stackFolder, String(local.path)) } };
}

/** @param state as `terraform state pull` prints it: nothing where there is none */
export function holdsResources(state: string): boolean {
  if (state.trim() === "") return false;
  const { resources = [] }: { readonly resources?: readonly { readonly mode: string }[] } =
    JSON.parse(state);
  return resources.some(({ mode }) => mode === "managed");
}
