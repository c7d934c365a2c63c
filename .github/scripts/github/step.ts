import { randomUUID } from "node:crypto";
import { CommandError } from "../../../common/run.ts";

/** A failure with a message for the reader of the log; shown without a stack trace. */
export class StepError extends Error {}

/** Runs the work of a workflow step. An error becomes an error annotation and exit code 1. */
export async function step(work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    const expected = error instanceof StepError || error instanceof CommandError;
    const stack = error instanceof Error ? error.stack : undefined;
    annotate("error", expected ? error.message : (stack ?? String(error)));
    process.exitCode = 1;
  }
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
export function annotate(level: "notice" | "warning" | "error", message: string): void {
  console.log(`::${level}::${escapeData(message)}`);
}

/**
 * Groups what `work` prints under a collapsible title in the log. The runner executes no workflow command in
 * it, such as `::add-mask::`: the text comes from another program and can contain anything.
 */
export async function group<T>(title: string, work: () => Promise<T>): Promise<T> {
  const token = randomUUID();
  console.log(`::group::${escapeData(title)}\n::stop-commands::${token}`);
  try {
    return await work();
  } finally {
    console.log(`::${token}::\n::endgroup::`);
  }
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
