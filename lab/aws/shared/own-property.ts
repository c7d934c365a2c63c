/** Own-property lookup for untrusted keys, so that `constructor` or `__proto__` never match. */
export function ownProperty<Value>(
  table: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
