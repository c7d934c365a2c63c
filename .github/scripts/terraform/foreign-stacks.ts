import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { StepError } from "../github/step.ts";
import { type StackLocation, validateForeignStack } from "./foreign-stack.ts";
import { APPLIED_BY_HAND, readStacks, type Stack } from "./stacks.ts";

/** Much more than a stack has, and little enough to parse. */
const MAX_BYTES = 5 * 1024 * 1024;
const MANIFEST = "manifest.json";
const STACK = "cdk.tf.json";

const manifestSchema = z.looseObject({
  stacks: z.record(
    z.string().regex(/^[a-z][a-z0-9-]{0,40}$/),
    z.looseObject({ dependencies: z.array(z.string()) }),
  ),
});

/**
 * Copies stacks that a pull request's code synthesized into a new folder, as data: only the manifest's names
 * and dependencies, and the Terraform JSON of each stack after it was checked.
 * @param from the downloaded artifact; its other files are ignored
 * @returns the stacks that the pipeline applies, in dependency order
 * @throws StepError naming every violation
 */
export function admitForeignStacks(
  from: string,
  to: string,
  location: StackLocation,
): readonly Stack[] {
  const refuse = (violations: readonly string[]): never => {
    throw new StepError(
      `The stacks of this pull request are not planned, because a plan with credentials could do more than plan:\n${violations
        .map((violation) => `  ${violation}`)
        .join("\n")}\n` +
        "If the change is intended, first extend .github/scripts/terraform/foreign-stack.ts in a pull request of its own.",
    );
  };
  const parsed = manifestSchema.safeParse(readJson(from, MANIFEST, refuse));
  if (!parsed.success) return refuse([`${MANIFEST}: ${z.prettifyError(parsed.error)}`]);
  const names = Object.keys(parsed.data.stacks);
  const others = names.filter((name) => name !== APPLIED_BY_HAND);
  const violations = [...unexpectedFiles(from, names)];
  const admitted = new Map<string, unknown>();
  for (const name of others) {
    const file = join("stacks", name, STACK);
    const json = readJson(from, file, refuse);
    admitted.set(name, json);
    violations.push(
      ...validateForeignStack(name, json, location, others).map((each) => `${file}: ${each}`),
    );
  }
  if (violations.length > 0) refuse(violations);

  rmSync(join(to, MANIFEST), { force: true });
  const stacks = Object.fromEntries(
    others.map((name) => [
      name,
      {
        workingDirectory: `stacks/${name}`,
        dependencies: (parsed.data.stacks[name]?.dependencies ?? []).filter(
          (dependency) => others.includes(dependency) && dependency !== name,
        ),
      },
    ]),
  );
  for (const [name, json] of admitted) {
    const folder = join(to, "stacks", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, STACK), JSON.stringify(json));
  }
  writeFileSync(join(to, MANIFEST), JSON.stringify({ stacks }));
  return readStacks(to);
}

/** Terraform would also read `*.tf`, `*.tfvars`, overrides and lock files beside a stack. */
function unexpectedFiles(from: string, names: readonly string[]): string[] {
  const expected = new Set([MANIFEST, ...names.map((name) => join("stacks", name, STACK))]);
  return readdirSync(from, { recursive: true, encoding: "utf8" })
    .filter((path) => !lstatSync(join(from, path)).isDirectory() && !expected.has(path))
    .map((path) => `${path}: is neither the manifest nor a stack`);
}

function readJson(
  folder: string,
  file: string,
  refuse: (violations: readonly string[]) => never,
): unknown {
  const path = join(folder, file);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return refuse([`${file}: must be a file`]);
  if (stat.size > MAX_BYTES) return refuse([`${file}: must have at most ${MAX_BYTES} bytes`]);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return refuse([`${file}: ${(error as Error).message}`]);
  }
}
