import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { createOutputFolder } from "../common/folder.ts";
import { parseOptions } from "../common/parse-options.ts";
import { counted } from "../replay/report/format.ts";
import { SettingsError } from "../settings/error.ts";
import { type Variables, variableName } from "../settings/load.ts";
import { loadWatchSettings, type WatchSettings } from "../settings/watch.ts";
import { synthesizeWatch } from "../stacks/watch.ts";

const USAGE = `npx --no -- cipherwatch watch --keys FILE --email ADDRESS [options]

Writes Terraform that monitors KMS keys: a trail of the account, and alarms on uses of a key by unexpected callers,
on rejected calls, on unusually many decrypts, and on changes to the keys and the trail.

  --keys FILE      the keys, each with the roles that are expected to use it:
                   [{"name": "payments", "key": "arn:…", "roles": ["arn:…"]}]
  --email ADDRESS  the address that receives the alarms
  --region REGION  the Region to deploy to (default: the Region of the first key)
  --out FOLDER     the folder to write to (default: terraform)
  --help           show this help

The options set the environment variables CIPHERWATCH_MONITORED_KEYS, CIPHERWATCH_ALERT_EMAIL and
CIPHERWATCH_REGION. Set the other settings of the stacks as variables: CIPHERWATCH_TRAIL_LOG_GROUP, for example,
names the log group of a trail that you already have, and CIPHERWATCH_STATE_BUCKET the bucket of Terraform's states.

Exit codes: 0 success; 2 invalid arguments or settings, and nothing was written.`;

/** Runs `cipherwatch watch` with the streams and environment of this process, and sets its exit code. */
export async function runWatch(args: readonly string[]): Promise<void> {
  try {
    process.stdout.write(`${writeWatchStacks(args, process.env)}\n`);
  } catch (error) {
    const help = error instanceof SettingsError ? "\n\nFor the options, pass --help." : "";
    process.stderr.write(`${error instanceof Error ? error.message : error}${help}\n`);
    process.exitCode = 2;
  }
}

/**
 * Writes the stacks that monitor KMS keys.
 * @returns what was written, and the commands that deploy it
 * @throws Error for invalid arguments or settings
 */
export function writeWatchStacks(args: readonly string[], environment: Variables): string {
  const { values } = parseOptions(
    {
      args: [...args],
      options: {
        keys: { type: "string" },
        email: { type: "string" },
        region: { type: "string" },
        out: { type: "string", default: "terraform" },
        help: { type: "boolean", short: "h" },
      },
    },
    USAGE,
  );
  if (values.help) return USAGE;
  const { keys, email, region, out } = values;
  const settings = readSettings({
    ...environment,
    ...(keys !== undefined && { [variableName("monitoredKeys")]: keys }),
    ...(email !== undefined && { [variableName("alertEmail")]: email }),
    ...(region !== undefined && { [REGION]: region }),
  });
  createOutputFolder(out, "the stacks", "--out FOLDER");
  const folders = [...synthesizeWatch(settings)].map(([id, json]) => {
    const folder = join(out, "stacks", id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "main.tf.json"), `${JSON.stringify(json, null, 2)}\n`);
    return folder;
  });
  return describe(settings, out, folders);
}

const REGION = variableName("region");

/**
 * Reads the settings. The default Region is that of the first key, because the emails that arrive within seconds cover
 * only the Region of the stacks.
 */
function readSettings(variables: Variables): WatchSettings {
  const settings = loadWatchSettings(variables);
  if (variables[REGION] !== undefined) return settings;
  const [, , , region] = settings.monitoredKeys[0]?.arn.split(":") ?? [];
  return loadWatchSettings({ ...variables, [REGION]: region });
}

function describe(
  { env, region, stateBucket }: WatchSettings,
  out: string,
  folders: readonly string[],
): string {
  const commands = folders.flatMap((folder) => [
    `  terraform -chdir=${folder} init`,
    `  terraform -chdir=${folder} apply`,
  ]);
  const state =
    stateBucket === undefined
      ? `Terraform keeps its states in ${relative("", resolve(out, "../tfstate", env))}. Set ${variableName("stateBucket")} to keep them in a bucket.`
      : `Terraform keeps its states in the bucket ${stateBucket}.`;
  return [
    `Wrote ${counted(folders.length, "stack")} for ${region}. Deploy with:`,
    "",
    ...commands,
    "",
    state,
  ].join("\n");
}
