import { AppautoscalingPolicy } from "@cdktf/provider-aws/lib/appautoscaling-policy/index.js";
import { AppautoscalingTarget } from "@cdktf/provider-aws/lib/appautoscaling-target/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface TaskScalingProps {
  readonly clusterName: string;
  readonly serviceName: string;
  /** Of load balancer and target group: `app/<name>/<id>/targetgroup/<name>/<id>`. */
  readonly resourceLabel: string;
}

/** Percent of the tasks' CPU at which another is started: what is left bears the load until it runs. */
const TARGET_CPU_PERCENT = 60;
const SCALE_OUT_SECONDS = 60;
const SCALE_IN_SECONDS = 300;

/** As many tasks as CPU and requests ask for, within the settings' bounds; whatever asks for more wins. */
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

  #track(what: "Cpu" | "Requests", targetValue: number, metric: Metric): void {
    const { serviceNamespace, scalableDimension, resourceId } = this.#target;
    const { env } = CipherwatchStack.of(this).settings;
    new AppautoscalingPolicy(this, what, {
      name: resourceName(env, `scale-on-${what.toLowerCase()}`),
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
