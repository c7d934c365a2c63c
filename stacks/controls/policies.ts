import type { Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import {
  addressOf,
  type ConfiguredResource,
  resourcesOf,
  withData,
  withResource,
} from "../../terraform/resources.ts";
import type { Finding } from "./finding.ts";
import type { Part, Subject } from "./subject.ts";
import type { Values } from "./values.ts";
import { UNRESOLVABLE } from "./wanted.ts";

/** Where each type of resource keeps its policy; the controls see no other policies. */
export const POLICY_ATTRIBUTES = {
  aws_cloudwatch_log_resource_policy: "policy_document",
  aws_ecr_repository_policy: "policy",
  aws_iam_policy: "policy",
  aws_iam_role: "assume_role_policy",
  aws_iam_role_policy: "policy",
  aws_kms_key: "policy",
  aws_s3_bucket_policy: "policy",
  aws_sns_topic_policy: "policy",
  aws_sqs_queue_policy: "policy",
  aws_vpc_endpoint: "policy",
} as const;

export type PolicyHolder = keyof typeof POLICY_ATTRIBUTES;

const DOCUMENT = "aws_iam_policy_document";

/** A statement of a policy document, as far as the controls read it. */
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

interface Policy {
  readonly holder: ConfiguredResource;
  /** Undefined: nobody knows it before Terraform runs, or it is made of others. */
  readonly document?: ConfiguredResource & {
    readonly values: { readonly statement: readonly Statement[] };
  };
}

function policiesOf(stacks: Stacks, type: PolicyHolder): readonly Policy[] {
  return resourcesOf(stacks, type).map((holder) => {
    const found = resolveReference(stacks, holder.stack, holder.values[POLICY_ATTRIBUTES[type]]);
    const readable =
      found?.kind === "data" &&
      found.type === DOCUMENT &&
      found.attribute === "json" &&
      Array.isArray(found.values.statement) &&
      found.values.source_policy_documents === undefined &&
      found.values.override_policy_documents === undefined;
    return readable
      ? { holder, document: found as unknown as Required<Policy>["document"] }
      : { holder };
  });
}

/** Each policy of the resources of a type; its statements stand in `statement`. */
export function policies(type: PolicyHolder): Subject {
  return subject(type, (stacks, { holder, document }) => [
    {
      address: addressOf(holder),
      stack: holder.stack,
      values: document.values,
      replaced: (values) => withData(stacks, { ...document, values: values as Values }),
    },
  ]);
}

/** Each statement that allows something in the policies of a type's resources. */
export function allowances(type: PolicyHolder): Subject {
  return subject(type, (stacks, { holder, document }) => {
    const { statement: statements } = document.values;
    return statements.flatMap((statement, index): Part[] =>
      statement.effect === "Deny"
        ? []
        : [
            {
              address: `${addressOf(holder)} ${statement.sid ?? index}`,
              stack: holder.stack,
              values: statement,
              replaced: (values) =>
                withData(stacks, {
                  ...document,
                  values: {
                    ...document.values,
                    statement: statements.with(index, values as Statement),
                  },
                }),
            },
          ],
    );
  });
}

function subject(
  type: PolicyHolder,
  parts: (stacks: Stacks, policy: Required<Policy>) => readonly Part[],
): Subject {
  const attribute = POLICY_ATTRIBUTES[type];
  return {
    types: [type],
    parts: (stacks) =>
      policiesOf(stacks, type).flatMap(({ holder, document }): readonly (Part | Finding)[] =>
        document === undefined
          ? [
              {
                address: addressOf(holder),
                attribute,
                problem: `is no ${DOCUMENT} that can be read`,
              },
            ]
          : parts(stacks, { holder, document }),
      ),
    examples: [undefined, UNRESOLVABLE, '{"Statement":[]}'].map((value) => ({
      title: `${type}: ${attribute} ${value ?? "not set"}`,
      broken: (stacks) =>
        resourcesOf(stacks, type).map((holder) => ({
          address: addressOf(holder),
          stacks: withResource(stacks, {
            ...holder,
            values: { ...holder.values, [attribute]: value },
          }),
        })),
    })),
  };
}
