import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../common/run.ts";
import { readStacks } from "../../terraform/cdktf/manifest.ts";
import type { Emulator } from "./emulator.ts";
import { type ProviderSource, providerSource } from "./provider.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A folder for synthesized stacks with different settings and one set of local states. */
export interface Workspace {
  readonly folder: string;
  readonly provider: ProviderSource;
  /** Returns the environment for Terraform, the CDKTF CLI and `node main.ts`, with only these settings. */
  readonly env: (settings: SettingsVariables) => NodeJS.ProcessEnv;
  /**
   * Runs `node main.ts` with the output in a subfolder of this name. All outputs share the local states.
   */
  readonly synth: (name: string, settings: SettingsVariables) => Promise<SynthOutput>;
  readonly remove: () => void;
}

/** CIPHERWATCH_… → value. */
export type SettingsVariables = Readonly<Record<string, string>>;

/** The output of one synth. */
export interface SynthOutput {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Stack → stacks that are deployed before it, in the order of the manifest. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  readonly stackFolder: (stack: string) => string;
  /** Returns the synthesized JSON of a stack. */
  readonly configuration: (stack: string) => string;
}

/**
 * The provider retries 25 times by default, which takes minutes for each unsupported call. A few retries are
 * still necessary on slow machines.
 */
const MAX_RETRIES = 4;

/** Saves a quarter of the CPU time of Terraform and its provider by collecting garbage less often. */
const COLLECT_GARBAGE = { GOGC: "400" };

/** Settings of every Terraform process in the tests. */
export const TERRAFORM_ENV = { CHECKPOINT_DISABLE: "1", ...COLLECT_GARBAGE };

export function makeWorkspace(emulator: Emulator): Workspace {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-terraform-"));
  const provider = providerSource(folder);

  const env = (settings: SettingsVariables): NodeJS.ProcessEnv => ({
    ...inheritedEnv(),
    ...emulator.env,
    ...provider.env,
    ...settings,
    PATH: [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter),
    ...TERRAFORM_ENV,
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1",
    CI: "1",
  });

  return {
    folder,
    provider,
    env,
    synth: async (name, settings) => {
      const output = join(folder, name);
      const environment = { ...env(settings), CDKTF_OUTDIR: output };
      await run(["node", "main.ts"], { cwd: root, env: environment });
      const stacks = readStacks(output);
      const stackFolder = (stack: string) =>
        stacks.find(({ name }) => name === stack)?.folder ?? join(output, stack);
      for (const { folder } of stacks) writeOverride(folder, provider);
      return {
        folder: output,
        env: environment,
        dependencies: new Map(stacks.map(({ name, dependencies }) => [name, dependencies])),
        stackFolder,
        configuration: (stack) => readFileSync(join(stackFolder(stack), "cdk.tf.json"), "utf8"),
      };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Returns the environment without the AWS and Cipherwatch variables of the user. */
function inheritedEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS_|CIPHERWATCH_)/.test(name)),
  );
}

/** Writes an override file, which Terraform merges into the synthesized one and a synth does not delete. */
export function writeOverride(stackFolder: string, { version }: ProviderSource): void {
  mkdirSync(stackFolder, { recursive: true });
  const aws = { source: "hashicorp/aws", version };
  writeFileSync(
    join(stackFolder, "emulator_override.tf.json"),
    JSON.stringify({
      ...(version === undefined ? {} : { terraform: { required_providers: { aws } } }),
      provider: { aws: [{ max_retries: MAX_RETRIES }] },
    }),
  );
}
