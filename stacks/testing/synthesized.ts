import type { Block, TerraformJson } from "../../terraform/json.ts";

/** The account id and the partition, which only Terraform knows, as references in the synthesized JSON. */
export const ACCOUNT = "${data.aws_caller_identity.Account.account_id}";
export const PARTITION = "${data.aws_partition.Partition.partition}";

/** @returns Terraform name → arguments, for all resources of a type */
export function resourcesOf(
  { resource }: TerraformJson,
  type: string,
): Readonly<Record<string, Block>> {
  return resource?.[type] ?? {};
}

/**
 * @param name start of the Terraform name; not needed if the stack has one resource of the type
 * @returns the resource's arguments
 * @throws Error if not exactly one resource matches
 */
export function resourceOf(stack: TerraformJson, type: string, name = ""): Block {
  const matches = Object.entries(resourcesOf(stack, type)).filter(([key]) => key.startsWith(name));
  const [match, ...others] = matches;
  if (match === undefined || others.length > 0) {
    throw new Error(`Expected one resource ${type}.${name}…, but the stack has ${matches.length}.`);
  }
  return match[1];
}

export interface PolicyStatement {
  readonly sid: string;
  readonly effect: "Allow" | "Deny";
  readonly principals?: readonly { readonly type: string; readonly identifiers: string[] }[];
  readonly actions: readonly string[];
  readonly resources?: readonly string[];
  readonly condition?: readonly {
    readonly test: string;
    readonly variable: string;
    readonly values: readonly string[];
  }[];
}

/** @param reference a policy argument, `${data.aws_iam_policy_document.<name>.json}` */
export function statementsOf(stack: TerraformJson, reference: unknown): readonly PolicyStatement[] {
  const name = /^\$\{data\.aws_iam_policy_document\.(.+)\.json\}$/.exec(String(reference))?.[1];
  const document = stack.data?.aws_iam_policy_document?.[name ?? ""];
  if (document === undefined) throw new Error(`The stack has no policy document ${reference}.`);
  return document.statement as readonly PolicyStatement[];
}

/** The statement of a policy with the given sid. */
export function statementOf(
  stack: TerraformJson,
  reference: unknown,
  sid: string,
): PolicyStatement {
  const statements = statementsOf(stack, reference);
  const match = statements.find((statement) => statement.sid === sid);
  if (match !== undefined) return match;
  throw new Error(`No statement ${sid} among ${statements.map((other) => other.sid).join(", ")}.`);
}

/** A statement's conditions as sorted lines, `<operator> <key> <values joined by commas>`. */
export function conditionsOf({ condition = [] }: PolicyStatement): readonly string[] {
  return condition
    .map(({ test, variable, values }) => `${test} ${variable} ${values.join(",")}`)
    .sort();
}
