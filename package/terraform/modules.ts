import { join, resolve } from "node:path";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider/index.js";
import { TerraformStack } from "cdktf";
import type { Plugin } from "rolldown";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import type { ResourceType } from "./resource.ts";

const root = resolve(import.meta.dirname, "../..");
const AWS = /^@cdktf\/provider-aws\/lib\/[^/]+\/index\.js$/;

const CDKTF = "package/terraform/cdktf.ts";

/** Modules that the package replaces by its own. */
const REPLACED: Readonly<Record<string, string>> = {
  cdktf: join(root, CDKTF),
  [join(root, "terraform/cdktf/synthesize.ts")]: join(root, "package/terraform/synthesize.ts"),
  [join(root, "replay/read/worker-program.ts")]: join(root, "package/worker-program.ts"),
};

/**
 * Replaces modules in the package, and those of CDKTF's AWS provider by classes with the same interface, so
 * that it contains neither.
 */
export const replaceModules: Plugin = {
  name: "replace-modules",
  // Modules that the stacks of `watch` share with other stacks also import what only the others use.
  options: (options) => ({ ...options, shimMissingExports: true }),
  onLog: (_, { code, message }) =>
    code === "SHIMMED_EXPORT" && message.includes(CDKTF) ? false : null,
  async resolveId(specifier, importer, options) {
    if (AWS.test(specifier)) return `\0${specifier}`;
    const replacement = REPLACED[specifier];
    if (replacement !== undefined) return replacement;
    const found = await this.resolve(specifier, importer, { ...options, skipSelf: true });
    return found === null ? null : (REPLACED[found.id] ?? found);
  },
  async load(id) {
    const specifier = id.slice(1);
    return id.startsWith("\0") && AWS.test(specifier) ? awsModule(specifier) : null;
  },
};

/** A class of `@cdktf/provider-aws`. */
interface AwsClass {
  readonly tfResourceType?: string;
  readonly prototype: object;
}

/** The source of a module with the classes of a module of `@cdktf/provider-aws`. */
async function awsModule(specifier: string): Promise<string> {
  const classes: Readonly<Record<string, AwsClass>> = await import(specifier);
  const exports = Object.entries(classes).flatMap(([name, { tfResourceType, prototype }]) => {
    if (tfResourceType === undefined) return [];
    const creation =
      tfResourceType === "aws"
        ? `providerClass("aws", ${JSON.stringify(requiredProvider())})`
        : `resourceClass(${JSON.stringify(resourceType(specifier, tfResourceType, prototype))})`;
    return [`export const ${name} = ${creation};`];
  });
  const source = JSON.stringify(join(root, "package/terraform/resource.ts"));
  return [`import { providerClass, resourceClass } from ${source};`, ...exports].join("\n");
}

function resourceType(specifier: string, type: string, prototype: object): ResourceType {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  const attributes = properties.filter(([, { get }]) => get !== undefined).map(([name]) => name);
  return { kind: specifier.includes("/data-") ? "data" : "resource", type, attributes };
}

/** The provider's source and version, as CDKTF requires them. */
function requiredProvider(): unknown {
  const { terraform = {} } = synthStack((app) => {
    const stack = new TerraformStack(app, "stack");
    new AwsProvider(stack, "Aws", {});
    return stack;
  });
  return (terraform.required_providers as { readonly aws: unknown }).aws;
}
