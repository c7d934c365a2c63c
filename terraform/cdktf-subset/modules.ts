import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { providerModule, RESOURCE_MODULE } from "./provider-module.ts";

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** The files that replace modules, by the specifier or the file of an import. */
export const REPLACED_MODULES: ReadonlyMap<string, string> = new Map([
  ["cdktf", pathOf("cdktf.ts")],
  [pathOf("../cdktf/synthesize.ts"), pathOf("synthesize.ts")],
]);

/** Modules that `providerModule` replaces. */
export const PROVIDER_MODULE = /^@cdktf\/provider-aws\/lib\/[^/]+\/index\.js$/;

/** Marks the URL of a module whose source `providerModule` generates. */
const REPLACED = "?cdktf-subset";

/**
 * Replaces CDKTF and its AWS provider in this process, for imports that follow.
 * @see https://nodejs.org/api/module.html#moduleregisterhooksoptions
 */
export function replaceCdktf(): void {
  const urls = new Map(
    Array.from(REPLACED_MODULES, ([module, file]) => [
      module === "cdktf" ? module : pathToFileURL(module).href,
      pathToFileURL(file).href,
    ]),
  );
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const replacement = urls.get(specifier);
      if (replacement !== undefined) return nextResolve(replacement, context);
      const resolved = nextResolve(specifier, context);
      const { url } = resolved;
      if (PROVIDER_MODULE.test(specifier))
        return { ...resolved, url: `${url}${REPLACED}`, format: "module" };
      const other = urls.get(url);
      return other === undefined ? resolved : nextResolve(other, context);
    },
    load: (url, context, nextLoad) =>
      url.endsWith(REPLACED)
        ? {
            format: "module",
            source: providerModule(
              fileURLToPath(url.slice(0, -REPLACED.length)),
              pathToFileURL(RESOURCE_MODULE).href,
            ),
            shortCircuit: true,
          }
        : nextLoad(url, context),
  });
}
