import type { Detection } from "../../detections/detection.ts";
import { enabledDetections } from "../../detections/enabled.ts";
import { createDetectionScope, type DetectionScope, STORAGE_KEYS } from "../../detections/scope.ts";
import { settingsOf } from "../../settings/testing.ts";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import type { Block, TerraformJson } from "../../terraform/json.ts";
import { AlarmStack } from "../alarm.ts";
import { resourcesOf } from "./synthesized.ts";

export const KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/data";
export const TRAIL_KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/trail";

export interface AlarmStackOptions {
  /** Settings, named without `CIPHERWATCH_`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Default: the detections that the settings enable. */
  readonly detections?: readonly Detection[];
  /** Default: none. */
  readonly previousKeyArns?: readonly string[];
}

export function alarmStack({
  variables = {},
  detections,
  previousKeyArns = [],
}: AlarmStackOptions = {}): TerraformJson {
  const settings = settingsOf(variables);
  const { env, monitoringCanary, imageDigest } = settings;
  return synthStack(
    (app) =>
      new AlarmStack<DetectionScope>(app, "alarm", {
        settings,
        detections: detections ?? enabledDetections(settings),
        scopeOf: (stack, topicKeyArn) =>
          createDetectionScope(
            env,
            stack,
            {
              keyArn: KEY,
              previousKeyArns,
              trailKeyArn: settings.trailLogGroup === undefined ? TRAIL_KEY : settings.trailKeyArn,
              topicKeyArn,
              storageKeyArns: STORAGE_KEYS.map(
                (part) => `arn:aws:kms:ap-southeast-2:111122223333:key/${part}`,
              ),
              securityGroupIds: ["sg-0a1b2c3d4e5f60711"],
              vpcEndpointIds: [],
              natAddresses: ["192.0.2.101"],
            },
            settings,
          ),
        ...(monitoringCanary && imageDigest !== undefined && { canaryOf: (scope) => scope }),
      }),
  );
}

/** The metric alarm `cipherwatch-dev-<id>`. */
export function alarmOf(stack: TerraformJson, id: string): Block {
  const name = `cipherwatch-dev-${id}`;
  const alarm = Object.values(resourcesOf(stack, "aws_cloudwatch_metric_alarm")).find(
    ({ alarm_name }) => alarm_name === name,
  );
  if (alarm === undefined) throw new Error(`The stack has no alarm ${name}.`);
  return alarm;
}
