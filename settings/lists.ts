import { unknownName } from "../common/unknown-name.ts";
import { type Hint, setting, type Wrong } from "./setting.ts";

/** Comma-separated text; blanks around items and empty items fall away. */
export function listOf(check: (item: string) => Wrong, hint: Hint) {
  return setting<readonly string[]>({
    wrongWith: (text) => itemsOf(text).flatMap((item) => check(item) || []),
    read: itemsOf,
    ...hint,
  });
}

/** Comma-separated names, only of `known` ones. */
export function namesOf(kind: string, known: readonly string[], hint: Hint) {
  return listOf((name) => !known.includes(name) && unknownName(kind, name, known), hint);
}

/** Comma-separated `name=number`, only of `known` names, numbers above 0. */
export function numbersOf(
  kind: string,
  known: readonly string[],
  { check, ...hint }: Hint & { readonly check?: (name: string, number: number) => Wrong },
) {
  return setting<Readonly<Record<string, number>>>({
    wrongWith: (text) =>
      pairsOf(text).flatMap(([name, value], index, pairs) => {
        if (!known.includes(name)) return unknownName(kind, name, known);
        if (value === undefined) return `${name} has no number`;
        const number = value === "" ? Number.NaN : Number(value);
        if (!Number.isFinite(number) || number <= 0) return `${name} has ${JSON.stringify(value)}`;
        const first = pairs.findIndex(([other]) => other === name);
        return (first < index ? `${name} is set twice` : check?.(name, number)) || [];
      }),
    read: (text) => Object.fromEntries(pairsOf(text).map(([name, value]) => [name, Number(value)])),
    ...hint,
  });
}

/** Comma-separated `name=text`, of which a name may have several; only of `known` names. */
export function listsOf(
  kind: string,
  known: readonly string[],
  { check, ...hint }: Hint & { readonly check: (text: string) => Wrong },
) {
  return setting<Readonly<Record<string, readonly string[]>>>({
    wrongWith: (text) =>
      pairsOf(text).flatMap(
        ([name, value = ""]) =>
          (known.includes(name) ? check(value) : unknownName(kind, name, known)) || [],
      ),
    read: (text) => {
      const lists: Record<string, string[]> = {};
      for (const [name, value = ""] of pairsOf(text)) lists[name] = [...(lists[name] ?? []), value];
      return lists;
    },
    ...hint,
  });
}

function itemsOf(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** What is left and right of the first equals sign of each item. */
function pairsOf(text: string): [name: string, value: string | undefined][] {
  return itemsOf(text).map((item) => {
    const [name = "", ...rest] = item.split("=");
    return [name, rest.length === 0 ? undefined : rest.join("=")];
  });
}
