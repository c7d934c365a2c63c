import { parseEnv } from "node:util";
import { SettingsError } from "../../settings/error.ts";
import { loadSettings, type Settings } from "../../settings/index.ts";
import { optionalVariable, variable } from "./github/environment.ts";
import { exportVariables, setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";

/** Settings of an environment, for the stacks and for the pipeline. */
export interface EnvironmentSettings {
  /** CIPHERWATCH_… variables for `node main.ts`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly planRole: string;
  readonly deployRole: string;
  readonly planBucket: string;
}

/** Settings of the pipeline: outputs of the bootstrap stack. */
const PIPELINE_SETTINGS = ["PLAN_ROLE_ARN", "DEPLOY_ROLE_ARN", "PLAN_BUCKET"] as const;
const SETTING = "CIPHERWATCH_";

/** The pipeline sets it for each commit. */
const IMAGE = "CIPHERWATCH_IMAGE_DIGEST";

/** Settings that are optional locally but required in the pipeline. */
const REQUIRED = [
  "CIPHERWATCH_ENV",
  "CIPHERWATCH_ACCOUNT_ID",
  "CIPHERWATCH_GITHUB_REPOSITORY",
  "CIPHERWATCH_STATE_BUCKET",
] as const;

const PLATFORMS = { X86_64: "linux/amd64", ARM64: "linux/arm64" } as const;

/**
 * Parses the repository variable with an environment's settings, in `.env` format.
 * @throws StepError naming the line or the setting, without its value
 */
export function readEnvironment(environment: string, text: string): EnvironmentSettings {
  const source = `SETTINGS_${environment.toUpperCase()}`;
  const refuse = (why: string): never => {
    throw new StepError(
      `The repository variable ${source} is invalid: ${why} Set it again: see docs/pipeline.md.`,
    );
  };
  for (const [index, line] of text.split("\n").entries()) {
    if (!/^\s*(#.*|(export\s+)?[A-Z][A-Z0-9_]*=.*)?\s*$/.test(line)) {
      refuse(`line ${index + 1} must be NAME=value or a comment.`);
    }
  }
  const values = new Map(
    Object.entries(parseEnv(text)).map(([name, value = ""]) => [name, value.trim()]),
  );
  const known = (name: string) =>
    name.startsWith(SETTING) || PIPELINE_SETTINGS.some((own) => own === name);
  const unknown = [...values.keys()].filter((name) => !known(name));
  if (unknown.length > 0) {
    refuse(
      `unknown setting ${unknown.join(", ")}. Allowed are CIPHERWATCH_… and ${PIPELINE_SETTINGS.join(", ")}.`,
    );
  }
  if (values.has(IMAGE)) refuse(`remove ${IMAGE}, which the pipeline sets.`);
  const get = (name: string): string => {
    const value = values.get(name) ?? "";
    return value === "" ? refuse(`${name} is missing.`) : value;
  };
  for (const name of REQUIRED) get(name);
  const named = get("CIPHERWATCH_ENV");
  if (named !== environment)
    refuse(
      `CIPHERWATCH_ENV must be ${JSON.stringify(environment)}, received ${JSON.stringify(named)}.`,
    );
  const variables = Object.fromEntries([...values].filter(([name]) => name.startsWith(SETTING)));
  const settings = load(variables, refuse);
  const role = (name: string): string => {
    const arn = get(name);
    return arn.startsWith("arn:") && arn.includes(`:iam::${settings.accountId}:role/`)
      ? arn
      : refuse(`${name} must be the ARN of a role in the account ${settings.accountId}.`);
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
        `The repository has no variable SETTINGS_${environment.toUpperCase()}. Set it, or remove ${environment} from ENVIRONMENTS: see docs/pipeline.md.`,
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
