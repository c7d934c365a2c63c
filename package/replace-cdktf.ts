import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { Plugin } from "rolldown";
import { PROVIDER_MODULE, REPLACED_MODULES } from "../terraform/cdktf-subset/modules.ts";
import { providerModule, RESOURCE_MODULE } from "../terraform/cdktf-subset/provider-module.ts";

const root = resolve(import.meta.dirname, "..");

/** The files that replace modules in the package, including CDKTF's. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ...REPLACED_MODULES,
  [join(root, "replay/read/worker-program.ts"), join(root, "package/worker-program.ts")],
]);

/** Marks the id of a module whose source `providerModule` generates. */
const GENERATED = "\0";

const { resolve: fileOf } = createRequire(import.meta.url);

/** Replaces CDKTF and its AWS provider with our subset, so that the package contains neither. */
export const replaceModules: Plugin = {
  name: "replace-modules",
  async resolveId(specifier, importer, options) {
    if (PROVIDER_MODULE.test(specifier)) return GENERATED + specifier;
    const replacement = REPLACED.get(specifier);
    if (replacement !== undefined) return replacement;
    const found = await this.resolve(specifier, importer, { ...options, skipSelf: true });
    return found === null ? null : (REPLACED.get(found.id) ?? found);
  },
  load: (id) =>
    id.startsWith(GENERATED)
      ? providerModule(fileOf(id.slice(GENERATED.length)), RESOURCE_MODULE)
      : null,
};
