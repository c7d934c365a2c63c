import { StepError } from "./step.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * A variable that the workflow sets for the step.
 * @throws StepError when it is missing or empty
 */
export function variable(name: string, env: Variables = process.env): string {
  const value = env[name]?.trim() ?? "";
  if (value === "") {
    throw new StepError(
      `${name} is not set. The step that runs this in .github/workflows sets it in its env; where ` +
        "the value comes from a variable or a secret of the repository, set that: docs/pipeline.md.",
    );
  }
  return value;
}

/** A variable that may be missing: then, or when it is empty, undefined. */
export function optionalVariable(name: string, env: Variables = process.env): string | undefined {
  const value = env[name]?.trim() ?? "";
  return value === "" ? undefined : value;
}

/** The page of the run that this step is in. */
export function runUrl(env: Variables = process.env): string {
  const server = optionalVariable("GITHUB_SERVER_URL", env) ?? "https://github.com";
  return `${server}/${variable("GITHUB_REPOSITORY", env)}/actions/runs/${variable("GITHUB_RUN_ID", env)}`;
}
