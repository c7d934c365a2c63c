import type {
  Condition,
  FilterPattern,
  JsonComparison,
  JsonTest,
  Selector,
} from "../../cloudwatch/pattern/ast.ts";
import { matchesJson } from "../../cloudwatch/pattern/matcher.ts";
import { isCompound } from "../../cloudwatch/pattern/traversal.ts";

/** The two fields that nearly every pattern tests and every CloudTrail record has. */
export interface Call {
  readonly eventSource: string;
  readonly eventName: string;
}

/** The patterns that can match records of a call. */
export interface Candidates<Item> {
  readonly items: readonly Item[];
  /**
   * The JSON of each record that one of the patterns matches contains at least one of these, unless it escapes
   * characters with a backslash. Undefined: nothing is known.
   */
  readonly literals: readonly string[] | undefined;
}

const CALL_FIELDS: readonly string[] = ["$.eventSource", "$.eventName"];

/** Bounds the cache. AWS has only thousands of API operations, so further names are not those of real calls. */
const MAX_CACHED_CALLS = 20_000;

/**
 * Preselects the patterns that can match records of a call, once per call, so that each record is tested
 * against few patterns. A test of any other field counts as true: pattern conditions have no negation
 * around them, so a condition that is false under this assumption is false for every record of the call.
 */
export function createCandidates<Item extends { readonly pattern: FilterPattern }>(
  items: readonly Item[],
): (call: { readonly [Field in keyof Call]?: unknown }) => Candidates<Item> {
  const bySource = new Map<string, Map<string, Candidates<Item>>>();
  let calls = 0;
  return ({ eventSource, eventName }) => {
    if (typeof eventSource !== "string" || typeof eventName !== "string") {
      return { items, literals: undefined };
    }
    const cached = bySource.get(eventSource)?.get(eventName);
    if (cached !== undefined) return cached;
    if (++calls > MAX_CACHED_CALLS) {
      bySource.clear();
      calls = 1;
    }
    const candidates = candidatesFor(items, { eventSource, eventName });
    const ofSource = bySource.get(eventSource) ?? new Map<string, Candidates<Item>>();
    bySource.set(eventSource, ofSource.set(eventName, candidates));
    return candidates;
  };
}

function candidatesFor<Item extends { readonly pattern: FilterPattern }>(
  items: readonly Item[],
  call: Call,
): Candidates<Item> {
  const requirements = items.map(({ pattern }) =>
    pattern.kind === "json" ? literalsOf(pattern.condition, call) : undefined,
  );
  return {
    items: items.filter((_, index) => requirements[index]?.length !== 0),
    literals: anyOf(requirements),
  };
}

/** At least one of these texts must occur. Empty: no record can match. Undefined: no requirement is known. */
type Literals = readonly string[] | undefined;

/** Returns the texts that the JSON of a record of the call must contain to meet a condition. */
function literalsOf(condition: Condition<JsonTest>, call: Call): Literals {
  if (!isCompound(condition)) return literalsOfTest(condition, call);
  const requirements = condition.conditions.map((inner) => literalsOf(inner, call));
  if (condition.type === "or") return anyOf(requirements);
  // All operands have to hold, so it is enough to check the requirement that is the fastest to search for.
  return requirements.reduce((best, next) => (searchSpeed(next) > searchSpeed(best) ? next : best));
}

function anyOf(requirements: readonly Literals[]): Literals {
  const known = requirements.filter((literals) => literals !== undefined);
  return known.length < requirements.length ? undefined : [...new Set(known.flat())];
}

/** Prefers long texts, which are fast to find and rare, and above all a requirement that cannot be met. */
function searchSpeed(literals: Literals): number {
  return literals === undefined ? -1 : Math.min(...literals.map(({ length }) => length));
}

function literalsOfTest(test: JsonTest, call: Call): Literals {
  if (CALL_FIELDS.includes(test.selector.text)) {
    const holds = matchesJson({ kind: "json", source: "", condition: test }, call);
    return holds ? undefined : [];
  }
  // Other tests may hold for a record without the field.
  if (test.type !== "comparison" || test.operator === "!=") return undefined;
  const literal = textOf(test) ?? nameOf(test.selector);
  return literal === undefined ? undefined : [literal];
}

/** Text that JSON.stringify writes as it is. */
const PLAIN = /^[ !#-[\]-~]+$/;

/** JSON writes a number in many ways, such as 1e3 and 1000. */
const IN_NUMBERS = /^[\d.eE+-]*$/;

/** The longest text that equal values contain; undefined if they may be numbers. */
function textOf({ operator, value }: JsonComparison): string | undefined {
  if (operator !== "=") return undefined;
  const pieces =
    value.type === "string" ? [value.text] : value.type === "wildcard" ? value.pieces : [];
  const longest = pieces.reduce((best, next) => (next.length > best.length ? next : best), "");
  return PLAIN.test(longest) && !IN_NUMBERS.test(longest) ? longest : undefined;
}

/** The name of the field as JSON writes it. */
function nameOf({ segments }: Selector): string | undefined {
  const last = segments.at(-1);
  return last?.type === "property" && PLAIN.test(last.name) ? `"${last.name}"` : undefined;
}
