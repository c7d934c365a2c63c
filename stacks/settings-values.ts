import { z } from "zod";
import { nearest } from "./nearest.ts";

/** Comma-separated text, or a list as it is; blanks around items and empty items fall away. */
export function listOf(check: (item: string) => string | undefined) {
  return z.union([z.string(), z.array(z.string()).readonly()]).transform((value, context) => {
    const items = typeof value === "string" ? splitList(value) : value;
    for (const item of items) {
      const wrong = check(item);
      if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
    }
    return items;
  });
}

/** Comma-separated names, or a list of them; only of `known` ones. */
export function namesOf(kind: string, known: readonly string[]) {
  return listOf((name) => (known.includes(name) ? undefined : unknownName(kind, name, known)));
}

/**
 * Comma-separated `name=number`, or an object of these; only of `known` names, numbers above 0.
 * @param check what is wrong with a number, if anything is
 */
export function numbersOf(
  kind: string,
  known: readonly string[],
  check: (name: string, number: number) => string | undefined = () => undefined,
) {
  return z
    .union([z.string(), z.record(z.string(), z.number()).readonly()])
    .transform((value, context) => {
      const numbers: Record<string, number> = {};
      const pairs =
        typeof value === "string"
          ? splitList(value).map((item) => item.split("=", 2))
          : Object.entries(value);
      for (const [name = "", text] of pairs) {
        const number = Number(text === "" ? Number.NaN : text);
        const wrong = !known.includes(name)
          ? unknownName(kind, name, known)
          : !Number.isFinite(number) || number <= 0
            ? `${name} has ${text === undefined ? "no number" : JSON.stringify(text)}`
            : Object.hasOwn(numbers, name)
              ? `${name} is set twice`
              : check(name, number);
        if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
        numbers[name] = number;
      }
      return numbers as Readonly<Record<string, number>>;
    });
}

/**
 * Comma-separated `name=text`, of which a name may have several, or an object of lists; only of `known`
 * names.
 * @param check what is wrong with a text, if anything is
 */
export function listsOf(
  kind: string,
  known: readonly string[],
  check: (text: string) => string | undefined,
) {
  return z
    .union([z.string(), z.record(z.string(), z.array(z.string()).readonly()).readonly()])
    .transform((value, context) => {
      const lists: Record<string, string[]> = {};
      const pairs =
        typeof value === "string"
          ? splitList(value).map((item) => splitOnce(item, "="))
          : Object.entries(value).flatMap(([name, texts]) => texts.map((text) => [name, text]));
      for (const [name = "", text = ""] of pairs) {
        const wrong = known.includes(name) ? check(text) : unknownName(kind, name, known);
        if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
        lists[name] = [...(lists[name] ?? []), text];
      }
      return lists as Readonly<Record<string, readonly string[]>>;
    });
}

export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const suggestion = nearest(name, known);
  const question = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
  return `there is no ${kind} ${JSON.stringify(name)}${question}`;
}

/** The rest may hold the separator again. */
function splitOnce(text: string, separator: string): [string, string] {
  const [first = "", ...rest] = text.split(separator);
  return [first, rest.join(separator)];
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** What is wrong with an IPv4 range in CIDR notation, if anything is. */
export function cidrProblem(text: string): string | undefined {
  if (!z.cidrv4().safeParse(text).success) return `${JSON.stringify(text)} is no IPv4 range`;
  const [address = "", prefix = ""] = text.split("/");
  const first = addressOf(numberOf(address) & maskOf(Number(prefix)));
  return address === first
    ? undefined
    : `${text} has bits beyond its prefix; the range is ${first}/${prefix}`;
}

/** 24 for 203.0.113.0/24. */
export function prefixLength(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : -1 << (32 - prefix); // a shift by 32 would shift by 0
}

/** The 32 bits of an IPv4 address; negative from 128.0.0.0 on. */
export function numberOf(address: string): number {
  return address.split(".").reduce((number, part) => (number << 8) | Number(part), 0);
}

export function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join(".");
}
