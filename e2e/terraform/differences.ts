/**
 * Where two values of a resource differ, as paths such as `rule.0.days`; what is known only after an
 * apply differs.
 * @param unknown as plans have it: true in the place of each value that is not known yet
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
