import {
  CloudwatchMetricAlarm,
  type CloudwatchMetricAlarmConfig,
  type CloudwatchMetricAlarmMetricQuery,
} from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { Construct } from "constructs";
import { ROUTINE_TOPIC, resourceName, serviceNamespace } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { topicArn } from "./alarm-topic.ts";
import type { TargetGroup } from "./load-balancer.ts";

export interface DeploymentAlarmsProps {
  /** `app/<name>/<id>` */
  readonly loadBalancerArnSuffix: string;
  readonly targetGroups: readonly TargetGroup[];
}

const PERIOD_SECONDS = 60;

/** Fewer server errors a minute do not roll a deployment back, whatever their share. */
const MIN_SERVER_ERRORS = 5;
/** Fewer denied decrypts a minute do not roll a deployment back. The smoke test causes one. */
const MIN_DENIED = 10;

const LOAD_BALANCER = "AWS/ApplicationELB";

/**
 * Alarms that stop and roll back a deployment. At other times they only notify the routine topic. They are
 * part of the service's stack, because the service refers to them; the topic is in the stack alarm, which may
 * be deployed later, so they name it instead of referring to it.
 *
 * ECS ignores them in a deployment that starts while one of them is in ALARM, so that it can fix the cause.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
 */
export class DeploymentAlarms extends Construct {
  /** As references, so that the service is updated after its alarms. */
  readonly alarmNames: readonly string[];

  constructor(
    scope: Construct,
    id: string,
    { loadBalancerArnSuffix, targetGroups }: DeploymentAlarmsProps,
  ) {
    super(scope, id);
    const { env, rollbackErrorPercent, rollbackDeniedPercent, rollbackLatencyMs } =
      CipherwatchStack.of(this).settings;
    const ofLoadBalancer = { LoadBalancer: loadBalancerArnSuffix };
    const share = shareOf(LOAD_BALANCER, ofLoadBalancer);
    const deniedShare = shareOf(serviceNamespace(env), { Service: "api" });
    this.alarmNames = [
      this.#add("ServerErrors", "rollback-server-errors", {
        alarmDescription: `${rollbackErrorPercent} % or more of the requests return a status of 500 or above.`,
        metricQuery: share("HTTPCode_Target_5XX_Count", "RequestCount", MIN_SERVER_ERRORS),
        threshold: rollbackErrorPercent,
      }),
      this.#add("NoResponse", "rollback-no-response", {
        alarmDescription: `The load balancer itself returns ${MIN_SERVER_ERRORS} or more errors a minute: tasks do not respond, or none is registered.`,
        ...metric("HTTPCode_ELB_5XX_Count", ofLoadBalancer),
        statistic: "Sum",
        threshold: MIN_SERVER_ERRORS,
      }),
      ...targetGroups.map(({ id, arnSuffix }) =>
        this.#add(`Unhealthy${id}`, `rollback-unhealthy-${id.toLowerCase()}`, {
          alarmDescription: "Tasks fail the health check of the load balancer.",
          ...metric("UnHealthyHostCount", { ...ofLoadBalancer, TargetGroup: arnSuffix }),
          statistic: "Maximum",
          threshold: 1,
        }),
      ),
      this.#add("DeniedDecrypts", "rollback-denied-decrypts", {
        alarmDescription: `${rollbackDeniedPercent} % or more of the decrypts are denied.`,
        metricQuery: deniedShare("DecryptDenied", "Decrypts", MIN_DENIED),
        threshold: rollbackDeniedPercent,
      }),
      this.#add("Latency", "rollback-latency", {
        alarmDescription: `A tenth of the requests takes ${rollbackLatencyMs} ms or longer.`,
        ...metric("TargetResponseTime", ofLoadBalancer),
        extendedStatistic: "p90",
        evaluateLowSampleCountPercentiles: "ignore",
        threshold: rollbackLatencyMs / 1000,
      }),
    ];
  }

  /** Requires two of three minutes: one bad minute while tasks are replaced is no reason to roll back. */
  #add(id: string, part: string, config: AlarmConfig): string {
    const stack = CipherwatchStack.of(this);
    const { env } = stack.settings;
    return new CloudwatchMetricAlarm(this, id, {
      ...config,
      alarmName: resourceName(env, part),
      alarmDescription: `${config.alarmDescription} ECS rolls a deployment back during which this happens: see docs/pipeline.md.`,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      treatMissingData: "notBreaching", // without requests there are no metrics
      actionsEnabled: true,
      alarmActions: [topicArn(stack, ROUTINE_TOPIC)],
    }).alarmName;
  }
}

type AlarmConfig = Partial<CloudwatchMetricAlarmConfig> &
  Required<Pick<CloudwatchMetricAlarmConfig, "alarmDescription" | "threshold">>;

type Dimensions = Readonly<Record<string, string>>;

function metric(metricName: string, dimensions: Dimensions) {
  return { namespace: LOAD_BALANCER, metricName, dimensions, period: PERIOD_SECONDS };
}

/** Builds queries for the share of events among all, in percent; 0 below a minimum number of events. */
function shareOf(namespace: string, dimensions: Dimensions) {
  return (events: string, all: string, minimum: number): CloudwatchMetricAlarmMetricQuery[] => {
    const sum = (id: string, metricName: string) => ({
      id,
      metric: { namespace, metricName, dimensions, period: PERIOD_SECONDS, stat: "Sum" },
    });
    return [
      sum("events", events),
      sum("all", all),
      {
        id: "share",
        expression: `IF(events >= ${minimum}, 100 * events / all, 0)`,
        label: "Percent",
        returnData: true,
      },
    ];
  };
}
