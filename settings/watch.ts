import { watchEnvironment } from "../common/naming.ts";
import { accountOf, type MonitoredKey } from "../detections/monitored-keys/monitored-key.ts";
import { SettingsError } from "./error.ts";
import { loadSettings, type Settings } from "./index.ts";
import { type Variables, variableName } from "./load.ts";
import { settings as table } from "./monitored-keys.ts";

/** The settings of a deployment that monitors the keys of other applications. */
export type WatchSettings = Omit<Settings, "env" | "monitoredKeys"> & {
  /** The environment in the names of its resources. */
  readonly env: string;
  readonly monitoredKeys: readonly MonitoredKey[];
};

/**
 * Reads the settings for `npm run deploy -- watch`.
 * @throws {SettingsError} also if they name no key
 */
export function loadWatchSettings(variables: Variables): WatchSettings {
  return watchSettings(loadSettings(variables));
}

/** @throws {SettingsError} if the settings name no key, or keys that one trail does not see */
export function watchSettings(settings: Settings): WatchSettings {
  const { env, monitoredKeys = [], accountId } = settings;
  const accounts = [...new Set(monitoredKeys.map(({ arn }) => accountOf(arn)))];
  const own = accountId ?? accounts[0];
  const foreign = monitoredKeys.find(({ arn }) => accountOf(arn) !== own);
  if (own === undefined) throw keysError("must be set");
  if (foreign !== undefined) {
    throw keysError(
      `has the key ${foreign.name} in account ${accountOf(foreign.arn)}, but the trail records only ${own}`,
      "deploy once in each account, with the keys of that account",
    );
  }
  // Applying these stacks with the credentials of another account would monitor nothing.
  return { ...settings, env: watchEnvironment(env), monitoredKeys, accountId: own };
}

function keysError(
  message: string,
  next = "set it to the file that lists your keys",
): SettingsError {
  const { allowed } = table.monitoredKeys;
  return new SettingsError([{ variable: variableName("monitoredKeys"), message, allowed, next }]);
}
