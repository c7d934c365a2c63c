import { z } from "zod";
import { StepError } from "../github/step.ts";
import { canonical, parseJson } from "./json.ts";

/**
 * The part of the output of `terraform show -json <plan>` that the pipeline interprets. Other fields are kept,
 * because plans are compared whole.
 * https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
 */
const actions = z.enum(["no-op", "create", "read", "update", "delete", "forget"]);

const change = z.looseObject({
  actions: z.array(actions).min(1),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  /** true in place of each value that is known only after the apply. */
  after_unknown: z.unknown().optional(),
  /** true in place of each sensitive value, or for the whole value. */
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
  replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
  importing: z.looseObject({ id: z.string().optional() }).optional(),
});

const resourceChange = z.looseObject({
  address: z.string(),
  previous_address: z.string().optional(),
  /** Key of an object that a failed replacement left behind. The live object has the same address. */
  deposed: z.string().optional(),
  mode: z.enum(["managed", "data"]),
  type: z.string(),
  change,
  action_reason: z.string().optional(),
});

const check = z.looseObject({
  address: z.looseObject({ to_display: z.string() }),
  status: z.string(),
  instances: z
    .array(
      z.looseObject({
        problems: z.array(z.looseObject({ message: z.string().optional() })).optional(),
      }),
    )
    .optional(),
});

const plan = z.looseObject({
  format_version: z.string().regex(/^1\./, "must be format version 1"),
  terraform_version: z.string(),
  resource_changes: z.array(resourceChange).default([]),
  output_changes: z.record(z.string(), change).default({}),
  checks: z.array(check).default([]),
  /** Added by `withWarnings`. */
  cipherwatch_warnings: z.array(z.string()).default([]),
  errored: z.boolean().default(false),
  complete: z.boolean().default(true),
});

/** Identifies an object of a plan: its address, and the key if it is a deposed one. */
export function objectOf({
  address,
  deposed,
}: Pick<ResourceChange, "address" | "deposed">): string {
  return deposed === undefined ? address : `${address} (deposed object ${deposed})`;
}

export type PlanJson = z.output<typeof plan>;
export type ResourceChange = z.output<typeof resourceChange>;
export type ChangeOfValue = z.output<typeof change>;

/**
 * @param name for error messages, such as `the plan of kms`
 * @throws StepError if the JSON is not a complete plan, lists an object twice, or contradicts itself
 */
export function parsePlan(json: string, name: string): PlanJson {
  let value: unknown;
  try {
    value = parseJson(json);
  } catch (error) {
    throw new StepError(`${name} is not JSON: ${(error as Error).message}`);
  }
  const parsed = plan.safeParse(value);
  if (!parsed.success) {
    throw new StepError(
      `${name} is not in the format of terraform show -json:\n${z.prettifyError(parsed.error)}`,
    );
  }
  if (parsed.data.errored || !parsed.data.complete) {
    throw new StepError(
      `${name} is ${parsed.data.errored ? "errored" : "incomplete"}. Plan again, without -target.`,
    );
  }
  const objects = parsed.data.resource_changes.map(objectOf);
  const repeated = objects.find((object, index) => objects.indexOf(object) !== index);
  if (repeated !== undefined) {
    throw new StepError(
      `${name} lists ${repeated} twice, so one of its changes would be ignored. Plan again.`,
    );
  }
  const hidden = hiddenChange(parsed.data);
  if (hidden !== undefined) {
    throw new StepError(
      `${name} lists ${hidden} as unchanged, but with different values before and after. Plan again.`,
    );
  }
  return parsed.data;
}

/** Finds an object with the action no-op whose value changes, as such objects are not compared. */
function hiddenChange({ resource_changes, output_changes }: PlanJson): string | undefined {
  const changes: (readonly [string, ChangeOfValue])[] = [
    ...resource_changes.map((resource) => [objectOf(resource), resource.change] as const),
    ...Object.entries(output_changes).map(([name, of]) => [`output.${name}`, of] as const),
  ];
  return changes.find(
    ([, { actions: all, before, after }]) =>
      all.every((action) => action === "no-op") &&
      canonical(before ?? null) !== canonical(after ?? null),
  )?.[0];
}
