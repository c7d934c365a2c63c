import type { Block } from "./json.ts";

/**
 * Returns the values at a dotted path, for every element of the lists along it: `rule.status` of two rules is two
 * values. A missing value is undefined.
 */
export function valuesAt(node: unknown, path: string): readonly unknown[] {
  return keysOf(path).reduce<readonly unknown[]>(
    (nodes, key) => nodes.flatMap(elements).map(child(key)),
    [node],
  );
}

/** Returns copies of the node, each with one of the values at the path changed; undefined removes the value. */
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
  const { [key]: value, ...others } = (node ?? {}) as Block;
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
  return (node: unknown): unknown => (node as Block | null | undefined)?.[key];
}
