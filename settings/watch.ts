import { watchEnvironment } from "../common/naming.ts";
import { accountOf, type MonitoredKey } from "../detections/monitored-keys/monitored-key.ts";
import { SettingsError } from "./error.ts";
import { loadSharedSettings, type Settings } from "./index.ts";
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
  return watchSettings(loadSharedSettings(variables));
}

/**
 * Converts the settings to those of a deployment that monitors keys.
 * @throws {SettingsError} if the settings name no key, or keys whose events the trail does not record
 */
export function watchSettings(settings: Settings): WatchSettings {
  const { env, monitoredKeys = [], accountId, trailLogGroup } = settings;
  const watch = { ...settings, env: watchEnvironment(env), monitoredKeys };
  const [first] = monitoredKeys;
  if (first === undefined) throw keysError("must be set");
  // An existing trail may be that of an organization, which records the events of every account.
  if (trailLogGroup !== undefined) return watch;
  const own = accountId ?? accountOf(first.arn);
  const foreign = monitoredKeys.find(({ arn }) => accountOf(arn) !== own);
  if (foreign !== undefined) {
    throw keysError(
      `has the key ${foreign.name} in account ${accountOf(foreign.arn)}, but the trail records only ${own}`,
      "deploy once in each account, with the keys of that account, or set CIPHERWATCH_TRAIL_LOG_GROUP to the log group of the organization's trail",
    );
  }
  // Prevents a deployment to another account, where these stacks would monitor nothing.
  return { ...watch, accountId: own };
}

function keysError(
  message: string,
  next = "set it to the file that lists your keys",
): SettingsError {
  const { allowed } = table.monitoredKeys;
  return new SettingsError([{ variable: variableName("monitoredKeys"), message, allowed, next }]);
}
