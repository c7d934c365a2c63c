/** Why a step of a workflow stops, for whoever reads its log: shown without a stack. */
export class StepError extends Error {}

/** Runs what a step does; an error becomes an annotation of the run and exit code 1. */
export async function step(work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    const text =
      error instanceof StepError
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    annotate("error", text);
    process.exitCode = 1;
  }
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
export function annotate(level: "notice" | "warning" | "error", message: string): void {
  console.log(`::${level}::${escapeData(message)}`);
}

/** Folds what `work` prints under a title in the log. */
export async function group<T>(title: string, work: () => Promise<T>): Promise<T> {
  console.log(`::group::${escapeData(title)}`);
  try {
    return await work();
  } finally {
    console.log("::endgroup::");
  }
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
