import type { Condition, FilterPattern, JsonTest } from "../../cloudwatch/pattern/ast.ts";
import { matchesJson } from "../../cloudwatch/pattern/matcher.ts";
import { isCompound } from "../../cloudwatch/pattern/traversal.ts";

/** The two fields that nearly every pattern tests and every CloudTrail record has. */
interface Call {
  readonly eventSource: string;
  readonly eventName: string;
}

const CALL_FIELDS: readonly string[] = ["$.eventSource", "$.eventName"];

/** AWS has thousands of API operations. More distinct names are not real calls, so the cache restarts. */
const MAX_CACHED_CALLS = 20_000;

/**
 * Preselects the patterns that can match records of a call, once per call, so that each record is tested
 * against few patterns. A test of any other field counts as true: pattern conditions have no negation
 * around them, so a condition that is false under this assumption is false for every record of the call.
 */
export function createCandidates<Item extends { readonly pattern: FilterPattern }>(
  items: readonly Item[],
): (record: Readonly<Record<string, unknown>>) => readonly Item[] {
  const bySource = new Map<string, Map<string, readonly Item[]>>();
  let calls = 0;
  return ({ eventSource, eventName }) => {
    if (typeof eventSource !== "string" || typeof eventName !== "string") return items;
    const cached = bySource.get(eventSource)?.get(eventName);
    if (cached !== undefined) return cached;
    if (++calls > MAX_CACHED_CALLS) {
      bySource.clear();
      calls = 1;
    }
    const candidates = items.filter(({ pattern }) => canMatch(pattern, { eventSource, eventName }));
    const ofSource = bySource.get(eventSource) ?? new Map<string, readonly Item[]>();
    bySource.set(eventSource, ofSource.set(eventName, candidates));
    return candidates;
  };
}

function canMatch(pattern: FilterPattern, call: Call): boolean {
  return pattern.kind !== "json" || canHold(pattern.condition, call);
}

function canHold(condition: Condition<JsonTest>, call: Call): boolean {
  if (!isCompound(condition)) {
    if (!CALL_FIELDS.includes(condition.selector.text)) return true;
    return matchesJson({ kind: "json", source: "", condition }, call);
  }
  const holds = (inner: Condition<JsonTest>) => canHold(inner, call);
  return condition.type === "and"
    ? condition.conditions.every(holds)
    : condition.conditions.some(holds);
}
