import type { Hint, Kind } from "./setting.ts";
import { unknownName } from "./unknown-name.ts";

/** Comma-separated text; blanks around items and empty items fall away. */
export function listOf(
  check: (item: string) => string | undefined,
  hint: Hint,
): Kind<readonly string[]> {
  return {
    wrongWith: (text) => itemsOf(text).flatMap((item) => check(item) ?? []),
    read: itemsOf,
    ...hint,
  };
}

/** Comma-separated names, only of `known` ones. */
export function namesOf(kind: string, known: readonly string[], hint: Hint) {
  return listOf(
    (name) => (known.includes(name) ? undefined : unknownName(kind, name, known)),
    hint,
  );
}

/**
 * Comma-separated `name=number`, only of `known` names, numbers above 0.
 * @param check what is wrong with a number, if anything is
 */
export function numbersOf(
  kind: string,
  known: readonly string[],
  hint: Hint,
  check: (name: string, number: number) => string | undefined = () => undefined,
): Kind<Readonly<Record<string, number>>> {
  const wrongWith = (text: string) =>
    pairsOf(text).flatMap(([name, value], index, pairs) => {
      if (!known.includes(name)) return unknownName(kind, name, known);
      if (value === undefined) return `${name} has no number`;
      const number = value === "" ? Number.NaN : Number(value);
      if (!Number.isFinite(number) || number <= 0) return `${name} has ${JSON.stringify(value)}`;
      const first = pairs.findIndex(([other]) => other === name);
      return (first < index ? `${name} is set twice` : check(name, number)) ?? [];
    });
  const read = (text: string) =>
    Object.fromEntries(pairsOf(text).map(([name, value]) => [name, Number(value)]));
  return { wrongWith, read, ...hint };
}

/**
 * Comma-separated `name=text`, of which a name may have several; only of `known` names.
 * @param check what is wrong with a text, if anything is
 */
export function listsOf(
  kind: string,
  known: readonly string[],
  hint: Hint,
  check: (text: string) => string | undefined,
): Kind<Readonly<Record<string, readonly string[]>>> {
  const wrongWith = (text: string) =>
    pairsOf(text).flatMap(
      ([name, value = ""]) =>
        (known.includes(name) ? check(value) : unknownName(kind, name, known)) ?? [],
    );
  const read = (text: string) => {
    const lists: Record<string, string[]> = {};
    for (const [name, value = ""] of pairsOf(text)) lists[name] = [...(lists[name] ?? []), value];
    return lists;
  };
  return { wrongWith, read, ...hint };
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
