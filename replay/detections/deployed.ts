import type { MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { MAX_PATTERN_LENGTH } from "../../cloudwatch/pattern/limits.ts";
import { dataKeyAlias, keyGenerationsOf, serviceRoleName } from "../../common/naming.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import type { EvaluationsById } from "./alarm-evaluations.ts";
import { BINDINGS, type Binding, type BoundArns, type ReplayedDetections } from "./detections.ts";

/**
 * Marks patterns that compare the caller's address with those of our NAT gateways. AWS assigns these, so a
 * replay does not know them, and such a pattern would match every call of the service.
 */
const SOURCE_ADDRESS = "$.sourceIPAddress";

/** The parts of a deployment that a replay needs. */
export type DeployedAlarms = Pick<
  Deployment,
  "accountId" | "metricFilters" | "alarms" | "anomalyAlarms" | "compositeAlarms"
> & {
  readonly keys: readonly Pick<Deployment["keys"][number], "arn" | "aliases">[];
  readonly trail: Pick<Deployment["trail"], "logGroupName">;
  readonly evaluations: EvaluationsById;
  /** Needed only for roles with an IAM path. */
  readonly access?: { readonly roles: readonly { readonly name: string; readonly arn: string }[] };
};

type StackArns = Readonly<Partial<Record<Binding, string>>>;

/**
 * Returns the metric filters of a deployment that read CloudTrail's log group, and the alarms on their metrics.
 * @param env environment of the service; undefined for a deployment that monitors other keys
 */
export function deployedDetections(
  deployment: DeployedAlarms,
  env: string | undefined,
  bound: BoundArns,
): ReplayedDetections {
  const stackArns = env === undefined ? {} : stackArnsOf(deployment, env);
  const deployedFilters = deployment.metricFilters.filter(
    ({ logGroupName, pattern }) =>
      logGroupName === deployment.trail.logGroupName && !pattern.includes(SOURCE_ADDRESS),
  );
  const filters = deployedFilters.map((filter) => bind(filter, stackArns, bound));
  const metrics = Map.groupBy(filters.keys(), (index) => metricKeyOf(filters[index]));
  const alarms: readonly MetricAlarm[] = [...deployment.alarms, ...deployment.anomalyAlarms];
  const whyNotReplayed = (alarm: MetricAlarm): string | undefined => {
    if (!metrics.has(alarmKeyOf(alarm))) {
      return `its metric ${alarm.metricName} in ${alarm.namespace} does not come from a filter of CloudTrail records`;
    }
    if (alarm.treatMissingData === "breaching") {
      return "it fires without events, and the files do not show whether there were any before the first one";
    }
    return alarm.period % 60 === 0
      ? undefined
      : `its period is ${alarm.period} seconds, but metric filters have a resolution of a minute`;
  };
  const { keyArn } = bound;
  return {
    filters,
    ...(keyArn !== undefined && {
      keys: [
        {
          name: "--key-arn",
          arn: keyArn,
          detectionIds: [...metrics.values()]
            .filter((indices) =>
              indices.some((index) => namesArn(deployedFilters[index], stackArns.key)),
            )
            .map((indices) => idOf(filters[indices[0] ?? 0])),
        },
      ],
    }),
    detections: [...metrics].map(([key, indices]) => ({
      id: idOf(filters[indices[0] ?? 0]),
      filters: indices,
      evaluations: deployment.evaluations[idOf(filters[indices[0] ?? 0])],
      alarms: alarms.filter(
        (alarm) => alarmKeyOf(alarm) === key && whyNotReplayed(alarm) === undefined,
      ),
      unbound: BINDINGS.filter(
        (binding) =>
          bound[`${binding}Arn`] === undefined &&
          indices.some((index) => namesArn(deployedFilters[index], stackArns[binding])),
      ),
    })),
    composites: deployment.compositeAlarms,
    problems: [],
    notReplayed: alarms.flatMap((alarm) => {
      const why = whyNotReplayed(alarm);
      return why === undefined ? [] : [{ alarm: alarm.name, why, unread: false }];
    }),
  };
}

/** Returns the id of the detection that a filter belongs to, which is the name of its metric. */
function idOf(filter: MetricFilter | undefined): string {
  return filter?.transformation.metricName ?? "";
}

function metricKeyOf(filter: MetricFilter | undefined): string {
  return `${filter?.transformation.metricNamespace} ${filter?.transformation.metricName}`;
}

function alarmKeyOf({ namespace, metricName }: MetricAlarm): string {
  return `${namespace} ${metricName}`;
}

/** The ARNs that the synthesized patterns name. */
function stackArnsOf(deployment: DeployedAlarms, env: string): StackArns {
  const generations = keyGenerationsOf(
    env,
    deployment.keys.flatMap(({ aliases }) => aliases),
  );
  const alias = dataKeyAlias(env, generations.at(-1) ?? 1);
  const key = deployment.keys.find(({ aliases }) => aliases.includes(alias));
  if (key === undefined) throw new Error(`No KMS key of the stacks has the alias ${alias}.`);
  const roleName = serviceRoleName(env);
  const role =
    deployment.access?.roles.find(({ name }) => name === roleName)?.arn ??
    `arn:aws:iam::${deployment.accountId}:role/${roleName}`;
  return { role, key: key.arn };
}

function namesArn(filter: MetricFilter | undefined, arn: string | undefined): boolean {
  return arn !== undefined && filter?.pattern.includes(arn) === true;
}

function bind(filter: MetricFilter, stackArns: StackArns, bound: BoundArns): MetricFilter {
  let { pattern } = filter;
  for (const binding of BINDINGS) {
    const arn = bound[`${binding}Arn`];
    const stackArn = stackArns[binding];
    if (arn === undefined || stackArn === undefined) continue;
    // Does not replace the beginning of a longer ARN, such as that of a role whose name begins with this role's.
    const completeArn = new RegExp(`${stackArn.replaceAll(".", "\\.")}(?![\\w+=,.@-])`, "g");
    pattern = pattern.replace(completeArn, () => arn);
  }
  checkLength(filter.name, pattern);
  return { ...filter, pattern };
}

/** Rejects patterns that are too long. Nothing else can be invalid, because the options validate the ARNs. */
function checkLength(name: string, pattern: string): void {
  if (pattern.length <= MAX_PATTERN_LENGTH) return;
  throw new Error(
    `With this role and key, the filter pattern ${name} has ${pattern.length} characters; AWS allows at ` +
      `most ${MAX_PATTERN_LENGTH}. Exclude fewer callers, or give the role a shorter path and name.`,
  );
}
