import { z } from "zod";
import { run } from "../../../common/run.ts";

/** The image that an ECS service runs. */
export interface RunningImage {
  /** `sha256:…` of the image. */
  readonly digest: string;
  /** Whether no older deployment is draining and no newer one is starting. */
  readonly steady: boolean;
  /** ECS's explanation of the state of the newest deployment, such as a rollback. */
  readonly reason?: string;
}

const services = z.object({
  services: z.array(
    z.object({
      status: z.string(),
      taskDefinition: z.string(),
      deployments: z.array(
        z.object({
          status: z.string(),
          rolloutState: z.string().optional(),
          rolloutStateReason: z.string().optional(),
        }),
      ),
    }),
  ),
});

const taskDefinition = z.object({
  taskDefinition: z.object({ containerDefinitions: z.array(z.object({ image: z.string() })) }),
});

/**
 * Asks ECS which image a service runs. After a rollback by ECS that is the previous image, even
 * though the deployment succeeded.
 * @returns undefined if there is no active service of that name
 * @throws Error if ECS cannot be read, or the service does not run exactly one image
 */
export async function runningImage(
  cluster: string,
  service: string,
): Promise<RunningImage | undefined> {
  const name = ["--cluster", cluster, "--services", service];
  const { code, stdout, stderr } = await run(
    ["aws", "ecs", "describe-services", ...name, "--output", "json"],
    { accept: "any" },
  );
  if (code !== 0) {
    if (stderr.includes("ClusterNotFoundException")) return undefined;
    throw new Error(`aws ecs describe-services failed: ${stderr.trim()}`);
  }
  const [found] = services.parse(JSON.parse(stdout)).services;
  if (found === undefined || found.status !== "ACTIVE") return undefined;
  const primary = found.deployments.find(({ status }) => status === "PRIMARY");
  const { stdout: definition } = await run([
    ...(["aws", "ecs", "describe-task-definition", "--output", "json"] as const),
    ...["--task-definition", found.taskDefinition],
  ]);
  const { containerDefinitions } = taskDefinition.parse(JSON.parse(definition)).taskDefinition;
  const digests = new Set(
    containerDefinitions.flatMap(({ image }) => /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1] ?? []),
  );
  const [digest, ...more] = digests;
  if (digest === undefined || more.length > 0) {
    throw new Error(
      `${service} must run exactly one image referenced by digest, but runs ${digests.size}.`,
    );
  }
  const steady =
    found.deployments.length === 1 && (primary?.rolloutState ?? "COMPLETED") === "COMPLETED";
  const reason = primary?.rolloutStateReason ?? "";
  return { digest, steady, ...(reason === "" ? {} : { reason }) };
}
