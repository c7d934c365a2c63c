import type { Block, Stacks } from "./json.ts";

/** A resource or data source that an expression refers to. */
export interface BlockReference {
  readonly kind: "resource" | "data";
  readonly stack: string;
  readonly type: string;
  readonly name: string;
  readonly values: Block;
  /** Path within the block, list indices as steps: `master_user_secret.0.secret_arn`. */
  readonly attribute: string;
}

/** An output of the stack whose state a `terraform_remote_state` reads. */
export interface OutputReference {
  readonly kind: "output";
  readonly stack: string;
  readonly name: string;
  readonly value: unknown;
  /** Path within the output's value; empty for all of it. */
  readonly attribute: string;
}

export interface BrokenReference {
  readonly kind: "broken";
  readonly reason: string;
}

export type Reference = BlockReference | OutputReference | BrokenReference;

const PATH = /^[A-Za-z_][\w-]*(\.[\w-]+|\[(\d+|"[^"]*")\])+$/;

/** Returns the expression of a value that is a single interpolation, such as `${aws_kms_key.Key.arn}`. */
export function soleExpression(value: unknown): string | undefined {
  return typeof value === "string" ? /^\$\{([^{}]*)\}$/.exec(value)?.[1] : undefined;
}

/**
 * Finds the block or output that an expression of a stack names, without evaluating it.
 * https://developer.hashicorp.com/terraform/language/expressions/references
 */
export function findReference(stacks: Stacks, stack: string, expression: string): Reference {
  const steps = stepsOf(expression.trim());
  if (steps === undefined)
    return { kind: "broken", reason: "it contains a function or an operator" };
  const kind = steps[0] === "data" ? "data" : "resource";
  const [type = "", name = "", ...path] = kind === "data" ? steps.slice(1) : steps;
  const values = stacks.get(stack)?.[kind]?.[type]?.[name];
  if (values === undefined) return { kind: "broken", reason: "the stack has no such block" };
  if (kind === "data" && type === "terraform_remote_state") {
    return findOutput(stacks, values, path);
  }
  return { kind, stack, type, name, values, attribute: path.join(".") };
}

/**
 * Follows a value that is a single reference, through outputs of other stacks, to the block that it names.
 * @returns undefined for a literal, for any other expression, and for a reference to a block that does not exist
 */
export function resolveReference(
  stacks: Stacks,
  stack: string,
  value: unknown,
): BlockReference | undefined {
  const expression = soleExpression(value);
  if (expression === undefined) return undefined;
  const reference = findReference(stacks, stack, expression);
  if (reference.kind === "broken") return undefined;
  if (reference.kind !== "output") return reference;
  return reference.attribute === ""
    ? resolveReference(stacks, reference.stack, reference.value)
    : undefined;
}

function findOutput(stacks: Stacks, remoteState: Block, path: readonly string[]): Reference {
  const [outputs = "", name = "", ...rest] = path;
  const producer = [...stacks].find(([, { terraform }]) =>
    hasSameState(terraform?.backend, remoteState),
  );
  if (outputs !== "outputs" || producer === undefined) {
    return { kind: "broken", reason: "no synthesized stack has its state there" };
  }
  const [stack, { output }] = producer;
  const value = output?.[name]?.value;
  if (value === undefined)
    return { kind: "broken", reason: `the stack ${stack} has no output ${name}` };
  return { kind: "output", stack, name, value, attribute: rest.join(".") };
}

/** Arguments that identify a state, by backend type. The others say how to reach it. */
const STATE_IDENTITY: Readonly<Record<string, readonly string[]>> = {
  local: ["path"],
  s3: ["bucket", "key"],
};

/** Whether a stack writes the state that a `terraform_remote_state` reads. */
function hasSameState(backend: unknown, remoteState: Block): boolean {
  const type = String(remoteState.backend);
  const written = (backend as Readonly<Record<string, Block>> | undefined)?.[type];
  const read = remoteState.config as Block | undefined;
  const identity = Object.hasOwn(STATE_IDENTITY, type) ? STATE_IDENTITY[type] : undefined;
  if (written === undefined || read === undefined || identity === undefined) return false;
  return identity.every((key) => read[key] !== undefined && read[key] === written[key]);
}

function stepsOf(expression: string): readonly string[] | undefined {
  if (!PATH.test(expression)) return undefined;
  return expression
    .replace(/\[(\d+|"[^"]*")\]/g, (_, key: string) => `.${key.replaceAll('"', "")}`)
    .split(".");
}
