import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { variable } from "./environment.ts";
import { StepError } from "./step.ts";

/** Maximum bytes of a step's summary; GitHub rejects a longer one. */
export const SUMMARY_BYTES = 1024 * 1024;

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** Sets outputs of the step. */
export function setOutputs(values: Readonly<Record<string, string>>): void {
  append("GITHUB_OUTPUT", values);
}

/** Sets environment variables for later steps of the job. */
export function exportVariables(values: Readonly<Record<string, string>>): void {
  append("GITHUB_ENV", values);
}

/** Adds Markdown to the run's summary; prints it to the log instead if it is too long. */
export function addSummary(markdown: string): void {
  const text = `${markdown}\n`;
  const fits = Buffer.byteLength(text) < SUMMARY_BYTES;
  appendFileSync(
    variable("GITHUB_STEP_SUMMARY"),
    fits ? text : "The summary of this step exceeds GitHub's limit; see its log.\n",
  );
  if (!fits) console.log(text);
}

/**
 * Uses a random delimiter, so a multi-line value cannot contain it.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions#multiline-strings
 */
function append(file: "GITHUB_OUTPUT" | "GITHUB_ENV", values: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(values)) {
    if (!NAME.test(name)) {
      throw new StepError(
        `${JSON.stringify(name)} cannot be written to ${file}: a name must start with a letter or _, followed by letters, digits, _ and -.`,
      );
    }
    const end = `end-${randomUUID()}`;
    appendFileSync(variable(file), `${name}<<${end}\n${value}\n${end}\n`);
  }
}
