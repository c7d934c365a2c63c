/** The arguments of an `aws_iam_policy_document` that the stacks use. */
export interface PolicyDocumentBlock {
  readonly statement: readonly {
    readonly sid?: string;
    readonly effect?: string;
    readonly principals?: readonly {
      readonly type: string;
      readonly identifiers: readonly string[];
    }[];
    readonly actions: readonly string[];
    readonly resources?: readonly string[];
    readonly condition?: readonly {
      readonly test: string;
      readonly variable: string;
      readonly values: readonly string[];
    }[];
  }[];
}

const ARGUMENTS = ["sid", "effect", "principals", "actions", "resources", "condition"];

/**
 * Renders the JSON that Terraform's data source `aws_iam_policy_document` renders.
 * @throws Error for an argument that the stacks do not use, because the JSON would allow more without it
 */
export function policyDocument(block: PolicyDocumentBlock): string {
  rejectArguments(block, ["statement"]);
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: block.statement.map((statement) => {
      rejectArguments(statement, ARGUMENTS);
      const { sid, effect = "Allow", principals, actions, resources, condition } = statement;
      return {
        ...(sid === undefined ? {} : { Sid: sid }),
        Effect: effect,
        ...(principals === undefined ? {} : { Principal: principalElement(principals) }),
        Action: actions,
        ...(resources === undefined ? {} : { Resource: resources }),
        ...(condition === undefined ? {} : { Condition: conditionElement(condition) }),
      };
    }),
  });
}

type Statement = PolicyDocumentBlock["statement"][number];

function principalElement(principals: NonNullable<Statement["principals"]>): object {
  return collect(principals.map(({ type, identifiers }) => [type, identifiers]));
}

function conditionElement(conditions: NonNullable<Statement["condition"]>): object {
  const operators = Map.groupBy(conditions, ({ test }) => test);
  return Object.fromEntries(
    [...operators].map(([test, entries]) => [
      test,
      collect(entries.map(({ variable, values }) => [variable, values])),
    ]),
  );
}

/** Joins the values of entries with the same name. */
function collect(
  entries: readonly (readonly [string, readonly string[]])[],
): Readonly<Record<string, readonly string[]>> {
  const groups = Map.groupBy(entries, ([name]) => name);
  return Object.fromEntries(
    [...groups].map(([name, list]) => [name, list.flatMap(([, values]) => values)]),
  );
}

function rejectArguments(block: object, known: readonly string[]): void {
  const unknown = Object.keys(block).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new Error(
    `An aws_iam_policy_document has ${unknown.join(", ")}, which terraform/policy-document.ts does not render. Supported: ${known.join(", ")}.`,
  );
}
