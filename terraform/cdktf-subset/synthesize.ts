import type { Stacks, TerraformJson } from "../json.ts";
import {
  App,
  isObject,
  type Json,
  mergeInto,
  snakeCased,
  TerraformBackend,
  TerraformElement,
  TerraformStack,
} from "./elements.ts";
import { reference, replaceReferences } from "./references.ts";

/**
 * Replaces terraform/cdktf/synthesize.ts, and returns the same JSON.
 * @param build adds the stacks to the app
 * @returns the stacks in the order in which they were added
 */
export function synthesizeApp(build: (app: App) => void): Stacks {
  const app = new App();
  build(app);
  const stacks = new Map(
    app.node.children
      .filter(TerraformStack.isStack)
      .map((stack) => [stack.node.id, { json: render(stack), remoteState: remoteState(stack) }]),
  );
  for (const [id, { json }] of stacks) {
    replaceReferences(JSON.stringify(json), (from, address) => {
      const exporting = stacks.get(from);
      if (exporting === undefined || from === id) return "";
      const output = { value: reference(from, address), sensitive: true };
      mergeInto(exporting.json, { output: { [outputName(address)]: output } });
      mergeInto(json, {
        data: { terraform_remote_state: { [sourceName(from)]: exporting.remoteState } },
      });
      return "";
    });
  }
  return new Map([...stacks].map(([id, { json }]) => [id, resolve(json, id)]));
}

function render(stack: TerraformStack): Json {
  const json: Json = {};
  for (const element of stack.node.findAll()) {
    if (element instanceof TerraformElement) mergeInto(json, element.toTerraform());
  }
  mergeInto(json, stack.overrides);
  return json;
}

/** Returns the data source with which other stacks read the stack's outputs. */
function remoteState(stack: TerraformStack): Json {
  const backend = stack.node.findAll().find((element) => element instanceof TerraformBackend);
  return {
    backend: backend?.type,
    workspace: "${terraform.workspace}",
    config: snakeCased(backend?.config),
  };
}

/** Replaces the references, and sorts the members by name, as CDKTF does. */
function resolve(json: Json, id: string): TerraformJson {
  const expressionOf = (from: string, address: string) =>
    from === id
      ? address
      : `data.terraform_remote_state.${sourceName(from)}.outputs.${outputName(address)}`;
  return JSON.parse(JSON.stringify(json), (_, value) => {
    if (typeof value === "string") return replaceReferences(value, expressionOf);
    return isObject(value) ? sorted(value) : value;
  });
}

function sorted(value: Json): Json {
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, value[name]]));
}

const sourceName = (stackId: string) => `cross-stack-reference-input-${stackId}`;
const outputName = (address: string) => `cross-stack-output-${address.replaceAll(/[.[\]]/g, "")}`;
