import { z } from "zod";
import {
  type Alarm,
  isAnomaly,
  isComposite,
  type Statistic,
} from "../../../cloudwatch/alarm/alarm.ts";
import { STAND_IN } from "../../../cloudwatch/alarm/anomaly.ts";
import { BAND_ID } from "../../../cloudwatch/alarm/band-queries.ts";
import { childrenOf, parseAlarmRule } from "../../../cloudwatch/alarm/composite.ts";
import { toJson } from "../../../cloudwatch/alarm/doubles.ts";
import type { Notification } from "../../../cloudwatch/alarm/notification.ts";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { statisticOf } from "../../../cloudwatch/metric.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import { flag, integer, list, readInput, text, time } from "../shared/input.ts";
import type { AwsStructure, Operations } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import {
  type AlarmRecord,
  createMonitor,
  type MonitorEntry,
  type PlacedHistoryItem,
} from "./alarms/monitor.ts";
import {
  Dimensions,
  dimensionRecord,
  exclusive,
  invalid,
  MetricDatumInput,
  metricDatum,
  MetricName as Name,
  UNITS,
} from "./metrics/metric-datum.ts";
import { type Metrics, notModelled as metricsNotModelled } from "./metrics/metrics.ts";

export interface CloudWatch {
  readonly operations: Operations;
  /** Begins to evaluate the alarms, at the lab clock's next full minute or ten seconds. */
  readonly start: () => void;
  readonly stop: () => void;
  readonly state: () => CloudWatchState;
}

export interface CloudWatchState {
  /** By name. */
  readonly alarms: readonly AlarmRecord[];
  /** Newest first. */
  readonly history: readonly PlacedHistoryItem[];
}

export const notModelled: readonly string[] = [
  "Alarms come from the stacks alone; PutMetricAlarm, PutCompositeAlarm, DeleteAlarms and mute rules are not there, nor is metric math beyond an anomaly detection band.",
  `An alarm on an anomaly detection band is evaluated by ${STAND_IN}: AWS's model knows hours and weekdays and learns from two weeks.`,
  "How far an alarm looks back past its evaluation periods is inferred: two periods more, or a minute for periods under a minute.",
  "Alarms are evaluated at the full minute (every ten seconds for shorter periods); AWS evaluates at a moment of its own within it.",
  "An alarm reads its metric in whatever unit the data came; AWS keeps units apart.",
  "Alarm actions other than SNS topics fail; AWS also takes Lambda, EC2, Auto Scaling and Systems Manager actions.",
  ...metricsNotModelled,
];

const CODE = "ValidationError";
const DATA_PER_REQUEST = 1000;
const DATAPOINTS_PER_REQUEST = 1440;
const METRICS_PER_PAGE = 500;
const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TWO_WEEKS = 14 * DAY;

const STATISTICS = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"] as const;

const AlarmNames = list(Name, { max: 100 });
const AlarmTypes = list(z.enum(["CompositeAlarm", "MetricAlarm"]));
const MaxRecords = integer({ min: 1, max: 100 }).default(100);
const Token = text();

const Inputs = {
  DescribeAlarms: z.object({
    AlarmNames: AlarmNames.optional(),
    AlarmNamePrefix: Name.optional(),
    AlarmTypes: AlarmTypes.optional(),
    ChildrenOfAlarmName: Name.optional(),
    ParentsOfAlarmName: Name.optional(),
    StateValue: z.enum(["INSUFFICIENT_DATA", "ALARM", "OK"]).optional(),
    ActionPrefix: text({ min: 1, max: 1024 }).optional(),
    MaxRecords,
    NextToken: Token.optional(),
  }),
  DescribeAlarmHistory: z.object({
    AlarmName: Name.optional(),
    AlarmTypes: AlarmTypes.optional(),
    HistoryItemType: z.enum(["ConfigurationUpdate", "StateUpdate", "Action"]).optional(),
    StartDate: time().optional(),
    EndDate: time().optional(),
    ScanBy: z.enum(["TimestampDescending", "TimestampAscending"]).default("TimestampDescending"),
    MaxRecords,
    NextToken: Token.optional(),
  }),
  SetAlarmState: z.object({
    AlarmName: Name,
    StateValue: z.enum(["INSUFFICIENT_DATA", "ALARM", "OK"]),
    StateReason: text({ max: 1023 }),
    StateReasonData: text({ max: 4000 }).optional(),
  }),
  AlarmActions: z.object({ AlarmNames }),
  ListMetrics: z.object({
    Namespace: Name.optional(),
    MetricName: Name.optional(),
    Dimensions: list(z.object({ Name, Value: text({ min: 1, max: 1024 }).optional() }), {
      max: 10,
    }).optional(),
    RecentlyActive: z.enum(["PT3H"]).optional(),
    IncludeLinkedAccounts: flag().optional(),
    NextToken: Token.optional(),
  }),
  GetMetricStatistics: z.object({
    Namespace: Name,
    MetricName: Name,
    Dimensions: Dimensions.default([]),
    StartTime: time(),
    EndTime: time(),
    Period: integer({ min: 1 }),
    Statistics: list(z.enum(STATISTICS), { max: 5 }).default([]),
    ExtendedStatistics: list(text(), { max: 10 }).default([]),
    Unit: z.enum(UNITS).optional(),
  }),
  PutMetricData: z.object({
    Namespace: text({ min: 1, max: 255, pattern: /^[^:].*$/ }),
    MetricData: list(MetricDatumInput),
  }),
};

/**
 * The lab's CloudWatch: metrics, and the alarms of the deployment with their evaluation.
 * @param notify publishes what an alarm says of a change to one of its topics; throws when it cannot
 * @throws Error naming the alarm, when AWS would refuse one of them
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html
 */
export function createCloudWatch({
  clock,
  region,
  accountId,
  alarms,
  metrics,
  notify,
  journal,
}: {
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  readonly alarms: readonly Alarm[];
  readonly metrics: Metrics;
  readonly notify: (topicArn: string, notification: Notification) => void;
  readonly journal: Journal<MonitorEntry>;
}): CloudWatch {
  const account = { region, accountId };
  const monitor = createMonitor({ clock, account, alarms, metrics, notify, journal });

  function setActionsEnabled(input: unknown, enabled: boolean): AwsStructure {
    const { AlarmNames } = readInput(Inputs.AlarmActions, input, CODE);
    for (const name of AlarmNames) monitor.setActionsEnabled(name, enabled);
    return {};
  }

  /** The alarms that a composite alarm looks at, or the composite alarms that look at an alarm. */
  function relatives({
    ChildrenOfAlarmName: parent,
    ParentsOfAlarmName: child,
  }: z.infer<typeof Inputs.DescribeAlarms>): readonly string[] | undefined {
    if (parent === undefined && child === undefined) return undefined;
    const composites = monitor.alarms().flatMap(({ alarm }) => (isComposite(alarm) ? alarm : []));
    const children = (rule: string) => childrenOf(parseAlarmRule(rule));
    return composites.flatMap(({ name, rule }) => {
      if (name === parent) return children(rule);
      return child !== undefined && children(rule).includes(child) ? name : [];
    });
  }

  const operations: Operations = {
    DescribeAlarms: (input) => {
      const request = readInput(Inputs.DescribeAlarms, input, CODE);
      const { AlarmNames: names, AlarmNamePrefix: prefix, ActionPrefix } = request;
      if (names !== undefined && names.length > 0 && prefix !== undefined) {
        throw exclusive("AlarmNames", "AlarmNamePrefix");
      }
      // AWS answers with metric alarms alone unless it is asked for others.
      const types = request.AlarmTypes ?? ["MetricAlarm"];
      const related = relatives(request);
      const wanted = monitor
        .alarms()
        .filter(
          ({ alarm, state }) =>
            (related !== undefined
              ? related.includes(alarm.name)
              : types.includes(typeOf(alarm))) &&
            (!names?.length || names.includes(alarm.name)) &&
            alarm.name.startsWith(prefix ?? "") &&
            (request.StateValue === undefined || state.value === request.StateValue) &&
            (ActionPrefix === undefined ||
              actionsOf(alarm).some((action) => action.startsWith(ActionPrefix))),
        );
      const { items, nextToken } = page(wanted, {
        limit: request.MaxRecords,
        token: request.NextToken,
        keyOf: ({ alarm }) => alarm.name,
        invalidToken: invalidToken(request.NextToken),
      });
      const describe = related === undefined ? describeAlarm : describeRelative;
      const ofType = (type: AlarmType) =>
        items.filter(({ alarm }) => typeOf(alarm) === type).map(describe);
      return {
        MetricAlarms: ofType("MetricAlarm"),
        CompositeAlarms: ofType("CompositeAlarm"),
        NextToken: nextToken,
      };
    },

    DescribeAlarmHistory: (input) => {
      const request = readInput(Inputs.DescribeAlarmHistory, input, CODE);
      const { StartDate = Number.NEGATIVE_INFINITY, EndDate = Number.POSITIVE_INFINITY } = request;
      const wanted = monitor
        .history()
        .filter(
          (item) =>
            (request.AlarmName === undefined || item.alarmName === request.AlarmName) &&
            (request.AlarmTypes ?? ["MetricAlarm"]).includes(item.alarmType ?? "MetricAlarm") &&
            (request.HistoryItemType === undefined || item.type === request.HistoryItemType) &&
            item.at >= StartDate &&
            item.at <= EndDate,
        );
      const { items, nextToken } = page(
        request.ScanBy === "TimestampAscending" ? wanted.toReversed() : wanted,
        {
          limit: request.MaxRecords,
          token: request.NextToken,
          keyOf: ({ place }) => String(place),
          invalidToken: invalidToken(request.NextToken),
        },
      );
      return {
        AlarmHistoryItems: items.map((item) => ({
          AlarmName: item.alarmName,
          AlarmType: item.alarmType ?? "MetricAlarm",
          Timestamp: new Date(item.at),
          HistoryItemType: item.type,
          HistorySummary: item.summary,
          HistoryData: item.data,
        })),
        NextToken: nextToken,
      };
    },

    SetAlarmState: (input) => {
      const request = readInput(Inputs.SetAlarmState, input, CODE);
      if (monitor.find(request.AlarmName) === undefined) {
        throw new AwsError("ResourceNotFound", "", 404);
      }
      if (request.StateReasonData !== undefined && !isJson(request.StateReasonData)) {
        throw new AwsError("InvalidFormat", "StateReasonData must be valid JSON.");
      }
      monitor.setState(request.AlarmName, {
        value: request.StateValue,
        reason: request.StateReason,
        ...(request.StateReasonData === undefined ? {} : { reasonData: request.StateReasonData }),
      });
      return {};
    },

    EnableAlarmActions: (input) => setActionsEnabled(input, true),
    DisableAlarmActions: (input) => setActionsEnabled(input, false),

    ListMetrics: (input) => {
      const request = readInput(Inputs.ListMetrics, input, CODE);
      const oldest = clock.now() - (request.RecentlyActive === undefined ? TWO_WEEKS : 3 * HOUR);
      const wanted = metrics
        .list()
        .filter(
          ({ namespace, name, dimensions, updatedAt }) =>
            (request.Namespace === undefined || namespace === request.Namespace) &&
            (request.MetricName === undefined || name === request.MetricName) &&
            updatedAt >= oldest &&
            (request.Dimensions ?? []).every(({ Name, Value }) =>
              Value === undefined ? dimensions[Name] !== undefined : dimensions[Name] === Value,
            ),
        );
      const { items, nextToken } = page(wanted, {
        limit: METRICS_PER_PAGE,
        token: request.NextToken,
        keyOf: ({ namespace, name, dimensions }) => JSON.stringify([namespace, name, dimensions]),
        invalidToken: invalidToken(request.NextToken),
      });
      return {
        Metrics: items.map(({ namespace, name, dimensions }) => ({
          Namespace: namespace,
          MetricName: name,
          Dimensions: dimensionList(dimensions),
        })),
        NextToken: nextToken,
      };
    },

    GetMetricStatistics: (input) => {
      const request = readRequired(Inputs.GetMetricStatistics, input);
      const { Period: seconds, Statistics, ExtendedStatistics, Unit: unit } = request;
      if (!validPeriod(seconds)) {
        throw invalid(
          `The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60; it is ${seconds}.`,
        );
      }
      if (request.StartTime >= request.EndTime) {
        throw invalid("The parameter StartTime must be less than the parameter EndTime.");
      }
      if (ExtendedStatistics.length > 0) {
        throw invalid(
          `The lab does not compute ExtendedStatistics, here ${ExtendedStatistics.join(", ")}; Statistics are ${STATISTICS.join(", ")}.`,
        );
      }
      if (Statistics.length === 0) {
        throw new AwsError(
          "InvalidParameterCombination",
          "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
        );
      }
      const asked = Math.ceil((request.EndTime - request.StartTime) / (seconds * 1000));
      if (asked > DATAPOINTS_PER_REQUEST) {
        throw new AwsError(
          "InvalidParameterCombination",
          `You have requested up to ${grouped(asked)} datapoints, which exceeds the limit of ${grouped(DATAPOINTS_PER_REQUEST)}. ` +
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        );
      }
      const key = {
        namespace: request.Namespace,
        name: request.MetricName,
        dimensions: dimensionRecord(request.Dimensions),
      };
      const datapoints = metrics.statistics(key, {
        start: startOf(request.StartTime, seconds, clock.now()),
        end: request.EndTime,
        seconds,
        unit,
      });
      return {
        Label: request.MetricName,
        Datapoints: datapoints.map((datapoint) => ({
          Timestamp: new Date(datapoint.timestamp),
          ...Object.fromEntries(
            Statistics.map((name: Statistic) => [name, statisticOf[name](datapoint)]),
          ),
          Unit: datapoint.unit,
        })),
      };
    },

    PutMetricData: (input) => {
      const { Namespace, MetricData } = readRequired(Inputs.PutMetricData, input);
      if (MetricData.length === 0) {
        throw new AwsError("MissingParameter", "The parameter MetricData is required.");
      }
      if (MetricData.length > DATA_PER_REQUEST) {
        throw invalid(
          `The collection MetricData must not have a size greater than ${DATA_PER_REQUEST}.`,
        );
      }
      if (Namespace.startsWith("AWS/")) {
        throw invalid(`The value ${Namespace} for parameter Namespace is invalid.`);
      }
      const now = clock.now();
      metrics.put(
        MetricData.map((datum, index) =>
          metricDatum(Namespace, datum, `MetricData.member.${index + 1}`, now),
        ),
      );
      return {};
    },
  };

  return {
    operations,
    start: monitor.start,
    stop: monitor.stop,
    state: () => ({ alarms: monitor.alarms(), history: monitor.history() }),
  };
}

/**
 * Reads the input of the two operations that name a missing member in CloudWatch's own way, not in that
 * of its validation layer.
 */
function readRequired<Schema extends z.ZodObject>(schema: Schema, input: unknown): z.infer<Schema> {
  const members = (input ?? {}) as Readonly<Record<string, unknown>>;
  for (const [name, member] of Object.entries(schema.shape)) {
    const absent = members[name] === undefined || members[name] === null;
    if (absent && !z.safeParse(member as z.ZodType, undefined).success) {
      throw new AwsError("MissingParameter", `The parameter ${name} is required.`);
    }
  }
  return readInput(schema, input, CODE);
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html */
function startOf(start: number, seconds: number, now: number): number {
  const age = now - start;
  const step =
    age > 63 * DAY ? HOUR : age > 15 * DAY ? 5 * MINUTE : seconds < 60 ? seconds * 1000 : MINUTE;
  return start - (start % step);
}

const validPeriod = (seconds: number) => [1, 5, 10, 20, 30].includes(seconds) || seconds % 60 === 0;

function describeAlarm(record: AlarmRecord): AwsStructure {
  const { alarm, state } = record;
  const { reasonData } = state;
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    AlarmDescription: alarm.description || undefined,
    AlarmConfigurationUpdatedTimestamp: new Date(record.configurationUpdatedAt),
    ActionsEnabled: record.actionsEnabled,
    OKActions: alarm.okActions,
    AlarmActions: alarm.alarmActions,
    InsufficientDataActions: alarm.insufficientDataActions,
    StateValue: state.value,
    StateReason: state.reason,
    StateReasonData:
      reasonData === undefined || typeof reasonData === "string" ? reasonData : toJson(reasonData),
    StateUpdatedTimestamp: new Date(record.stateUpdatedAt),
    ...conditionOf(alarm),
    StateTransitionedTimestamp: new Date(record.stateTransitionedAt),
  };
}

type AlarmType = "MetricAlarm" | "CompositeAlarm";

function typeOf(alarm: Alarm): AlarmType {
  return isComposite(alarm) ? "CompositeAlarm" : "MetricAlarm";
}

/** All that DescribeAlarms says of the children and the parents of an alarm. */
function describeRelative({ alarm, state, stateUpdatedAt }: AlarmRecord): AwsStructure {
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    StateValue: state.value,
    StateUpdatedTimestamp: new Date(stateUpdatedAt),
  };
}

/** What the alarm fires on. */
function conditionOf(alarm: Alarm): AwsStructure {
  if (isComposite(alarm)) return { AlarmRule: alarm.rule };
  const evaluation = {
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
    TreatMissingData: alarm.treatMissingData,
  };
  const metric = {
    MetricName: alarm.metricName,
    Namespace: alarm.namespace,
    Dimensions: dimensionList(alarm.dimensions),
  };
  if (isAnomaly(alarm)) {
    return {
      ...evaluation,
      ComparisonOperator: "GreaterThanUpperThreshold",
      ThresholdMetricId: BAND_ID,
      Metrics: [
        {
          Id: "m1",
          MetricStat: { Metric: metric, Period: alarm.period, Stat: alarm.statistic },
          ReturnData: true,
        },
        {
          Id: BAND_ID,
          Expression: `ANOMALY_DETECTION_BAND(m1, ${alarm.deviations})`,
          ReturnData: true,
        },
      ],
    };
  }
  return {
    ...metric,
    Statistic: alarm.statistic,
    Period: alarm.period,
    ...evaluation,
    Threshold: alarm.threshold,
    ComparisonOperator: alarm.comparisonOperator,
  };
}

function actionsOf(alarm: Alarm): readonly string[] {
  return [...alarm.alarmActions, ...alarm.okActions, ...alarm.insufficientDataActions];
}

function dimensionList(dimensions: Readonly<Record<string, string>>): AwsStructure[] {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const grouped = (number: number) => number.toLocaleString("en-US");

const invalidToken = (token: string | undefined) =>
  new AwsError("InvalidNextToken", `The NextToken ${token} was not given by this operation.`);
