import { z } from "zod";
import { type Condition, parseConditions } from "./conditions.ts";
import { PolicyError, rejectVariables } from "./policy-error.ts";

export { PolicyError } from "./policy-error.ts";

/** A parsed IAM policy. */
export interface Policy {
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly effect: "Allow" | "Deny";
  /**
   * ARNs, account ids or `*`; empty if the statement names only services and federated identities. Absent in
   * identity-based policies, which apply to the identity that they are attached to.
   */
  readonly principals?: readonly string[];
  readonly actions: Patterns;
  /** Absent in trust policies, which apply to their role. */
  readonly resources?: Patterns;
  readonly conditions: readonly Condition[];
}

/** Values with the wildcards `*` and `?`. If `negated`, the statement applies to all others. */
export interface Patterns {
  readonly negated: boolean;
  readonly patterns: readonly string[];
}

const Texts = z
  .union([z.string(), z.array(z.string()).min(1)])
  .transform((value) => (typeof value === "string" ? [value] : value));

const Principal = z.union([
  z.literal("*").transform(() => ({ AWS: ["*"] })),
  z.strictObject({
    AWS: Texts.optional(),
    Service: Texts.optional(),
    Federated: Texts.optional(),
    CanonicalUser: Texts.optional(),
  }),
]);

const PolicyStatement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Principal: Principal.optional(),
  NotPrincipal: z.undefined("The lab does not evaluate NotPrincipal.").optional(),
  Action: Texts.optional(),
  NotAction: Texts.optional(),
  Resource: Texts.optional(),
  NotResource: Texts.optional(),
  Condition: z.unknown().optional(),
});

const PolicyDocument = z.strictObject({
  Version: z.enum(["2012-10-17", "2008-10-17"]).optional(),
  Id: z.string().optional(),
  Statement: z.preprocess(
    (value) => (Array.isArray(value) ? value : [value]),
    z.array(PolicyStatement).min(1),
  ),
});

/**
 * Parses a policy in IAM's JSON grammar.
 * @throws PolicyError for a document that AWS would reject, and for any element, condition operator or
 *   policy variable that the lab cannot evaluate: it must never allow a request because it ignored an element
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function parsePolicy(document: string | object): Policy {
  const result = PolicyDocument.safeParse(
    typeof document === "string" ? parseJson(document) : document,
  );
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new PolicyError(`${issue?.path.join(".") || "The policy"}: ${issue?.message}`);
  }
  return { statements: result.data.Statement.map(parseStatement) };
}

function parseStatement(statement: z.infer<typeof PolicyStatement>): Statement {
  const { Effect, Principal: principal, Action, NotAction, Resource, NotResource } = statement;
  const actions = eitherOf("Action", Action, NotAction);
  if (actions === undefined) throw new PolicyError("A statement needs Action or NotAction.");
  const resources = eitherOf("Resource", Resource, NotResource);
  rejectVariables([...actions.patterns, ...(resources?.patterns ?? [])]);
  return {
    effect: Effect,
    actions,
    ...(resources === undefined ? {} : { resources }),
    ...(principal === undefined ? {} : { principals: principal.AWS ?? [] }),
    conditions: parseConditions(statement.Condition ?? {}),
  };
}

function eitherOf(
  element: string,
  patterns: readonly string[] | undefined,
  negated: readonly string[] | undefined,
): Patterns | undefined {
  if (patterns !== undefined && negated !== undefined) {
    throw new PolicyError(`A statement must not have both ${element} and Not${element}.`);
  }
  if (patterns !== undefined) return { negated: false, patterns };
  return negated === undefined ? undefined : { negated: true, patterns: negated };
}

function parseJson(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    throw new PolicyError("The policy must be JSON.");
  }
}
