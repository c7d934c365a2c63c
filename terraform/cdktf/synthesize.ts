import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack, Testing } from "cdktf";
import type { Stacks, TerraformJson } from "../json.ts";

/**
 * Synthesizes an app in memory, without CDKTF's metadata.
 * @param build adds the stacks to the app
 * @returns the stacks in the order in which they were added
 */
export function synthesizeApp(build: (app: App) => void): Stacks {
  // An App creates its output folder in its constructor, even if nothing is written to it.
  const outdir = mkdtempSync(join(tmpdir(), "cipherwatch-synth-"));
  try {
    const app = new App({ outdir });
    build(app);
    const stacks = app.node.findAll().filter(TerraformStack.isStack);
    // prepareStack() adds the outputs and remote states that cross-stack references need, to both
    // stacks, so prepare all of them before rendering the first.
    for (const stack of stacks) stack.prepareStack();
    return new Map(stacks.map((stack) => [stack.node.id, JSON.parse(Testing.synth(stack, true))]));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** Synthesizes the stack that `build` returns, for tests of one stack. */
export function synthStack(build: (app: App) => TerraformStack): TerraformJson {
  let id = "";
  const stacks = synthesizeApp((app) => {
    id = build(app).node.id;
  });
  const stack = stacks.get(id);
  if (stack === undefined) throw new Error(`The stack "${id}" was not added to the app.`);
  return stack;
}
