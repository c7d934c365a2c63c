import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack, Testing } from "cdktf";
import type { Settings } from "../settings/index.ts";
import { cipherwatch } from "./cipherwatch.ts";

type Blocks = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A stack as Terraform's JSON syntax has it: type → name → arguments, without CDKTF's metadata. */
export interface TerraformJson {
  readonly terraform: Readonly<Record<string, unknown>>;
  readonly provider: Readonly<Record<string, readonly unknown[]>>;
  readonly resource?: Readonly<Record<string, Blocks>>;
  readonly data?: Readonly<Record<string, Blocks>>;
  readonly output?: Blocks;
}

/**
 * All stacks as `node main.ts` would write them, in memory.
 * @returns stack id → Terraform JSON, in the order the stacks were made
 */
export function synthesize(settings: Settings): ReadonlyMap<string, TerraformJson> {
  return synthesizeApp((app) => cipherwatch(app, settings));
}

/** The Terraform JSON of one stack by itself, for its tests. */
export function synthStack(build: (app: App) => TerraformStack): TerraformJson {
  let id: string | undefined;
  const stacks = synthesizeApp((app) => {
    id = build(app).node.id;
  });
  const stack = id === undefined ? undefined : stacks.get(id);
  if (stack === undefined) throw new Error(`The app holds no stack ${id}.`);
  return stack;
}

export function synthesizeApp(build: (app: App) => void): ReadonlyMap<string, TerraformJson> {
  // An App makes its output folder when it is constructed, written to or not.
  const outdir = mkdtempSync(join(tmpdir(), "cipherwatch-synth-"));
  try {
    const app = new App({ outdir });
    build(app);
    const stacks = app.node.findAll().filter(TerraformStack.isStack);
    // A reference across stacks becomes an output of one and a remote state of the other only while
    // stacks are prepared, so all come before the first is printed.
    for (const stack of stacks) stack.prepareStack();
    return new Map(stacks.map((stack) => [stack.node.id, JSON.parse(Testing.synth(stack, true))]));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
