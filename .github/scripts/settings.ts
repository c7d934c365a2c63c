import { parseEnv } from "node:util";
import { SettingsError } from "../../settings/error.ts";
import { loadSettings, type Settings } from "../../settings/index.ts";
import { optionalVariable, variable } from "./github/environment.ts";
import { exportVariables, setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";

/** What the pipeline knows of an environment. */
export interface EnvironmentSettings {
  /** CIPHERWATCH_… → value, for `node main.ts`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly planRole: string;
  readonly deployRole: string;
  readonly planBucket: string;
}

/** Of the pipeline itself: outputs of the bootstrap stack. */
const OF_THE_PIPELINE = ["PLAN_ROLE_ARN", "DEPLOY_ROLE_ARN", "PLAN_BUCKET"] as const;
const SETTING = "CIPHERWATCH_";

/** Set by the pipeline for each commit. */
const IMAGE = "CIPHERWATCH_IMAGE_DIGEST";

/** What a laptop may leave open and a pipeline may not. */
const REQUIRED = [
  "CIPHERWATCH_ENV",
  "CIPHERWATCH_ACCOUNT_ID",
  "CIPHERWATCH_GITHUB_REPOSITORY",
  "CIPHERWATCH_STATE_BUCKET",
] as const;

const PLATFORMS = { X86_64: "linux/amd64", ARM64: "linux/arm64" } as const;

/**
 * Reads the variable of the repository that holds an environment's settings, a line each in the form of
 * an `.env` file.
 * @throws StepError naming the line or the setting, but no value of it
 */
export function readEnvironment(environment: string, text: string): EnvironmentSettings {
  const source = `SETTINGS_${environment.toUpperCase()}`;
  const refuse = (why: string): never => {
    throw new StepError(
      `The repository's variable ${source} cannot be used: ${why} Set it anew: docs/pipeline.md.`,
    );
  };
  for (const [index, line] of text.split("\n").entries()) {
    if (!/^\s*(#.*|(export\s+)?[A-Z][A-Z0-9_]*=.*)?\s*$/.test(line)) {
      refuse(`line ${index + 1} is neither NAME=value nor a comment.`);
    }
  }
  const values = new Map(
    Object.entries(parseEnv(text)).map(([name, value = ""]) => [name, value.trim()]),
  );
  const known = (name: string) =>
    name.startsWith(SETTING) || OF_THE_PIPELINE.some((own) => own === name);
  const unknown = [...values.keys()].filter((name) => !known(name));
  if (unknown.length > 0) {
    refuse(
      `${unknown.join(", ")} is not known; CIPHERWATCH_… and ${OF_THE_PIPELINE.join(", ")} are.`,
    );
  }
  if (values.has(IMAGE)) refuse(`${IMAGE} is the pipeline's to set.`);
  const get = (name: string): string => {
    const value = values.get(name) ?? "";
    return value === "" ? refuse(`${name} is missing.`) : value;
  };
  for (const name of REQUIRED) get(name);
  const named = get("CIPHERWATCH_ENV");
  if (named !== environment) refuse(`CIPHERWATCH_ENV is ${JSON.stringify(named)} in it.`);
  const variables = Object.fromEntries([...values].filter(([name]) => name.startsWith(SETTING)));
  const settings = load(variables, refuse);
  const role = (name: string): string => {
    const arn = get(name);
    return arn.startsWith("arn:") && arn.includes(`:iam::${settings.accountId}:role/`)
      ? arn
      : refuse(`${name} is no role of the account ${settings.accountId}.`);
  };
  return {
    variables,
    settings,
    planRole: role("PLAN_ROLE_ARN"),
    deployRole: role("DEPLOY_ROLE_ARN"),
    planBucket: get("PLAN_BUCKET"),
  };
}

function load(
  variables: Readonly<Record<string, string>>,
  refuse: (why: string) => never,
): Settings {
  try {
    return loadSettings(variables);
  } catch (error) {
    if (error instanceof SettingsError) return refuse(`${error.message}\n`);
    throw error;
  }
}

if (import.meta.main) {
  await step(() => {
    const environment = variable("ENVIRONMENT");
    const text = optionalVariable("SETTINGS");
    if (text === undefined) {
      throw new StepError(
        `The repository has no variable SETTINGS_${environment.toUpperCase()}: ENVIRONMENTS names an environment whose settings are not there. Set it, or take it out of ENVIRONMENTS: docs/pipeline.md.`,
      );
    }
    const read = readEnvironment(environment, text);
    exportVariables(read.variables);
    setOutputs({
      region: read.settings.region,
      "account-id": read.settings.accountId ?? "",
      "plan-role": read.planRole,
      "deploy-role": read.deployRole,
      "plan-bucket": read.planBucket,
      platform: PLATFORMS[read.settings.cpuArchitecture],
      "github-environment": read.settings.githubEnvironment,
    });
  });
}
