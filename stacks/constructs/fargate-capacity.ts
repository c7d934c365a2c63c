import type { EcsCluster } from "@cdktf/provider-aws/lib/ecs-cluster/index.js";
import { EcsClusterCapacityProviders } from "@cdktf/provider-aws/lib/ecs-cluster-capacity-providers/index.js";
import type { EcsServiceConfig } from "@cdktf/provider-aws/lib/ecs-service/index.js";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface FargateCapacity {
  /** Arguments of the ECS service. */
  readonly service: Pick<EcsServiceConfig, "launchType" | "capacityProviderStrategy">;
  /** Depend on these before the service starts tasks. */
  readonly providers: readonly ITerraformDependable[];
}

/**
 * Runs tasks on Fargate or, if the settings accept interruptions, on Fargate Spot, whose tasks AWS stops with a
 * notice of two minutes when it needs the capacity.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
 */
export function fargateCapacity(scope: Construct, cluster: EcsCluster): FargateCapacity {
  if (!CipherwatchStack.of(scope).settings.fargateSpot)
    return { service: { launchType: "FARGATE" }, providers: [] };
  const providers = new EcsClusterCapacityProviders(scope, "CapacityProviders", {
    clusterName: cluster.name,
    capacityProviders: ["FARGATE_SPOT"],
  });
  return {
    service: { capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }] },
    providers: [providers],
  };
}
