import { StepError } from "./step.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads a required environment variable.
 * @throws StepError if it is missing or empty
 */
export function variable(name: string, env: Variables = process.env): string {
  const value = env[name]?.trim() ?? "";
  if (value === "") {
    throw new StepError(
      `${name} is not set. Set it in the env of the step in .github/workflows; if its value ` +
        "comes from a variable or secret of the repository, set that: see docs/pipeline.md.",
    );
  }
  return value;
}

/** Reads an optional environment variable. @returns undefined if it is missing or empty */
export function optionalVariable(name: string, env: Variables = process.env): string | undefined {
  const value = env[name]?.trim() ?? "";
  return value === "" ? undefined : value;
}

/** Returns the URL of the current workflow run. */
export function runUrl(env: Variables = process.env): string {
  const server = optionalVariable("GITHUB_SERVER_URL", env) ?? "https://github.com";
  return `${server}/${variable("GITHUB_REPOSITORY", env)}/actions/runs/${variable("GITHUB_RUN_ID", env)}`;
}
