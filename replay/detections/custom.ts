import type { ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { FilterPatternError } from "../../cloudwatch/pattern/error.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import type { ReplayedDetections } from "./detections.ts";

/**
 * Detections for the filter patterns of `--pattern`, each with an alarm on one match per minute.
 * @throws Error naming the pattern that AWS would reject, with AWS's message
 */
export function customDetections(patterns: readonly string[]): ReplayedDetections {
  const ids = patterns.map((_, index) => (index === 0 ? "pattern" : `pattern-${index + 1}`));
  return {
    filters: patterns.map((pattern, index) => ({
      name: ids[index] ?? "",
      logGroupName: "replay",
      pattern: validPattern(pattern),
      transformation: {
        metricName: ids[index] ?? "",
        metricNamespace: "Replay",
        metricValue: "1",
        defaultValue: 0,
      },
    })),
    detections: ids.map((id, index) => ({
      id,
      filters: [index],
      alarms: [oneMatchAlarm(id)],
      unbound: [],
    })),
    composites: [],
    notReplayed: [],
    problems: [],
  };
}

function validPattern(text: string): string {
  try {
    return parsePattern(text).source;
  } catch (error) {
    if (!(error instanceof FilterPatternError)) throw error;
    const { message, detail } = error;
    throw new Error(`--pattern "${text}": ${message}\n${detail}`, { cause: error });
  }
}

function oneMatchAlarm(id: string): ThresholdAlarm {
  return {
    name: id,
    arn: "",
    description: "",
    namespace: "Replay",
    metricName: id,
    dimensions: {},
    statistic: "Sum",
    period: 60,
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    threshold: 1,
    comparisonOperator: "GreaterThanOrEqualToThreshold",
    treatMissingData: "notBreaching",
    actionsEnabled: false,
    alarmActions: [],
    okActions: [],
    insufficientDataActions: [],
  };
}
