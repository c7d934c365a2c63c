import { readArguments } from "../../common/parse-options.ts";
import { StepError, step } from "./github/step.ts";
import { actions } from "./github-settings/actions.ts";
import { type SettingCheck, type SettingsApi, settingsApi } from "./github-settings/api.ts";
import { environments } from "./github-settings/environments.ts";
import { mainBranch } from "./github-settings/main-branch.ts";

export const settingChecks: readonly SettingCheck[] = [...mainBranch, ...environments, ...actions];

/**
 * Prints each setting of GitHub that the pipeline relies on, whether it is right, and how to set it.
 * @returns the number of settings that are wrong
 */
export async function checkSettings(
  api: SettingsApi,
  print: (line: string) => void,
): Promise<number> {
  let wrong = 0;
  for (const { title, check, fix } of settingChecks) {
    const problem = await check(api).catch((error: unknown) => {
      if (error instanceof StepError) return error.message;
      throw error;
    });
    if (problem === undefined) {
      print(`ok       ${title}`);
      continue;
    }
    wrong += 1;
    print(`MISSING  ${title}`);
    print(`    problem: ${problem}`);
    print(`    fix: ${fix}`);
  }
  return wrong;
}

const USAGE = `npm run check-github

Checks the settings of the repository on GitHub that docs/pipeline.md requires. Changes nothing.

  --help   show this help

Environment: GITHUB_REPOSITORY, such as example-org/cipherwatch; GITHUB_TOKEN of an administrator of it.

Exit codes: 0 every setting is right; 1 a setting is wrong or cannot be read; 2 invalid arguments.`;

if (import.meta.main) {
  readArguments(USAGE);
  await step(async () => {
    const api = settingsApi();
    const wrong = await checkSettings(api, console.log);
    if (wrong > 0) {
      throw new StepError(
        `${wrong} of ${settingChecks.length} settings of ${api.repository} must be changed: see above.`,
      );
    }
    console.log(`All ${settingChecks.length} settings of ${api.repository} are correct.`);
  });
}
