import type { RecordedWrite } from "../aws/recorded-writes.ts";
import { isContainer } from "./json.ts";
import { objectOf, type PlanJson, type ResourceChange } from "./plan-json.ts";
import type { PlannedStack } from "./plan-report.ts";

/** Attributes that CloudTrail may use as the name of a resource. */
const NAMES = ["arn", "id", "name"] as const;

/** Most resources of a stack to ask CloudTrail about. */
const RESOURCES = 10;
const WRITES = 3;

/**
 * Adds to each changed resource of a report who changed it last in AWS.
 * @param recordedWrites returns the latest calls that changed a resource with one of these names
 */
export async function withCallers(
  report: PlannedStack,
  plan: PlanJson,
  recordedWrites: (names: readonly string[], limit: number) => Promise<readonly RecordedWrite[]>,
): Promise<PlannedStack> {
  const changes = new Map(plan.resource_changes.map((change) => [objectOf(change), change]));
  const resources = [];
  for (const [index, resource] of report.resources.entries()) {
    const names = namesOf(changes.get(resource.address));
    if (index >= RESOURCES || names.length === 0) resources.push(resource);
    else resources.push({ ...resource, changedBy: [...(await recordedWrites(names, WRITES))] });
  }
  return { ...report, resources };
}

/** Returns the names under which AWS knows a resource; empty if it does not exist yet. */
export function namesOf(resource: ResourceChange | undefined): string[] {
  const before = resource?.change.before;
  if (!isContainer(before)) return [];
  const names = NAMES.map((name) => before[name]).filter((name) => typeof name === "string");
  return [...new Set(names)].filter((name) => name !== "");
}
