import {
  AppautoscalingPolicy,
  type AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
} from "@cdktf/provider-aws/lib/appautoscaling-policy/index.js";
import { AppautoscalingScheduledAction } from "@cdktf/provider-aws/lib/appautoscaling-scheduled-action/index.js";
import { AppautoscalingTarget } from "@cdktf/provider-aws/lib/appautoscaling-target/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { cronOf, type OperatingHours } from "../../common/operating-hours.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface TaskScalingProps {
  readonly clusterName: string;
  readonly serviceName: string;
  /** `app/<name>/<id>` */
  readonly loadBalancerArnSuffix: string;
  /** `targetgroup/<name>/<id>`. Absent if deployments move requests between two target groups. */
  readonly targetGroupArnSuffix?: string | undefined;
}

/** Average CPU above which tasks are added. The rest absorbs the load until they run. */
const TARGET_CPU_PERCENT = 60;
const SCALE_OUT_SECONDS = 60;
const SCALE_IN_SECONDS = 300;

/**
 * Scales the number of tasks with CPU and requests, within the bounds of the settings. The policy that
 * asks for more tasks wins.
 */
export class TaskScaling extends Construct {
  readonly #target: AppautoscalingTarget;

  constructor(scope: Construct, id: string, props: TaskScalingProps) {
    super(scope, id);
    const { settings } = CipherwatchStack.of(this);
    const { minTasks, maxTasks, requestsPerTask, operatingHours: hours } = settings;
    this.#target = new AppautoscalingTarget(this, "Target", {
      serviceNamespace: "ecs",
      scalableDimension: "ecs:service:DesiredCount",
      resourceId: `service/${props.clusterName}/${props.serviceName}`,
      minCapacity: minTasks,
      maxCapacity: maxTasks,
      // The scheduled actions change both.
      ...(hours && { lifecycle: { ignoreChanges: ["min_capacity", "max_capacity"] } }),
    });
    if (hours !== undefined) {
      this.#schedule("Open", hours, hours.opens, minTasks, maxTasks);
      this.#schedule("Close", hours, hours.closes, 0, 0);
    }
    this.#track("Cpu", TARGET_CPU_PERCENT, {
      predefinedMetricSpecification: { predefinedMetricType: "ECSServiceAverageCPUUtilization" },
    });
    this.#track("Requests", requestsPerTask, requestsPerTaskMetric(props));
  }

  /** https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scheduled-scaling.html */
  #schedule(
    id: "Open" | "Close",
    hours: OperatingHours,
    minute: number,
    minTasks: number,
    maxTasks: number,
  ): void {
    const { serviceNamespace, scalableDimension, resourceId } = this.#target;
    new AppautoscalingScheduledAction(this, id, {
      name: resourceName(CipherwatchStack.of(this).settings.env, id.toLowerCase()),
      serviceNamespace,
      scalableDimension,
      resourceId,
      schedule: cronOf(hours, minute),
      timezone: hours.timeZone,
      scalableTargetAction: { minCapacity: String(minTasks), maxCapacity: String(maxTasks) },
    });
  }

  #track(id: "Cpu" | "Requests", targetValue: number, metric: Metric): void {
    const { serviceNamespace, scalableDimension, resourceId } = this.#target;
    const { env } = CipherwatchStack.of(this).settings;
    new AppautoscalingPolicy(this, id, {
      name: resourceName(env, `scale-on-${id.toLowerCase()}`),
      policyType: "TargetTrackingScaling",
      serviceNamespace,
      scalableDimension,
      resourceId,
      targetTrackingScalingPolicyConfiguration: {
        ...metric,
        targetValue,
        scaleOutCooldown: SCALE_OUT_SECONDS,
        scaleInCooldown: SCALE_IN_SECONDS,
      },
    });
  }
}

type Metric = Pick<
  AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
  "customizedMetricSpecification" | "predefinedMetricSpecification"
>;

/**
 * The predefined metric reads one target group. If deployments alternate between two, requests to the load
 * balancer are divided by the desired tasks instead, which do not double while both versions run.
 */
function requestsPerTaskMetric(props: TaskScalingProps): Metric {
  const { clusterName, serviceName, loadBalancerArnSuffix, targetGroupArnSuffix } = props;
  if (targetGroupArnSuffix !== undefined) {
    return {
      predefinedMetricSpecification: {
        predefinedMetricType: "ALBRequestCountPerTarget",
        resourceLabel: `${loadBalancerArnSuffix}/${targetGroupArnSuffix}`,
      },
    };
  }
  const metric = (namespace: string, metricName: string, dimensions: Record<string, string>) => ({
    namespace,
    metricName,
    dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
  });
  const tasks = { ClusterName: clusterName, ServiceName: serviceName };
  return {
    customizedMetricSpecification: {
      metrics: [
        {
          id: "requests",
          metricStat: {
            metric: metric("AWS/ApplicationELB", "RequestCount", {
              LoadBalancer: loadBalancerArnSuffix,
            }),
            stat: "Sum",
          },
          returnData: false,
        },
        {
          id: "tasks",
          metricStat: {
            metric: metric("ECS/ContainerInsights", "DesiredTaskCount", tasks),
            stat: "Average",
          },
          returnData: false,
        },
        {
          id: "requestsPerTask",
          expression: "requests / tasks",
          label: "Requests per task",
          returnData: true,
        },
      ],
    },
  };
}
