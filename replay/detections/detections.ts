import type { CompositeAlarm, MetricAlarm, ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { FilterPatternError } from "../../cloudwatch/pattern/error.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import type { Environment } from "../../common/environment.ts";
import { keyAlias, serviceRoleName } from "../../common/naming.ts";
import { LONGEST_PATTERN } from "../../detections/exclusions.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import { metricId } from "../evaluate/metric-id.ts";

/** A metric that CloudTrail's records are counted into, and the alarms on it. */
export interface Detection {
  readonly id: string;
  /** Indices of the filters that feed it. */
  readonly filters: readonly number[];
  /** Those on a threshold first. */
  readonly alarms: readonly MetricAlarm[];
  /** What its patterns watch is that of no account: nobody said which role or key. */
  readonly unbound: readonly Binding[];
}

export type Binding = "role" | "key";

export interface Detections {
  readonly filters: readonly MetricFilter[];
  readonly detections: readonly Detection[];
  readonly composites: readonly CompositeAlarm[];
  readonly notReplayed: readonly NotReplayed[];
}

export interface NotReplayed {
  readonly alarm: string;
  readonly why: string;
}

/** Whose role and key the patterns shall name. */
export interface Bindings {
  readonly roleArn?: string | undefined;
  readonly keyArn?: string | undefined;
}

/** The filters and alarms of a deployment that a trail feeds. */
export function deployedDetections(
  deployment: Deployment,
  env: Environment,
  bindings: Bindings,
): Detections {
  const standIns = standInsOf(deployment, env);
  const ofTrail = deployment.metricFilters.filter(
    ({ logGroupName }) => logGroupName === deployment.trail.logGroupName,
  );
  const filters = ofTrail.map((filter) => bind(filter, standIns, bindings));
  const metrics = new Map<string, { readonly id: string; readonly filters: number[] }>();
  for (const [index, { transformation }] of filters.entries()) {
    const { metricNamespace, metricName } = transformation;
    const key = `${metricNamespace} ${metricName}`;
    const metric = metrics.get(key) ?? { id: metricName, filters: [] };
    metric.filters.push(index);
    metrics.set(key, metric);
  }
  const metricAlarms: readonly MetricAlarm[] = [...deployment.alarms, ...deployment.anomalyAlarms];
  const keyOf = ({ namespace, metricName }: MetricAlarm) => `${namespace} ${metricName}`;
  const whyNot = (alarm: MetricAlarm): string | undefined => {
    if (!metrics.has(keyOf(alarm))) {
      return `its metric ${alarm.metricName} in ${alarm.namespace} does not come from CloudTrail`;
    }
    return alarm.period % 60 === 0
      ? undefined
      : `its period is ${alarm.period} seconds, and a metric filter has one point a minute`;
  };
  return {
    filters,
    detections: [...metrics].map(([key, { id, filters: indices }]) => ({
      id,
      filters: indices,
      alarms: metricAlarms.filter((alarm) => key === keyOf(alarm) && whyNot(alarm) === undefined),
      unbound: BINDINGS.filter(
        (binding) =>
          boundTo(binding, bindings) === undefined &&
          indices.some((index) => ofTrail[index]?.pattern.includes(standIns[binding])),
      ),
    })),
    composites: deployment.compositeAlarms,
    notReplayed: metricAlarms.flatMap((alarm) => {
      const why = whyNot(alarm);
      return why === undefined ? [] : [{ alarm: alarm.name, why }];
    }),
  };
}

/**
 * A pattern of one's own, each with an alarm as the detections have it: one match in a minute.
 * @throws Error that names the pattern that AWS would refuse, with AWS's message
 */
export function ownDetections(patterns: readonly string[]): Detections {
  const ids = patterns.map((_, index) => (index === 0 ? "pattern" : `pattern-${index + 1}`));
  return {
    filters: patterns.map((pattern, index) => ({
      name: ids[index] ?? "",
      logGroupName: "replay",
      pattern: ownPattern(pattern),
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
      alarms: [ownAlarm(id)],
      unbound: [],
    })),
    composites: [],
    notReplayed: [],
  };
}

function ownPattern(text: string): string {
  try {
    return parsePattern(text).source;
  } catch (error) {
    if (!(error instanceof FilterPatternError)) throw error;
    const { message, detail } = error;
    throw new Error(`--pattern is "${text}". ${message}\n${detail}`, { cause: error });
  }
}

function ownAlarm(id: string): ThresholdAlarm {
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

/** The metrics that alarms watch, by `metricId`. */
export function watchedMetrics(detections: readonly Detection[]): readonly string[] {
  return [...new Set(detections.flatMap(({ alarms }) => alarms.map(metricOf)))];
}

export function metricOf({ namespace, metricName: name, dimensions }: MetricAlarm): string {
  return metricId({ namespace, name, dimensions });
}

const BINDINGS: readonly Binding[] = ["role", "key"];

function boundTo(binding: Binding, { roleArn, keyArn }: Bindings): string | undefined {
  return binding === "role" ? roleArn : keyArn;
}

/** What the synthesized patterns name: the role and the key that the deployment would make. */
function standInsOf(deployment: Deployment, env: Environment): Readonly<Record<Binding, string>> {
  const key = deployment.keys.find(({ aliases }) => aliases.includes(keyAlias(env)));
  if (key === undefined) throw new Error(`The stacks give no key the alias ${keyAlias(env)}.`);
  const role = `arn:aws:iam::${deployment.accountId}:role/${serviceRoleName(env)}`;
  return { role, key: key.arn };
}

function bind(
  filter: MetricFilter,
  standIns: Readonly<Record<Binding, string>>,
  bindings: Bindings,
): MetricFilter {
  let { pattern } = filter;
  for (const binding of BINDINGS) {
    const value = boundTo(binding, bindings);
    // Not where the ARN goes on: that is another role, whose name begins with this one's.
    const standIn = new RegExp(`${standIns[binding].replaceAll(".", "\\.")}(?![\\w+=,.@-])`, "g");
    if (value !== undefined) pattern = pattern.replace(standIn, () => value);
  }
  checkLength(filter.name, pattern);
  return { ...filter, pattern };
}

/** The ARNs themselves are checked: all that they can do to a pattern is to make it too long. */
function checkLength(name: string, pattern: string): void {
  if (pattern.length <= LONGEST_PATTERN) return;
  throw new Error(
    `With this role and this key the pattern of ${name} has ${pattern.length} characters, and AWS takes ` +
      `${LONGEST_PATTERN}: the detection cannot be deployed for them. Exclude fewer callers, or give the ` +
      "role a shorter path and name.",
  );
}
