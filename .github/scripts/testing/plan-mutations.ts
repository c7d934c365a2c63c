/** A change of one value in a JSON document. */
export interface Mutation {
  readonly path: readonly (string | number)[];
  readonly kind: "change" | "remove" | "add" | "reverse";
}

/** Lists every way to change, remove, add or reorder a value of a JSON document. */
export function mutationsOf(value: unknown, path: Mutation["path"] = []): Mutation[] {
  const own: Mutation[] = path.length === 0 ? [] : [{ path, kind: "remove" }];
  if (typeof value !== "object" || value === null) return [...own, { path, kind: "change" }];
  own.push({ path, kind: "add" });
  if (Array.isArray(value)) {
    const reversed = JSON.stringify(value.toReversed());
    if (reversed !== JSON.stringify(value)) own.push({ path, kind: "reverse" });
  }
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [...own, ...members.flatMap(([key, member]) => mutationsOf(member, [...path, key]))];
}

/** Returns a copy of a JSON document with one mutation. */
export function mutated(document: unknown, { path, kind }: Mutation): unknown {
  const copy: unknown = structuredClone(document);
  if (path.length === 0) return changed(copy, kind);
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], copy) as Record<
    string,
    unknown
  >;
  const key = path.at(-1) as string | number;
  if (kind !== "remove") parent[key] = changed(parent[key], kind);
  else if (Array.isArray(parent)) parent.splice(key as number, 1);
  else delete parent[key];
  return copy;
}

function changed(value: unknown, kind: Mutation["kind"]): unknown {
  if (Array.isArray(value)) return kind === "reverse" ? value.toReversed() : [...value, "added"];
  if (typeof value === "object" && value !== null) return { ...value, added: "added" };
  if (typeof value === "string") return `${value}x`;
  if (typeof value === "number") return value === 0 ? 1 : value * 2;
  if (typeof value === "boolean") return !value;
  return "x";
}
