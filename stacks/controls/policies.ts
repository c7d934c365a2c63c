import type { Block, Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import {
  addressOf,
  type ConfiguredResource,
  resourcesOf,
  withData,
} from "../../terraform/resources.ts";
import type { Finding } from "./finding.ts";
import { type Matcher, UNRESOLVABLE } from "./matchers.ts";
import { attributeViolations, including, type Subject, type SubjectItem } from "./subjects.ts";

/** The attribute that holds the policy, by resource type. A test rejects policies anywhere else. */
export const POLICY_ATTRIBUTES = {
  aws_cloudwatch_log_resource_policy: "policy_document",
  aws_iam_policy: "policy",
  aws_iam_role: "assume_role_policy",
  aws_iam_role_policy: "policy",
  aws_kms_key: "policy",
  aws_kms_replica_key: "policy",
  aws_s3_bucket_policy: "policy",
  aws_sns_topic_policy: "policy",
  aws_sqs_queue_policy: "policy",
  aws_vpc_endpoint: "policy",
} as const;

export type PolicyHolder = keyof typeof POLICY_ATTRIBUTES;

const DOCUMENT = "aws_iam_policy_document";

/** A statement of an `aws_iam_policy_document`. */
export interface Statement {
  readonly sid?: string;
  readonly effect?: string;
  readonly principals?: readonly {
    readonly type: string;
    readonly identifiers: readonly string[];
  }[];
  readonly not_principals?: unknown;
  readonly actions?: readonly string[];
  readonly not_actions?: unknown;
  readonly resources?: readonly string[];
  readonly not_resources?: unknown;
  readonly condition?: readonly {
    readonly test: string;
    readonly variable: string;
    readonly values: readonly string[];
  }[];
}

type PolicyDocument = ConfiguredResource & {
  readonly values: { readonly statement: readonly Statement[] };
};

/** The policy document of every resource of a type. */
export function policies(type: PolicyHolder): Subject {
  return policySubject(type, (stacks, holder, document) => [
    {
      address: addressOf(holder),
      stack: holder.stack,
      values: document.values,
      replace: (values) => withData(stacks, { ...document, values: values as Block }),
    },
  ]);
}

/** Every Allow statement, that `where` selects, of the policies of a resource type. */
export function allowStatements(
  type: PolicyHolder,
  where: (statement: Statement) => boolean = () => true,
): Subject {
  return policySubject(type, (stacks, holder, document) => {
    const { statement: statements } = document.values;
    return statements.flatMap((statement, index): SubjectItem[] => {
      if (statement.effect === "Deny" || !where(statement)) return [];
      const replace = (values: unknown) => {
        const changed = statements.with(index, values as Statement);
        return withData(stacks, {
          ...document,
          values: { ...document.values, statement: changed },
        });
      };
      const address = `${addressOf(holder)} ${statement.sid ?? index}`;
      return [{ address, stack: holder.stack, values: statement, replace }];
    });
  });
}

function policySubject(
  type: PolicyHolder,
  itemsOf: (
    stacks: Stacks,
    holder: ConfiguredResource,
    document: PolicyDocument,
  ) => readonly SubjectItem[],
): Subject {
  const attribute = POLICY_ATTRIBUTES[type];
  return {
    types: [type],
    items: (stacks) =>
      resourcesOf(stacks, type).flatMap((holder): readonly (SubjectItem | Finding)[] => {
        const document = documentOf(stacks, holder, attribute);
        if (document !== undefined) return itemsOf(stacks, holder, document);
        const problem = `must be one ${DOCUMENT} of the stacks`;
        return [{ address: addressOf(holder), attribute, problem }];
      }),
    violations: attributeViolations(type, attribute, [undefined, UNRESOLVABLE, '{"Statement":[]}']),
  };
}

/** @returns undefined if the document is unknown before Terraform runs or merges others */
function documentOf(
  stacks: Stacks,
  holder: ConfiguredResource,
  attribute: string,
): PolicyDocument | undefined {
  const target = resolveReference(stacks, holder.stack, holder.values[attribute]);
  const isReadable =
    target?.kind === "data" &&
    target.type === DOCUMENT &&
    target.attribute === "json" &&
    Array.isArray(target.values.statement) &&
    target.values.source_policy_documents === undefined &&
    target.values.override_policy_documents === undefined;
  return isReadable ? (target as unknown as PolicyDocument) : undefined;
}

/** Every Allow statement of a key policy. */
export const keyStatements: Subject = including(
  allowStatements("aws_kms_key"),
  allowStatements("aws_kms_replica_key"),
);

/** Accepts statements, and rejects an accepted statement with each of the changes. */
export function statementMatcher(
  description: string,
  accepts: (statement: Statement, location: Parameters<Matcher["accepts"]>[1]) => boolean,
  changes: Readonly<Record<string, Partial<Statement>>>,
): Matcher {
  return {
    description,
    accepts: (value, location) => accepts(value as Statement, location),
    violations: Object.entries(changes).map(([title, change]) => ({
      title,
      alter: (statement: unknown) => ({ ...(statement as Statement), ...change }),
    })),
  };
}
