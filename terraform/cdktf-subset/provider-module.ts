import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ResourceType } from "./resource.ts";

export const RESOURCE_MODULE = fileURLToPath(new URL("resource.ts", import.meta.url));

const CLASS =
  /^export declare class (\w+) extends cdktf\.Terraform(Resource|DataSource|Provider) \{\n([\s\S]*?)^\}/gm;
const TYPE = /^ {4}static readonly tfResourceType = "(\w+)";/m;
const ATTRIBUTE = /^ {4}get (\w+)\(\): (.*)/gm;
const MAP = /^ {4}readonly (\w+)\??: \{\n {8}\[key: string\]/gm;

/**
 * Generates the source of a module that replaces one of `@cdktf/provider-aws`. It exports classes with the same names,
 * types and attributes, read from the type declarations, because loading the module itself would load CDKTF.
 * @param file the `index.js` of the module
 * @param resourceModule specifier with which to import resource.ts
 */
export function providerModule(file: string, resourceModule: string): string {
  const declarations = readFileSync(file.replace(/\.js$/, ".d.ts"), "utf8");
  const maps = [...new Set(Array.from(declarations.matchAll(MAP), ([, name = ""]) => name))];
  const classes = Array.from(declarations.matchAll(CLASS), ([, name, base, body = ""]) => {
    const type = TYPE.exec(body)?.[1] ?? "";
    if (base === "Provider") {
      return `export const ${name} = providerClass("${type}", ${JSON.stringify(requirement(file))});`;
    }
    const attributes = [...body.matchAll(ATTRIBUTE)];
    const resource: ResourceType = {
      kind: base === "DataSource" ? "data" : "resource",
      type,
      attributes: attributes.map(([, attribute = ""]) => attribute),
      lists: attributes.flatMap(([, attribute = "", value]) =>
        value?.endsWith("List;") ? [attribute] : [],
      ),
      maps,
    };
    return `export const ${name} = resourceClass(${JSON.stringify(resource)});`;
  });
  return `import { providerClass, resourceClass } from "${resourceModule}";\n${classes.join("\n")}`;
}

/** Returns the provider's source and version, which CDKTF writes to `required_providers`. */
function requirement(file: string): { readonly source: string; readonly version: string } {
  const source = readFileSync(file, "utf8");
  const textOf = (name: string) => new RegExp(`\\b${name}: '(.+)'`).exec(source)?.[1] ?? "";
  return { source: textOf("terraformProviderSource"), version: textOf("providerVersion") };
}
