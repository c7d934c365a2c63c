import type { TerraformJson } from "../terraform/json.ts";

type Arguments = Readonly<Record<string, unknown>>;

/** Arguments of the stack's only resource of a type, or of that whose Terraform name starts so. */
export function resourceOf(stack: TerraformJson, type: string, name = ""): Arguments {
  const found = Object.entries(stack.resource?.[type] ?? {}).filter(([key]) =>
    key.startsWith(name),
  );
  const [only, ...more] = found;
  if (only === undefined || more.length > 0) {
    throw new Error(`The stack has ${found.length} resources ${type}.${name}…, not one.`);
  }
  return only[1];
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

/** The statements behind `${data.aws_iam_policy_document.<name>.json}`. */
export function statementsOf(stack: TerraformJson, reference: unknown): readonly PolicyStatement[] {
  const name = /^\$\{data\.aws_iam_policy_document\.(.+)\.json\}$/.exec(String(reference))?.[1];
  const document = stack.data?.aws_iam_policy_document?.[name ?? ""];
  if (document === undefined) throw new Error(`${reference} is no policy document of the stack.`);
  return document.statement as readonly PolicyStatement[];
}

export function statementOf(stack: TerraformJson, reference: unknown, sid: string) {
  const statements = statementsOf(stack, reference);
  const found = statements.find((statement) => statement.sid === sid);
  if (found === undefined) {
    throw new Error(`No statement ${sid}; there are ${statements.map((it) => it.sid).join(", ")}.`);
  }
  return found;
}

/** A statement's conditions as `test variable values`, sorted. */
export function conditionsOf({ condition = [] }: PolicyStatement): readonly string[] {
  return condition
    .map(({ test, variable, values }) => `${test} ${variable} ${values.join(",")}`)
    .sort();
}

/** How the stacks' output spells what Terraform alone knows. */
export const ACCOUNT = "${data.aws_caller_identity.Account.account_id}";
export const PARTITION = "${data.aws_partition.Partition.partition}";
