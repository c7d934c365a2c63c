import { createHash } from "node:crypto";
import type { Block, Stacks, TerraformJson } from "./json.ts";

/** Where the stacks are deployed, as data sources would answer. */
export interface Account {
  readonly accountId: string;
  readonly region: string;
}

export interface Resource {
  /** `<stack>/<type>.<name>`, for messages and for stable ids. */
  readonly address: string;
  /** An attribute with its references resolved; `undefined` where it is not set. */
  readonly get: (attribute: string) => unknown;
}

export interface Terraform {
  readonly resources: (type: string) => readonly Resource[];
}

/**
 * Reads synthesized stacks the way Terraform would, without applying them: references between resources,
 * data sources and stacks are followed, and attributes that AWS assigns get the values that AWS would
 * form from names (ARNs) or stable stand-ins (key ids). What it cannot resolve is an error that names the
 * stack, the resource and the expression.
 */
export function readTerraform(stacks: Stacks, account: Account): Terraform {
  const resolveIn = (stack: string, value: unknown, place: string): unknown => {
    if (typeof value === "string") return interpolate(stack, value, place);
    if (Array.isArray(value)) return value.map((item) => resolveIn(stack, item, place));
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [
          key,
          resolveIn(stack, item, `${place}.${key}`),
        ]),
      );
    }
    return value;
  };

  const interpolate = (stack: string, text: string, place: string): unknown => {
    const whole = /^\$\{([^{}]*)\}$/.exec(text);
    if (whole?.[1] !== undefined) return reference(stack, whole[1], place);
    return text.replace(
      /(\$?)\$\{([^{}]*)\}|\$\{/g,
      (found, dollar: string, expression?: string) => {
        if (dollar === "$") return found.slice(1);
        if (expression === undefined) throw unresolved(place, text, "a nested expression");
        const value = reference(stack, expression, place);
        if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
          return String(value);
        }
        throw unresolved(place, text, "a value that is not text");
      },
    );
  };

  const reference = (stack: string, expression: string, place: string): unknown => {
    const path = /^[A-Za-z_][\w-]*(\.[\w-]+|\[(\d+|"[^"]*")\])+$/.test(expression.trim())
      ? expression
          .trim()
          .replace(/\[(\d+|"[^"]*")\]/g, (_, key: string) => `.${key.replaceAll('"', "")}`)
      : undefined;
    const [first = "", second = "", third = "", ...rest] = path?.split(".") ?? [];
    if (path === undefined)
      throw unresolved(place, `\${${expression}}`, "a function or an operator");
    if (first === "data" && second === "terraform_remote_state") {
      return remoteOutput(stack, third, rest, place);
    }
    const data = first === "data";
    const [type, name, steps] = data ? [second, third, rest] : [first, second, [third, ...rest]];
    const block = (data ? json(stack).data : json(stack).resource)?.[type]?.[name];
    if (block === undefined) throw unresolved(place, `\${${expression}}`, "no such block");
    const [attribute = "", ...inner] = steps;
    const known = data
      ? dataAttribute(type, attribute, account)
      : attributeOf(stack, type, name, block, attribute);
    return descend(known, inner, place, expression);
  };

  const remoteOutput = (stack: string, name: string, steps: readonly string[], place: string) => {
    const [outputs = "", output = "", ...inner] = steps;
    const block = json(stack).data?.terraform_remote_state?.[name];
    const expression = `\${data.terraform_remote_state.${[name, ...steps].join(".")}}`;
    const producer = [...stacks].find(([, { terraform }]) => sameState(terraform?.backend, block));
    if (outputs !== "outputs" || block === undefined || producer === undefined) {
      throw unresolved(place, expression, "no synthesized stack keeps its state there");
    }
    const value = producer[1].output?.[output]?.value;
    if (value === undefined) throw unresolved(place, expression, `no output in ${producer[0]}`);
    return descend(
      resolveIn(producer[0], value, `${producer[0]}/output.${output}`),
      inner,
      place,
      expression,
    );
  };

  const attributeOf = (
    stack: string,
    type: string,
    name: string,
    block: Block,
    attribute: string,
  ): unknown => {
    const place = `${stack}/${type}.${name}`;
    if (attribute in block) return resolveIn(stack, block[attribute], `${place}.${attribute}`);
    const computed = COMPUTED[type]?.[attribute];
    return computed?.({
      ...account,
      address: place,
      own: (key) => String(attributeOf(stack, type, name, block, key)),
    });
  };

  const json = (stack: string): TerraformJson => {
    const found = stacks.get(stack);
    if (found === undefined) {
      throw new Error(`No stack "${stack}" among ${[...stacks.keys()].join(", ")}.`);
    }
    return found;
  };

  return {
    resources: (type) =>
      [...stacks].flatMap(([stack, { resource }]) =>
        Object.entries(resource?.[type] ?? {}).map(([name, block]): Resource => {
          const address = `${stack}/${type}.${name}`;
          for (const repeat of ["count", "for_each", "dynamic"]) {
            if (repeat in block) throw unresolved(address, repeat, "repeated blocks");
          }
          return {
            address,
            get: (attribute) => attributeOf(stack, type, name, block, attribute),
          };
        }),
      ),
  };
}

function unresolved(place: string, expression: string, why: string): Error {
  return new Error(
    `The lab cannot resolve "${expression}" of ${place} (${why}). It reads literals and references to ` +
      "resources, data sources and other stacks' outputs; teach terraform/reader.ts the rest.",
  );
}

function descend(
  value: unknown,
  steps: readonly string[],
  place: string,
  expression: string,
): unknown {
  let current = value;
  for (const step of steps) {
    current =
      current !== null && typeof current === "object"
        ? (current as Record<string, unknown>)[step]
        : undefined;
  }
  if (current === undefined) throw unresolved(place, `\${${expression}}`, "no such attribute");
  return current;
}

/** A remote state names the backend of the stack that writes it, by the same type and settings. */
function sameState(backend: unknown, remoteState: Block | undefined): boolean {
  if (backend === null || typeof backend !== "object") return false;
  const kind = remoteState?.backend;
  const settings = (backend as Record<string, unknown>)[String(kind)] as Block | undefined;
  const wanted = remoteState?.config as Block | undefined;
  if (settings === undefined || wanted === undefined) return false;
  const place = kind === "local" ? ["path"] : ["bucket", "key"];
  return place.every((key) => wanted[key] !== undefined && wanted[key] === settings[key]);
}

function dataAttribute(type: string, attribute: string, { accountId, region }: Account): unknown {
  const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    aws_caller_identity: { account_id: accountId, id: accountId },
    aws_region: { name: region, region, id: region },
    aws_partition: { partition: "aws", dns_suffix: "amazonaws.com", id: "aws" },
  };
  return values[type]?.[attribute];
}

interface Computed extends Account {
  readonly address: string;
  readonly own: (attribute: string) => string;
}

type ComputedAttributes = Readonly<Record<string, (of: Computed) => string>>;

const arn = (service: string, resource: (of: Computed) => string) => (of: Computed) =>
  `arn:aws:${service}:${of.region}:${of.accountId}:${resource(of)}`;

const keyArn = arn("kms", (of) => `key/${keyId(of)}`);

/** The attributes that AWS assigns. https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html */
const COMPUTED: Readonly<Record<string, ComputedAttributes>> = {
  aws_kms_key: { arn: keyArn, key_id: keyId, id: keyId },
  aws_kms_alias: {
    arn: arn("kms", ({ own }) => own("name")),
    id: ({ own }) => own("name"),
  },
  aws_cloudtrail: {
    arn: arn("cloudtrail", ({ own }) => `trail/${own("name")}`),
    id: arn("cloudtrail", ({ own }) => `trail/${own("name")}`),
    home_region: ({ region }) => region,
  },
  aws_cloudwatch_log_group: {
    arn: arn("logs", ({ own }) => `log-group:${own("name")}`),
    id: ({ own }) => own("name"),
  },
  aws_cloudwatch_metric_alarm: {
    arn: arn("cloudwatch", ({ own }) => `alarm:${own("alarm_name")}`),
    id: ({ own }) => own("alarm_name"),
  },
  aws_cloudwatch_composite_alarm: {
    arn: arn("cloudwatch", ({ own }) => `alarm:${own("alarm_name")}`),
    id: ({ own }) => own("alarm_name"),
  },
  aws_cloudwatch_log_metric_filter: { id: ({ own }) => own("name") },
  aws_sns_topic: {
    arn: arn("sns", ({ own }) => own("name")),
    id: arn("sns", ({ own }) => own("name")),
  },
  aws_sqs_queue: {
    arn: arn("sqs", ({ own }) => own("name")),
  },
  aws_sns_topic_subscription: {
    arn: (of) => `${of.own("topic_arn")}:${stableUuid(of)}`,
  },
  aws_s3_bucket: {
    arn: ({ own }) => `arn:aws:s3:::${own("bucket")}`,
    id: ({ own }) => own("bucket"),
  },
  aws_iam_role: {
    arn: ({ accountId, own }) => `arn:aws:iam::${accountId}:role/${own("name")}`,
    id: ({ own }) => own("name"),
  },
};

function keyId(of: Computed): string {
  return stableUuid(of);
}

/** The same resource has the same id at every start, so that what it encrypted stays readable. */
function stableUuid({ accountId, region, address }: Computed): string {
  const hex = createHash("sha256").update(`${accountId}/${region}/${address}`).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
