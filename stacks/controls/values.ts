export type Values = Readonly<Record<string, unknown>>;

/**
 * What stands at a path of keys with dots between them, through every element of a list on the way:
 * `rule.status` of two rules are two values. undefined stands for each that is not there.
 */
export function valuesAt(node: unknown, path: string): readonly unknown[] {
  return keysOf(path).reduce<readonly unknown[]>(
    (nodes, key) => nodes.flatMap(elements).map(child(key)),
    [node],
  );
}

/** The same values with one of those at the path changed, once for each; undefined removes it. */
export function changesAt(
  node: unknown,
  path: string,
  change: (value: unknown) => unknown,
): readonly unknown[] {
  return changed(node, keysOf(path), change);
}

function changed(
  node: unknown,
  [key, ...rest]: readonly string[],
  change: (value: unknown) => unknown,
): readonly unknown[] {
  if (key === undefined) return [change(node)];
  if (Array.isArray(node)) {
    return node.flatMap((element, index) =>
      changed(element, [key, ...rest], change).map((other) => node.with(index, other)),
    );
  }
  const { [key]: value, ...others } = (node ?? {}) as Values;
  return changed(value, rest, change).map((other) =>
    other === undefined ? others : { ...others, [key]: other },
  );
}

function keysOf(path: string): readonly string[] {
  return path === "" ? [] : path.split(".");
}

function elements(node: unknown): readonly unknown[] {
  if (!Array.isArray(node)) return [node];
  return node.length === 0 ? [undefined] : node;
}

function child(key: string) {
  return (node: unknown): unknown => (node as Values | null | undefined)?.[key];
}
