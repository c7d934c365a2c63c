import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Terraform's `backend` block: its type → its arguments. */
export type Backend = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Reads the backend that was synthesized for a stack. */
export function backendOf(stackFolder: string): Backend {
  const text = readFileSync(join(stackFolder, "cdk.tf.json"), "utf8");
  const { terraform } = JSON.parse(text) as { readonly terraform: { readonly backend: Backend } };
  return terraform.backend;
}

/** Makes the path of a local state absolute, for use from another folder than the stack's. */
export function withAbsolutePath({ local, ...others }: Backend, stackFolder: string): Backend {
  if (local === undefined) return others;
  return { local: { ...local, path: resolve(stackFolder, String(local.path)) } };
}

/**
 * Compares the state location of the settings with the one that the stack's folder was last used with.
 * Terraform would offer to copy the state between them, for example from dev to prod.
 * @param stackFolder contains the synthesized stack, and `.terraform` if Terraform has run there
 * @returns an error message if they differ
 */
export function stateLocationError(stackFolder: string): string | undefined {
  const file = join(stackFolder, ".terraform/terraform.tfstate");
  if (!existsSync(file)) return undefined;
  const { backend } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly backend?: { readonly type: string; readonly config: Backend[string] };
  };
  if (backend === undefined) return undefined;
  const previous = locationOf({ [backend.type]: backend.config });
  const current = locationOf(backendOf(stackFolder));
  if (previous === current) return undefined;
  return [
    `${stackFolder} was last used with the state in ${previous}, but the settings put it in ${current}.`,
    "Use a separate clone for each environment and account. To move the state of the same environment, run:",
    `  terraform -chdir=${stackFolder} init -migrate-state`,
  ].join("\n");
}

function locationOf({ s3, local }: Backend): string {
  return s3 === undefined ? String(local?.path) : `s3://${s3.bucket}/${s3.key}`;
}
