import { alarmChange, alarmChangeRunbook } from "../alarm-change.ts";
import type { Detection } from "../detection.ts";
import { applySettings, type DetectionSettings } from "../enabled.ts";
import { cisPack } from "../index.ts";
import { matchesAny } from "../pattern.ts";
import { changesInOtherCase, iamChanges } from "../role-change.ts";
import { hasOwnTrail, type MonitoringScope, trailRoleName } from "../scope.ts";
import { trailChange, trailChangeRunbook } from "../trail-change.ts";
import { keyChange } from "./key-change.ts";
import { keyErrors } from "./key-errors.ts";
import { keyOutsider } from "./key-outsider.ts";
import { keyVolume } from "./key-volume.ts";
import { accountsOf, type KeyDetection, type MonitoredKey } from "./monitored-key.ts";

/** Restore the stacks. Users of the npm package have the same Terraform and no clone of the repository. */
export const WATCH_COMMANDS =
  "`npm run diff -- watch`, then `npm run deploy -- watch` (npm package: `terraform plan`, then `apply`)";

const RESTORE = `Restore it: run ${WATCH_COMMANDS}.`;

/** The product's detections of changes that blind or mute the others, with the commands of this deployment. */
export const chainDetections: readonly KeyDetection[] = [
  {
    ...trailChange,
    // There is no role-change here, which has this condition in a deployment of the service.
    furtherPatterns: (scope) => [
      ...(trailChange.furtherPatterns?.(scope) ?? []),
      ...(hasOwnTrail(scope)
        ? [
            iamChanges(matchesAny("$.requestParameters.roleName", trailRoleName(scope))),
            changesInOtherCase(scope),
          ]
        : []),
    ],
    runbook: trailChangeRunbook(RESTORE),
  },
  { ...alarmChange, runbook: alarmChangeRunbook(RESTORE) },
];

/** The detections on the use of a key. */
export function detectionsOfKey(key: MonitoredKey): readonly KeyDetection[] {
  return [keyOutsider(key), keyErrors(key), keyVolume(key)];
}

/** The detections on keys: three for each key, and one for changes of all keys. */
export function keyDetections(keys: readonly MonitoredKey[]): readonly KeyDetection[] {
  return [...keys.flatMap(detectionsOfKey), keyChange(keys)];
}

/** All detections of a deployment that monitors keys, with the settings' thresholds, periods and exclusions. */
export function monitoringDetections(
  keys: readonly MonitoredKey[],
  settings: DetectionSettings,
): readonly Detection<MonitoringScope>[] {
  const chain = chainDetections.filter(({ id }) => settings.detections.includes(id));
  const all: readonly Detection<MonitoringScope>[] = [
    ...keyDetections(keys),
    ...chain,
    ...(settings.cisPack ? cisPack : []),
  ];
  return all.map((detection) => applySettings(detection, settings));
}

/**
 * Adds the accounts of the keys to those whose events count, if the scope counts only some: an existing trail can be the
 * trail of an organization.
 */
export function keyScope(scope: MonitoringScope, keys: readonly MonitoredKey[]): MonitoringScope {
  const { countedAccountIds } = scope;
  if (countedAccountIds === undefined) return scope;
  return { ...scope, countedAccountIds: [...new Set([...countedAccountIds, ...accountsOf(keys)])] };
}
