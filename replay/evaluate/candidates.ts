import type { Condition, FilterPattern, JsonTest } from "../../cloudwatch/pattern/ast.ts";
import { matchesJson } from "../../cloudwatch/pattern/matcher.ts";
import { isCompound } from "../../cloudwatch/pattern/traversal.ts";

/** What every CloudTrail record says of a call, and most patterns ask for. */
interface Call {
  readonly eventSource: string;
  readonly eventName: string;
}

const KNOWN: readonly string[] = ["$.eventSource", "$.eventName"];

/** Calls there are by the thousand; more are no calls, and memory stays flat. */
const MOST_CALLS = 20_000;

/**
 * Finds out once for each kind of call which patterns can match records of it at all, so that a record
 * is tried against few. A test of another field is taken to hold: conditions have no negation around
 * them, so that what is false then is false for every record of the call.
 */
export function createCandidates<Item extends { readonly pattern: FilterPattern }>(
  items: readonly Item[],
): (record: Readonly<Record<string, unknown>>) => readonly Item[] {
  const bySource = new Map<string, Map<string, readonly Item[]>>();
  let calls = 0;
  return ({ eventSource, eventName }) => {
    if (typeof eventSource !== "string" || typeof eventName !== "string") return items;
    const known = bySource.get(eventSource)?.get(eventName);
    if (known !== undefined) return known;
    if (++calls > MOST_CALLS) {
      bySource.clear();
      calls = 1;
    }
    const found = items.filter(({ pattern }) => canMatch(pattern, { eventSource, eventName }));
    const ofSource = bySource.get(eventSource) ?? new Map<string, readonly Item[]>();
    bySource.set(eventSource, ofSource.set(eventName, found));
    return found;
  };
}

function canMatch(pattern: FilterPattern, call: Call): boolean {
  return pattern.kind !== "json" || canHold(pattern.condition, call);
}

function canHold(condition: Condition<JsonTest>, call: Call): boolean {
  if (!isCompound(condition)) {
    if (!KNOWN.includes(condition.selector.text)) return true;
    return matchesJson({ kind: "json", source: "", condition }, call);
  }
  const holds = (inner: Condition<JsonTest>) => canHold(inner, call);
  return condition.type === "and"
    ? condition.conditions.every(holds)
    : condition.conditions.some(holds);
}
