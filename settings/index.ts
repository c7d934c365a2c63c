import * as alarms from "./alarms.ts";
import * as database from "./database.ts";
import * as detections from "./detections.ts";
import * as existing from "./existing.ts";
import * as general from "./general.ts";
import * as identity from "./identity.ts";
import * as ingress from "./ingress.ts";
import * as keysAndLogs from "./keys-and-logs.ts";
import { load, type Variables } from "./load.ts";
import * as monitoredKeys from "./monitored-keys.ts";
import * as network from "./network.ts";
import * as pipeline from "./pipeline.ts";
import * as regions from "./regions.ts";
import * as rollout from "./rollout.ts";
import * as service from "./service.ts";
import type { Refinement, ValuesOf } from "./setting.ts";

/** The settings by area, in the order of docs/settings.md. */
export const settingsAreas = [
  { name: "General", settings: general.settings },
  { name: "Alarms", settings: alarms.settings },
  { name: "Detections", settings: detections.settings },
  { name: "Monitored keys", settings: monitoredKeys.settings },
  { name: "Keys and logs", settings: keysAndLogs.settings },
  { name: "Second Region", settings: regions.settings },
  { name: "Existing resources", settings: existing.settings },
  { name: "Network", settings: network.settings },
  { name: "Database", settings: database.settings },
  { name: "Ingress", settings: ingress.settings },
  { name: "Identity", settings: identity.settings },
  { name: "Service", settings: service.settings },
  { name: "Rollout", settings: rollout.settings },
  { name: "Pipeline", settings: pipeline.settings },
];

/** Every setting, by name. `variableName` in load.ts gives the environment variable of a name. */
export const settingsTable = {
  ...general.settings,
  ...alarms.settings,
  ...detections.settings,
  ...monitoredKeys.settings,
  ...keysAndLogs.settings,
  ...regions.settings,
  ...existing.settings,
  ...network.settings,
  ...database.settings,
  ...ingress.settings,
  ...identity.settings,
  ...service.settings,
  ...rollout.settings,
  ...pipeline.settings,
};

export type Settings = ValuesOf<typeof settingsTable>;

const refinements: readonly Refinement<Settings>[] = [
  ...general.refinements,
  ...alarms.refinements,
  ...detections.refinements,
  ...monitoredKeys.refinements,
  ...keysAndLogs.refinements,
  ...regions.refinements,
  ...existing.refinements,
  ...network.refinements,
  ...database.refinements,
  ...ingress.refinements,
  ...identity.refinements,
  ...service.refinements,
  ...rollout.refinements,
  ...pipeline.refinements,
];

/**
 * Reads the settings from environment variables.
 * @throws {SettingsError} naming every variable that is invalid, missing or unknown
 */
export function loadSettings(variables: Variables): Settings {
  return load(settingsTable, [...refinements, ...existing.serviceRefinements], variables);
}

/** Reads the settings without the refinements that hold only for the service. @throws {SettingsError} */
export function loadSharedSettings(variables: Variables): Settings {
  return load(settingsTable, refinements, variables);
}
