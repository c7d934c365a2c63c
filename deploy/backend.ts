import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Where Terraform keeps a state, by the backend's name. */
export type Backend = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Of a stack, as it was synthesized. */
export function backendOf(stackFolder: string): Backend {
  const text = readFileSync(join(stackFolder, "cdk.tf.json"), "utf8");
  const { terraform } = JSON.parse(text) as { readonly terraform: { readonly backend: Backend } };
  return terraform.backend;
}

/** The same, for a configuration in another folder: a local state's path is relative to the stack's. */
export function fromAnywhere({ local, ...others }: Backend, stackFolder: string): Backend {
  if (local === undefined) return others;
  return { local: { ...local, path: resolve(stackFolder, String(local.path)) } };
}

/**
 * What is wrong with keeping a stack's state where the settings say; undefined: nothing. Terraform itself
 * would offer to copy the state that the folder was last used with, dev's into prod's for one.
 * @param stackFolder with what was synthesized for it, and what Terraform left there
 */
export function movedState(stackFolder: string): string | undefined {
  const file = join(stackFolder, ".terraform/terraform.tfstate");
  if (!existsSync(file)) return undefined;
  const { backend } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly backend?: { readonly type: string; readonly config: Backend[string] };
  };
  if (backend === undefined) return undefined;
  const before = placeOf({ [backend.type]: backend.config });
  const now = placeOf(backendOf(stackFolder));
  return before === now
    ? undefined
    : `${stackFolder} was last used with the state in ${before}, and by the settings it is in ${now}.\n` +
        "Each environment and account wants a clone of its own. If it is still the same one, move its state there:\n" +
        `  terraform -chdir=${stackFolder} init -migrate-state`;
}

function placeOf({ s3, local }: Backend): string {
  return s3 === undefined ? String(local?.path) : `s3://${s3.bucket}/${s3.key}`;
}
