import type { Stacks } from "../../terraform/json.ts";
import {
  addressOf,
  type ConfiguredResource,
  resourcesOf,
  withResource,
} from "../../terraform/resources.ts";
import type { Finding } from "./finding.ts";
import type { Part, Subject } from "./subject.ts";
import { UNRESOLVABLE } from "./wanted.ts";

const TASK = "aws_ecs_task_definition";
const DEFINITIONS = "container_definitions";

/** Each container of the task definitions, which hold them as the text of a JSON list. */
export const containers: Subject = {
  types: [TASK],
  parts: (stacks) =>
    resourcesOf(stacks, TASK).flatMap((task): readonly (Part | Finding)[] => {
      const definitions = parsed(task.values[DEFINITIONS]);
      if (definitions === undefined) {
        const problem = "is no JSON list of containers that can be read";
        return [{ address: addressOf(task), attribute: DEFINITIONS, problem }];
      }
      return definitions.map((values, index) => ({
        address: `${addressOf(task)} ${(values as { name?: unknown }).name}`,
        stack: task.stack,
        values,
        replaced: (other) => withDefinitions(stacks, task, definitions.with(index, other)),
      }));
    }),
  examples: [UNRESOLVABLE, "[]"].map((value) => ({
    title: `${TASK}: ${DEFINITIONS} ${value}`,
    broken: (stacks) =>
      resourcesOf(stacks, TASK).map((task) => ({
        address: addressOf(task),
        stacks: withResource(stacks, { ...task, values: { ...task.values, [DEFINITIONS]: value } }),
      })),
  })),
};

function parsed(text: unknown): readonly unknown[] | undefined {
  try {
    const definitions: unknown = JSON.parse(String(text));
    return Array.isArray(definitions) && definitions.length > 0 ? definitions : undefined;
  } catch {
    return undefined;
  }
}

function withDefinitions(
  stacks: Stacks,
  task: ConfiguredResource,
  definitions: readonly unknown[],
): Stacks {
  const values = { ...task.values, [DEFINITIONS]: JSON.stringify(definitions) };
  return withResource(stacks, { ...task, values });
}
