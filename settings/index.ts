import * as alarms from "./alarms.ts";
import * as database from "./database.ts";
import * as detections from "./detections.ts";
import * as general from "./general.ts";
import * as front from "./ingress.ts";
import * as keysAndLogs from "./keys-and-logs.ts";
import { load, type Variables } from "./load.ts";
import * as network from "./network.ts";
import * as pipeline from "./pipeline.ts";
import * as service from "./service.ts";
import type { Rule, ValuesOf } from "./setting.ts";

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
