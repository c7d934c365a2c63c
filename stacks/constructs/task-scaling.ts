import { AppautoscalingPolicy } from "@cdktf/provider-aws/lib/appautoscaling-policy/index.js";
import { AppautoscalingTarget } from "@cdktf/provider-aws/lib/appautoscaling-target/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface TaskScalingProps {
  readonly clusterName: string;
  readonly serviceName: string;
  /** Load balancer and target group: `app/<name>/<id>/targetgroup/<name>/<id>`. */
  readonly resourceLabel: string;
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
    const { minTasks, maxTasks, requestsPerTask } = CipherwatchStack.of(this).settings;
    this.#target = new AppautoscalingTarget(this, "Target", {
      serviceNamespace: "ecs",
      scalableDimension: "ecs:service:DesiredCount",
      resourceId: `service/${props.clusterName}/${props.serviceName}`,
      minCapacity: minTasks,
      maxCapacity: maxTasks,
    });
    this.#track("Cpu", TARGET_CPU_PERCENT, {
      predefinedMetricType: "ECSServiceAverageCPUUtilization",
    });
    this.#track("Requests", requestsPerTask, {
      predefinedMetricType: "ALBRequestCountPerTarget",
      resourceLabel: props.resourceLabel,
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
        predefinedMetricSpecification: metric,
        targetValue,
        scaleOutCooldown: SCALE_OUT_SECONDS,
        scaleInCooldown: SCALE_IN_SECONDS,
      },
    });
  }
}

interface Metric {
  readonly predefinedMetricType: string;
  readonly resourceLabel?: string;
}
