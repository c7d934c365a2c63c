import { z } from "zod";
import { unknownName } from "../common/unknown-name.ts";

/** @returns an error message, or undefined if the value is valid */
type Validator<Arguments extends unknown[]> = (...values: Arguments) => string | undefined;

export function validated(validate: Validator<[string]>) {
  return z.string().superRefine((text, context) => {
    const error = validate(text);
    if (error !== undefined) context.addIssue(error);
  });
}

/** Accepts a text that `parse` converts to a value. Rejects it if `parse` returns an error message. */
export function parsed<Value extends object>(parse: (text: string) => Value | string) {
  return z.string().transform((text, context): Value => {
    const value = parse(text);
    if (typeof value !== "string") return value;
    context.addIssue(value);
    return z.NEVER;
  });
}

/** Accepts one or more comma-separated items. Removes blanks around items, and empty items. */
export function listOf(validateItem: Validator<[string]>): z.ZodType<readonly string[]> {
  return z
    .string()
    .transform(itemsOf)
    .pipe(z.array(validated(validateItem)).min(1, "has no items"));
}

/** Accepts the same as `listOf`, and removes duplicates. */
export function setOf(validateItem: Validator<[string]>): z.ZodType<readonly string[]> {
  return listOf(validateItem).transform((items) => [...new Set(items)]);
}

/** Accepts comma-separated names out of `known`. */
export function namesOf(kind: string, known: readonly string[]): z.ZodType<readonly string[]> {
  return listOf((name) => (known.includes(name) ? undefined : unknownName(kind, name, known)));
}

/** Accepts comma-separated `name=number`: names out of `known`, each at most once, and numbers above 0. */
export function numbersOf(
  kind: string,
  known: readonly string[],
  validate: Validator<[name: string, number: number]> = () => undefined,
): z.ZodType<Readonly<Record<string, number>>> {
  return z.string().transform((text, context) => {
    const numbers = new Map<string, number>();
    for (const [name, value] of pairsOf(text)) {
      const error = numberError(name, value) ?? validate(name, Number(value));
      if (error !== undefined) context.addIssue(error);
      numbers.set(name, Number(value));
    }
    return Object.fromEntries(numbers);

    function numberError(name: string, value: string | undefined): string | undefined {
      if (!known.includes(name)) return unknownName(kind, name, known);
      if (value === undefined) return `has no number for ${name}`;
      const isPositive = Number(value) > 0 && Number.isFinite(Number(value));
      if (!isPositive) return `has ${JSON.stringify(value)} for ${name}, not a number above 0`;
      return numbers.has(name) ? `sets ${name} twice` : undefined;
    }
  });
}

/** Accepts comma-separated `name=item`: names out of `known`, each with any number of items. */
export function listsOf(
  kind: string,
  known: readonly string[],
  validateItem: Validator<[string]>,
): z.ZodType<Readonly<Record<string, readonly string[]>>> {
  return z.string().transform((text, context) => {
    const lists = Map.groupBy(pairsOf(text), ([name]) => name);
    for (const [name, item = ""] of pairsOf(text)) {
      const error = known.includes(name) ? validateItem(item) : unknownName(kind, name, known);
      if (error !== undefined) context.addIssue(error);
    }
    return Object.fromEntries(
      [...lists].map(([name, pairs]) => [name, pairs.map(([, item = ""]) => item)]),
    );
  });
}

/** Accepts comma-separated `name=text`, with each name once. */
export function textsOf(
  validate: Validator<[name: string, text: string]>,
): z.ZodType<Readonly<Record<string, string>>> {
  return z.string().transform((text, context) => {
    const texts = new Map<string, string>();
    for (const [name, value] of pairsOf(text)) {
      const error =
        value === undefined
          ? `has no value for ${name}`
          : texts.has(name)
            ? `sets ${name} twice`
            : validate(name, value);
      if (error !== undefined) context.addIssue(error);
      texts.set(name, value ?? "");
    }
    return Object.fromEntries(texts);
  });
}

function itemsOf(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** Splits each item at its first equals sign. The value is undefined if there is none. */
function pairsOf(text: string): [name: string, value: string | undefined][] {
  return itemsOf(text).map((item) => {
    const [name = "", ...rest] = item.split("=");
    return [name, rest.length === 0 ? undefined : rest.join("=")];
  });
}
