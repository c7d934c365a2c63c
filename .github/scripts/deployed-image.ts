import { z } from "zod";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { UNBUILT_IMAGE } from "./plan/planned-changes.ts";
import { synthesize } from "./terraform/stacks.ts";
import { initialize, stackNamed, state } from "./terraform/terraform.ts";

const resources = z.object({
  values: z.object({
    root_module: z.object({
      resources: z
        .array(z.object({ type: z.string(), values: z.record(z.string(), z.unknown()) }))
        .default([]),
    }),
  }),
});

/**
 * Reads the digest of the last deployed image from the service stack's state. ECS may run another one: drift.
 * @throws StepError unless the state names exactly one image
 */
export function imageInState(stateJson: string): string {
  const { data } = resources.safeParse(JSON.parse(stateJson));
  const definitions = (data?.values.root_module.resources ?? [])
    .filter(({ type }) => type === "aws_ecs_task_definition")
    .map(({ values }) => String(values.container_definitions));
  const found = new Set(
    definitions.flatMap((text) =>
      [...text.matchAll(/@(sha256:[0-9a-f]{64})"/g)].map(([, one]) => one),
    ),
  );
  const [digest, ...more] = found;
  if (digest === undefined || more.length > 0) {
    throw new StepError(
      `The state of the stack service must name exactly one image by digest, but names ${found.size}.`,
    );
  }
  return digest;
}

if (import.meta.main) {
  await step(async () => {
    const stacks = await synthesize({ CIPHERWATCH_IMAGE_DIGEST: UNBUILT_IMAGE });
    const service = stackNamed(stacks, "service");
    await initialize([service]);
    const digest = imageInState(await state(service));
    console.log(`${digest} was deployed last.`);
    setOutputs({ digest });
  });
}
