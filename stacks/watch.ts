import type { App } from "cdktf";
import { keyScope, monitoringDetections } from "../detections/monitored-keys/index.ts";
import { createMonitoringScope, type MonitoringScope } from "../detections/scope.ts";
import type { WatchSettings } from "../settings/watch.ts";
import { synthesizeApp } from "../terraform/cdktf/synthesize.ts";
import type { Stacks } from "../terraform/json.ts";
import { AlarmStack } from "./alarm.ts";
import { setBoundary, setRolePath } from "./pipeline/boundary.ts";
import { TrailStack } from "./trail.ts";

/**
 * Adds the stacks that monitor the KMS keys of other applications, in the order in which they are deployed: the
 * trail, if the settings name no existing one, and the alarms.
 */
export function addWatchStacks(app: App, settings: WatchSettings): void {
  const { env, monitoredKeys, trailLogGroup, trailKeyArn } = settings;
  const trail =
    trailLogGroup === undefined ? new TrailStack(app, "watch-trail", { settings }) : undefined;
  const alarm = new AlarmStack<MonitoringScope>(app, "watch-alarm", {
    settings,
    detections: monitoringDetections(monitoredKeys, settings),
    scopeOf: (stack, topicKeyArn) =>
      createMonitoringScope(
        env,
        stack,
        { topicKeyArn, trailKeyArn: trail?.keyArn ?? trailKeyArn },
        settings,
      ),
    kmsEventScopeOf: (scope) => keyScope(scope, monitoredKeys),
    trailDiff: "npm run diff -- watch (npm package: terraform plan)",
  });
  // Log groups are referenced by name, which gives Terraform no dependency, so declare it.
  if (trail !== undefined) alarm.addDependency(trail);
  setRolePath(app, settings.rolePath);
  setBoundary(app, settings.permissionsBoundary);
}

/** Synthesizes in memory what `node main.ts watch` writes to cdktf.out. */
export function synthesizeWatch(settings: WatchSettings): Stacks {
  return synthesizeApp((app) => addWatchStacks(app, settings));
}
