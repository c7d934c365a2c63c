import * as alarms from "./settings/alarms.ts";
import * as database from "./settings/database.ts";
import * as detections from "./settings/detections.ts";
import * as front from "./settings/front.ts";
import * as general from "./settings/general.ts";
import * as keysAndLogs from "./settings/keys-and-logs.ts";
import { load, type Variables } from "./settings/load.ts";
import * as network from "./settings/network.ts";
import * as pipeline from "./settings/pipeline.ts";
import * as service from "./settings/service.ts";
import type { Rule, ValuesOf } from "./settings/setting.ts";

/**
 * Every setting. The field `keyRotationDays` is set by the variable CIPHERWATCH_KEY_ROTATION_DAYS;
 * when that is unset or empty, it has its default for the environment.
 */
const table = {
  ...general.settings,
  ...alarms.settings,
  ...detections.settings,
  ...keysAndLogs.settings,
  ...network.settings,
  ...database.settings,
  ...front.settings,
  ...service.settings,
  ...pipeline.settings,
};

export type Settings = ValuesOf<typeof table>;

const rules: readonly Rule<Settings>[] = [
  ...general.rules,
  ...detections.rules,
  ...keysAndLogs.rules,
  ...network.rules,
  ...database.rules,
  ...front.rules,
  ...service.rules,
  ...pipeline.rules,
];

/**
 * Reads the settings from environment variables, `process.env` in `main.ts`.
 * @throws {SettingsError} naming every variable that is wrong, missing or unknown
 */
export function loadSettings(variables: Variables): Settings {
  return load(table, rules, variables);
}
