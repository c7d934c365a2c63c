import { keyAlias, serviceRoleName } from "../../stacks/naming.ts";
import type { Environment } from "../../stacks/settings.ts";
import type { DeployedAlarm, DeployedMetricFilter, Deployment } from "../deployment.ts";
import { parsePattern } from "../pattern/index.ts";
import { metricId } from "./metric-id.ts";

/** A metric that CloudTrail's records are counted into, and the alarms on it. */
export interface Detection {
  readonly id: string;
  /** Indices of the filters that feed it. */
  readonly filters: readonly number[];
  readonly alarms: readonly DeployedAlarm[];
  /** What its patterns watch is that of no account: nobody said which role or key. */
  readonly unbound: readonly Binding[];
}

export type Binding = "role" | "key";

export interface Detections {
  readonly filters: readonly DeployedMetricFilter[];
  readonly detections: readonly Detection[];
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
  const isFed = ({ namespace, metricName }: DeployedAlarm) =>
    metrics.has(`${namespace} ${metricName}`);
  return {
    filters,
    detections: [...metrics].map(([key, { id, filters: indices }]) => ({
      id,
      filters: indices,
      alarms: deployment.alarms.filter(
        ({ namespace, metricName }) => key === `${namespace} ${metricName}`,
      ),
      unbound: BINDINGS.filter(
        (binding) =>
          boundTo(binding, bindings) === undefined &&
          indices.some((index) => ofTrail[index]?.pattern.includes(standIns[binding])),
      ),
    })),
    notReplayed: [
      ...deployment.alarms
        .filter((alarm) => !isFed(alarm))
        .map(({ name, namespace, metricName }) => ({
          alarm: name,
          why: `its metric ${metricName} in ${namespace} does not come from CloudTrail`,
        })),
      ...deployment.anomalyAlarms.map(({ name }) => ({
        alarm: name,
        why: "its band is a model that CloudWatch trains, which nothing here can stand for",
      })),
      ...deployment.compositeAlarms.map(({ name }) => ({
        alarm: name,
        why: "it looks at other alarms, not at a metric",
      })),
    ],
  };
}

/**
 * A pattern of one's own, each with an alarm as the detections have it: one match in a minute.
 * @throws FilterPatternError for what AWS would refuse
 */
export function ownDetections(patterns: readonly string[]): Detections {
  const ids = patterns.map((_, index) => (index === 0 ? "pattern" : `pattern-${index + 1}`));
  return {
    filters: patterns.map((pattern, index) => ({
      name: ids[index] ?? "",
      logGroupName: "replay",
      pattern: parsePattern(pattern).source,
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
    notReplayed: [],
  };
}

function ownAlarm(id: string): DeployedAlarm {
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

export function metricOf({ namespace, metricName: name, dimensions }: DeployedAlarm): string {
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
  filter: DeployedMetricFilter,
  standIns: Readonly<Record<Binding, string>>,
  bindings: Bindings,
): DeployedMetricFilter {
  let { pattern } = filter;
  for (const binding of BINDINGS) {
    const value = boundTo(binding, bindings);
    // Not where the ARN goes on: that is another role, whose name begins with this one's.
    const standIn = new RegExp(`${standIns[binding].replaceAll(".", "\\.")}(?![\\w+=,.@-])`, "g");
    if (value !== undefined) pattern = pattern.replace(standIn, () => value);
  }
  return { ...filter, pattern };
}
