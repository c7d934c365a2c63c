import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { Plugin } from "rolldown";
import { PROVIDER_MODULE, REPLACED_MODULES } from "../terraform/cdktf-subset/modules.ts";
import { providerModule, RESOURCE_MODULE } from "../terraform/cdktf-subset/provider-module.ts";

const root = resolve(import.meta.dirname, "..");

/** Modules that the package replaces by its own, with those that replace CDKTF. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ...REPLACED_MODULES,
  [join(root, "replay/read/worker-program.ts"), join(root, "package/worker-program.ts")],
]);

/** Marks the id of a module whose source `providerModule` writes. */
const WRITTEN = "\0";

const { resolve: fileOf } = createRequire(import.meta.url);

/** Replaces modules in the package, and CDKTF with its AWS provider by our subset, so that it contains neither. */
export const replaceModules: Plugin = {
  name: "replace-modules",
  async resolveId(specifier, importer, options) {
    if (PROVIDER_MODULE.test(specifier)) return WRITTEN + specifier;
    const replacement = REPLACED.get(specifier);
    if (replacement !== undefined) return replacement;
    const found = await this.resolve(specifier, importer, { ...options, skipSelf: true });
    return found === null ? null : (REPLACED.get(found.id) ?? found);
  },
  load: (id) =>
    id.startsWith(WRITTEN)
      ? providerModule(fileOf(id.slice(WRITTEN.length)), RESOURCE_MODULE)
      : null,
};
