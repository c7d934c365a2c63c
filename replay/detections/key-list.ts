import type { AlarmBase, CompositeAlarm, MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { watchEnvironment } from "../../common/naming.ts";
import {
  alarmDescription,
  describeAnomalyBand,
  describeThreshold,
} from "../../detections/alarm-description.ts";
import { alarmStatistic } from "../../detections/alarm-statistic.ts";
import { attackUnderWay, compositeAlarmRule } from "../../detections/attack-under-way.ts";
import {
  alarmNameOf,
  alarmNamesOf,
  anomalyAlarmNameOf,
  anomalyOf,
  detectionMetric,
  filterNameOf,
  runbookUrl,
  savedQueryNameOf,
} from "../../detections/cloudwatch-names.ts";
import type { Detection } from "../../detections/detection.ts";
import { filterPatterns } from "../../detections/exclusions.ts";
import { detectionsOfKey, monitoringDetections } from "../../detections/monitored-keys/index.ts";
import { accountOf, type MonitoredKey } from "../../detections/monitored-keys/monitored-key.ts";
import { createMonitoringScope, type MonitoringScope } from "../../detections/scope.ts";
import { withPlaceholderEmail } from "../../settings/alarms.ts";
import { SettingsError } from "../../settings/error.ts";
import { loadSharedSettings } from "../../settings/index.ts";
import { variableName } from "../../settings/load.ts";
import { alarmEvaluations } from "./alarm-evaluations.ts";
import { deployedDetections } from "./deployed.ts";
import type { ReplayedDetections } from "./detections.ts";

const MONITORED_KEYS = variableName("monitoredKeys");

/** Placeholder for the keys of the stacks themselves, whose ids AWS assigns and no past event contains. */
const UNKNOWN_KEY = "00000000-0000-0000-0000-000000000000";

/**
 * Returns the detections that `npm run deploy -- watch` would deploy for a list of keys, with default settings.
 * Needs neither CDKTF nor a deployment.
 * @param list the path of a file as in docs/monitoring-keys.md, or its contents
 * @throws Error naming the entry of the list and what is allowed
 */
export function keyListDetections(list: string): ReplayedDetections {
  const { env, keys, ...settings } = readList(list);
  const accountId = accountOf(keys[0]?.arn ?? "");
  const region = keys[0]?.arn.split(":")[3];
  const unknownKey = `arn:aws:kms:${region}:${accountId}:key/${UNKNOWN_KEY}`;
  const ids = { topicKeyArn: unknownKey, trailKeyArn: unknownKey };
  const scope = createMonitoringScope(env, { accountId }, ids);
  const detections = monitoringDetections(keys, settings);
  const alarms = detections.flatMap((detection) => alarmsOf(detection, scope));
  const deployment = {
    accountId,
    keys: [],
    trail: { logGroupName: scope.trailLogGroupName },
    metricFilters: detections.flatMap((detection) => filtersOf(detection, scope)),
    alarms: alarms.filter((alarm) => "threshold" in alarm),
    anomalyAlarms: alarms.filter((alarm) => "deviations" in alarm),
    compositeAlarms: compositesOf(detections, scope),
    evaluations: alarmEvaluations((chosen) => monitoringDetections(keys, chosen), settings),
  };
  return {
    ...deployedDetections(deployment, undefined, {}),
    keys: keys.map((key) => ({
      name: key.name,
      arn: key.arn,
      detectionIds: detectionsOfKey(key).map(({ id }) => id),
    })),
  };
}

function readList(list: string) {
  try {
    const settings = loadSharedSettings(withPlaceholderEmail({ [MONITORED_KEYS]: list }));
    const keys: readonly MonitoredKey[] = settings.monitoredKeys ?? [];
    if (keys.length > 0) return { ...settings, env: watchEnvironment(settings.env), keys };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const [first] = error.issues;
    const errors = error.issues.map(({ message }) => `--keys: ${message}`);
    throw new Error(`${errors.join("\n")}\nAllowed: ${first?.allowed}.`);
  }
  throw new Error(
    '--keys is empty. Pass a JSON file that lists KMS keys: [{"name": "payments", "key": "arn:…", "roles": ["arn:…"]}].',
  );
}

function filtersOf(
  detection: Detection<MonitoringScope>,
  scope: MonitoringScope,
): readonly MetricFilter[] {
  if (detection.source !== "trail") return [];
  const { namespace, metricName } = detectionMetric(detection, scope);
  return filterPatterns(detection, scope).map((pattern, index) => ({
    name: filterNameOf(detection, scope, index),
    logGroupName: scope.trailLogGroupName,
    pattern,
    transformation: {
      metricName,
      metricNamespace: namespace,
      metricValue: "1",
      defaultValue: 0,
      unit: "Count",
    },
  }));
}

/** The alarms of a detection, without actions. */
function alarmsOf(
  detection: Detection<MonitoringScope>,
  scope: MonitoringScope,
): readonly MetricAlarm[] {
  const links = {
    savedQuery: savedQueryNameOf(detection, scope),
    runbook: runbookUrl(detection),
  };
  const { namespace, metricName } = detectionMetric(detection, scope);
  const { statistic, treatMissingData } = detection;
  const metric = { namespace, metricName, dimensions: {}, statistic, treatMissingData };
  const { period, evaluationPeriods, datapointsToAlarm, threshold } = detection;
  const alarm: MetricAlarm = {
    ...base(
      alarmNameOf(detection, scope),
      alarmDescription(detection, describeThreshold(detection), links),
    ),
    ...metric,
    statistic: alarmStatistic(detection),
    period,
    evaluationPeriods,
    datapointsToAlarm,
    threshold,
    comparisonOperator: "GreaterThanOrEqualToThreshold",
  };
  const anomaly = anomalyOf(detection);
  if (anomaly === undefined) return [alarm];
  const summary = { ...detection, severity: anomaly.severity };
  const unusual: MetricAlarm = {
    ...base(
      anomalyAlarmNameOf(detection, scope),
      alarmDescription(summary, describeAnomalyBand(anomaly), links),
    ),
    ...metric,
    period: anomaly.period,
    evaluationPeriods: anomaly.evaluationPeriods,
    datapointsToAlarm: anomaly.datapointsToAlarm,
    deviations: anomaly.deviations,
  };
  return [alarm, unusual];
}

function compositesOf(
  detections: readonly Detection<MonitoringScope>[],
  scope: MonitoringScope,
): readonly CompositeAlarm[] {
  const rule = compositeAlarmRule(detections, (detection) => alarmNamesOf(detection, scope));
  if (rule === undefined) return [];
  const condition = "alarms of two different tactics at once";
  const description = alarmDescription(attackUnderWay, condition, {
    runbook: runbookUrl(attackUnderWay),
  });
  return [{ ...base(alarmNameOf(attackUnderWay, scope), description), rule }];
}

function base(name: string, description: string): AlarmBase {
  const none = { alarmActions: [], okActions: [], insufficientDataActions: [] };
  return { name, arn: "", description, actionsEnabled: true, ...none };
}
