/**
 * Returns the paths at which two values of a resource differ, such as `rule.0.days`. Values that are known
 * only after an apply count as different.
 * @param unknown `after_unknown` of the plan: true for each value that is not known yet
 */
export function differences(before: unknown, after: unknown, unknown: unknown = {}): string[] {
  return [...walk(before, after, unknown, [])].map((path) => path.join("."));
}

function* walk(
  before: unknown,
  after: unknown,
  unknown: unknown,
  path: readonly string[],
): Generator<readonly string[]> {
  if (unknown === true) {
    yield path;
  } else if (isTree(before) && isTree(after)) {
    const keys = new Set([before, after, isTree(unknown) ? unknown : {}].flatMap(Object.keys));
    for (const key of keys) {
      yield* walk(before[key], after[key], isTree(unknown) ? unknown[key] : {}, [...path, key]);
    }
  } else if ((before ?? null) !== (after ?? null)) {
    yield path;
  }
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
