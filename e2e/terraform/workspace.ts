import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../common/run.ts";
import { readStacks } from "../../terraform/cdktf/manifest.ts";
import type { Emulator } from "./emulator.ts";
import { type ProviderSource, providerSource } from "./provider.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A folder in which the stacks are synthesized, with any settings, over one set of states. */
export interface Workspace {
  readonly folder: string;
  readonly provider: ProviderSource;
  /** For Terraform, the CDKTF CLI and `node main.ts`; of the settings, only those given. */
  readonly env: (settings: SettingsVariables) => NodeJS.ProcessEnv;
  /**
   * Runs `node main.ts` into a folder of this name, beside those of other names. The stacks' local
   * states are beside them: outputs of different settings share them.
   */
  readonly synth: (name: string, settings: SettingsVariables) => Promise<Output>;
  readonly remove: () => void;
}

/** CIPHERWATCH_… → value. */
export type SettingsVariables = Readonly<Record<string, string>>;

/** What one synth wrote. */
export interface Output {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Stack → those that are deployed before it, in the order in which they were made. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  readonly stackFolder: (stack: string) => string;
  /** What was synthesized for a stack. */
  readonly configuration: (stack: string) => string;
}

/**
 * The provider's default of 25 tries makes a hang of minutes of each answer that the emulator cannot
 * give; with a single one, a slow machine's hiccup is a failure.
 */
const MAX_RETRIES = 4;

export function makeWorkspace(emulator: Emulator): Workspace {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-terraform-"));
  const provider = providerSource(folder);

  const env = (settings: SettingsVariables): NodeJS.ProcessEnv => ({
    ...inherited(),
    ...emulator.env,
    ...provider.env,
    ...settings,
    PATH: [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter),
    CHECKPOINT_DISABLE: "1",
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
      for (const { folder } of stacks) override(folder, provider);
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

/** Nothing of the user's own AWS settings, nor of this project's, reaches the stacks. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS_|CIPHERWATCH_)/.test(name)),
  );
}

/** Terraform merges this file over the synthesized one; a synth leaves it in place. */
export function override(stackFolder: string, { version }: ProviderSource): void {
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
