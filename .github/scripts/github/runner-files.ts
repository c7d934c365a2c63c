import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { variable } from "./environment.ts";
import { StepError } from "./step.ts";

/** Bytes that GitHub takes as the summary of one step; a longer one is refused as a whole. */
export const SUMMARY_BYTES = 1024 * 1024;

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** Sets outputs of the step. */
export function setOutputs(values: Readonly<Record<string, string>>): void {
  append("GITHUB_OUTPUT", values);
}

/** Sets variables of all later steps of the job. */
export function exportVariables(values: Readonly<Record<string, string>>): void {
  append("GITHUB_ENV", values);
}

/** Adds Markdown to the summary of the run. What is too long is left out, and this is said. */
export function addSummary(markdown: string): void {
  const text = `${markdown}\n`;
  const fits = Buffer.byteLength(text) < SUMMARY_BYTES;
  appendFileSync(
    variable("GITHUB_STEP_SUMMARY"),
    fits ? text : "This step's summary is longer than GitHub takes; its log has it.\n",
  );
  if (!fits) console.log(text);
}

/**
 * A value may have lines and whatever else: its end is marked by a line that nobody can foresee.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions#multiline-strings
 */
function append(file: "GITHUB_OUTPUT" | "GITHUB_ENV", values: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(values)) {
    if (!NAME.test(name)) {
      throw new StepError(
        `${JSON.stringify(name)} cannot be written to ${file}: a name has letters, digits, _ and -.`,
      );
    }
    const end = `end-${randomUUID()}`;
    appendFileSync(variable(file), `${name}<<${end}\n${value}\n${end}\n`);
  }
}
