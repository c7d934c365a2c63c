import type { Pipeline } from "./use-pipeline.ts";

/** The only ECS service, with the task definition that ECS reports for it. */
export interface RunningService {
  readonly cluster: string;
  readonly service: string;
  readonly taskDefinition: string;
  /** Digest of the image. */
  readonly digest: string | undefined;
}

export async function runningService(aws: Pipeline["aws"]): Promise<RunningService> {
  const { clusterArns } = await aws<{ clusterArns: string[] }>("ecs", "list-clusters");
  const [cluster = ""] = clusterArns;
  const inCluster = ["--cluster", cluster];
  const { serviceArns } = await aws<{ serviceArns: string[] }>(
    "ecs",
    "list-services",
    ...inCluster,
  );
  const [service = ""] = serviceArns;
  const { services } = await aws<{ services: { taskDefinition: string }[] }>(
    ...["ecs", "describe-services", ...inCluster, "--services", service],
  );
  const taskDefinition = services[0]?.taskDefinition ?? "";
  const { taskDefinition: definition } = await aws<{
    taskDefinition: { containerDefinitions: { image: string }[] };
  }>("ecs", "describe-task-definition", "--task-definition", taskDefinition);
  const digest = definition.containerDefinitions[0]?.image.split("@")[1];
  return { cluster, service, taskDefinition, digest };
}
