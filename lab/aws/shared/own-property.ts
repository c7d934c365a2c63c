/** Looks up an own property by an untrusted key, so that `constructor` or `__proto__` never match. */
export function ownProperty<Value>(
  table: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
