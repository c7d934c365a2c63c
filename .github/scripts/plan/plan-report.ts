import { z } from "zod";
import { StepError } from "../github/step.ts";
import { ACTIONS, actionOf, changeAction } from "./action.ts";
import { attributeChanges } from "./attribute-changes.ts";
import { configuredValues } from "./configured.ts";
import { countsOf } from "./counts.ts";
import { isImageSwap } from "./image-change.ts";
import { objectOf, type PlanJson } from "./plan-json.ts";
import { plannedChanges, UNBUILT_IMAGE } from "./planned-changes.ts";
import { failedChecks } from "./warnings.ts";

/**
 * The report of an environment's plans, with changed values only and sensitive values masked: every reader of
 * the repository can download the artifact that contains it.
 */
const attribute = z.object({
  path: z.string(),
  before: z.string().optional(),
  after: z.string().optional(),
  forcesReplacement: z.literal(true).optional(),
});

const resource = z.object({
  address: z.string(),
  type: z.string(),
  action: z.enum(ACTIONS),
  /** Id of the imported object. */
  imports: z.string().optional(),
  movedFrom: z.string().optional(),
  /** Terraform's reason for the action, if it gives one. */
  reason: z.string().optional(),
  /** The change is caused by a new image only. */
  onlyImage: z.literal(true).optional(),
  attributes: z.array(attribute),
  /** The latest calls that changed it, as CloudTrail recorded them. */
  changedBy: z
    .array(z.object({ event: z.string(), caller: z.string(), time: z.string(), id: z.string() }))
    .optional(),
});

const output = z.object({
  name: z.string(),
  action: z.enum(ACTIONS),
  attributes: z.array(attribute),
});

const stack = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("planned"),
    stack: z.string(),
    resources: z.array(resource),
    outputs: z.array(output),
    counts: z.object({
      import: z.number(),
      add: z.number(),
      change: z.number(),
      destroy: z.number(),
    }),
    /** Checks and postconditions that do not hold. */
    failedChecks: z.array(z.object({ address: z.string(), messages: z.array(z.string()) })),
    /** Terraform's warnings. */
    warnings: z.array(z.string()),
    /** SHA-256 of the saved plan, in hexadecimal. */
    digest: z.string().regex(/^[0-9a-f]{64}$/),
    /** Stacks that read this one's outputs. */
    readBy: z.array(z.string()),
  }),
  z.object({ outcome: z.literal("failed"), stack: z.string(), error: z.string() }),
  z.object({
    outcome: z.literal("locked"),
    stack: z.string(),
    /** Who is applying the stack. */
    by: z.string(),
  }),
  z.object({
    outcome: z.literal("waiting"),
    stack: z.string(),
    /** Stacks that must be applied first. */
    for: z.array(z.string()),
    error: z.string(),
  }),
]);

export const report = z.object({
  environment: z.string(),
  commit: z.string(),
  stacks: z.array(stack),
});

export type EnvironmentReport = z.output<typeof report>;
export type StackReport = z.output<typeof stack>;
export type PlannedStack = Extract<StackReport, { readonly outcome: "planned" }>;
export type ResourceReport = z.output<typeof resource>;
export type OutputReport = z.output<typeof output>;

/** @throws StepError if the JSON is not a report */
export function parseReport(json: string, name: string): EnvironmentReport {
  const parsed = z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        context.addIssue({ code: "custom", message: (error as Error).message });
        return z.NEVER;
      }
    })
    .pipe(report)
    .safeParse(json);
  if (parsed.success) return parsed.data;
  throw new StepError(`${name} is not a plan report:\n${z.prettifyError(parsed.error)}`);
}

export interface PlanMetadata {
  /** SHA-256 of the saved plan. */
  readonly digest: string;
  readonly readBy: readonly string[];
  /** Digest of the planned image; the placeholder by default. */
  readonly image?: string;
}

/** Reports the plan of a stack. */
export function reportStack(stack: string, plan: PlanJson, facts: PlanMetadata): PlannedStack {
  const changes = new Map(plannedChanges(plan).map((change) => [change.object, change]));
  return {
    outcome: "planned",
    stack,
    resources: plan.resource_changes.flatMap((changed) => {
      const action = actionOf(changed);
      if (action === undefined) return [];
      const { type, change, previous_address, action_reason } = changed;
      const address = objectOf(changed);
      const reason = REASONS[action_reason ?? ""] ?? action_reason;
      const planned = changes.get(address);
      return {
        address,
        type,
        action,
        ...(change.importing === undefined ? {} : { imports: change.importing.id ?? "" }),
        ...(previous_address === undefined ? {} : { movedFrom: previous_address }),
        ...(reason === undefined ? {} : { reason }),
        ...(planned !== undefined && isImageSwap(planned, facts.image ?? UNBUILT_IMAGE)
          ? { onlyImage: true }
          : {}),
        attributes: attributeChanges(change, configuredValues(plan, changed.address)).map(
          ({ after, ...rest }) =>
            after === undefined
              ? rest
              : { ...rest, after: after.replaceAll(UNBUILT_IMAGE, "(the image of this commit)") },
        ),
      };
    }),
    outputs: Object.entries(plan.output_changes).flatMap(([name, change]) => {
      const action = changeAction(change);
      return action === undefined ? [] : { name, action, attributes: attributeChanges(change) };
    }),
    counts: countsOf(plan),
    failedChecks: failedChecks(plan).map(({ address, messages }) => ({
      address,
      messages: [...messages],
    })),
    warnings: [...plan.cipherwatch_warnings],
    digest: facts.digest,
    readBy: [...facts.readBy],
  };
}

export function changesAnything(stack: StackReport): boolean {
  return stack.outcome !== "planned" || stack.resources.length > 0 || stack.outputs.length > 0;
}

/** https://developer.hashicorp.com/terraform/internals/json-format#change-representation */
const REASONS: Readonly<Record<string, string>> = {
  replace_because_tainted: "its last apply failed",
  replace_because_cannot_update: "this cannot be changed in place",
  replace_by_request: "by request",
  replace_by_triggers: "something that it depends on is replaced",
  delete_because_no_resource_config: "it is no longer in the stack",
  delete_because_no_module: "its module is no longer in the stack",
  delete_because_wrong_repetition: "the stack no longer counts it",
  delete_because_count_index: "the stack no longer counts it",
  delete_because_each_key: "the stack no longer has its key",
};
