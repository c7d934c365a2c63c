import { readdirSync, readFileSync } from "node:fs";
import { type Document, parseDocument } from "yaml";
import { z } from "zod";

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const env = z.record(z.string(), text).default({});

const step = z.looseObject({
  name: z.string().optional(),
  id: z.string().optional(),
  if: text.optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), text).default({}),
  env,
});

const job = z.looseObject({
  needs: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((value) => (typeof value === "string" ? [value] : value)),
  if: text.optional(),
  "runs-on": z.string(),
  "timeout-minutes": z.number().optional(),
  permissions: z.record(z.string(), z.string()).optional(),
  environment: z.looseObject({ name: z.string() }).optional(),
  concurrency: z.looseObject({ group: z.string() }).optional(),
  outputs: z.record(z.string(), z.string()).default({}),
  env,
  steps: z.array(step),
});

const workflow = z.looseObject({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: z.unknown(),
  concurrency: z.looseObject({ group: z.string() }).optional(),
  defaults: z.unknown(),
  env,
  jobs: z.record(z.string(), job),
});

export type Workflow = z.output<typeof workflow>;
export type Job = z.output<typeof job>;
export type Step = z.output<typeof step>;

/** A workflow and its source. */
export interface WorkflowFile {
  /** Such as `deploy.yml`. */
  readonly name: string;
  readonly source: string;
  readonly workflow: Workflow;
}

const folder = new URL("../../workflows/", import.meta.url);

export const workflowSources: readonly (readonly [name: string, source: string])[] = readdirSync(
  folder,
).map((name) => [name, readFileSync(new URL(name, folder), "utf8")]);

/** @throws Error if the source is not a workflow in the supported format */
export function readWorkflow(name: string, source: string): WorkflowFile {
  return { name, source, workflow: workflow.parse(documentOf(source).toJS()) };
}

export function documentOf(source: string): Document.Parsed {
  const document = parseDocument(source);
  const [error] = document.errors;
  if (error !== undefined) throw error;
  return document;
}

/** Returns the script of this repository that a step runs, with its arguments, as in `scan.ts image`. */
export function scriptOf({ run = "" }: Step): string | undefined {
  return /^(?:exec )?node \.github\/scripts\/([\w-]+\.ts(?: \w+)*)$/.exec(run.trim())?.[1];
}

/** Returns the action that a step uses, such as `actions/checkout`, without its version. */
export function actionOf({ uses = "" }: Step): string | undefined {
  return uses === "" ? undefined : uses.replace(/@.*$/s, "");
}
