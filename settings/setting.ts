import { z } from "zod";
import type { Shape } from "../common/environment.ts";

/** The parts of an error message that help to correct a setting. */
export interface Guidance {
  readonly allowed: string;
  /** The next step, in the imperative. */
  readonly next: string;
}

/** A setting, such as `keyRotationDays`, which is read from the variable CIPHERWATCH_KEY_ROTATION_DAYS. */
export interface Setting<Value> extends Guidance {
  /** Says in one line what the setting does. */
  readonly description: string;
  /** Parses the trimmed text of the variable. Its messages complete the sentence "The value …". */
  readonly schema: z.ZodType<Value>;
  /** Used while the variable is unset or blank. Without it, the schema decides about an unset variable. */
  readonly defaults?: Readonly<Record<Shape, Value>>;
  /** Returns the default in environments other than dev and prod; undefined for none. Default: that of the shape. */
  readonly ownDefault?: (env: string) => Value | undefined;
  /** Keeps the value out of error messages. */
  readonly secret?: boolean;
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

export type ValuesOf<Table extends SettingsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never;
};

/** A check on several settings together. */
export interface Refinement<Values> extends Guidance {
  /** The settings that it reads. Errors name the first. The check is skipped while one of them is invalid. */
  readonly fields: readonly [keyof Values & string, ...(keyof Values & string)[]];
  /** @returns one or several error messages, or a falsy value if the settings are valid */
  readonly check: (values: Values) => string | readonly string[] | false | undefined;
}

/** Returns an entry of a settings table. Its type ensures that the defaults are values of the schema. */
export function setting<Value>(
  entry: Omit<Setting<Value>, "defaults" | "ownDefault"> & {
    readonly defaults?: Readonly<Record<Shape, NoInfer<Value>>>;
    readonly ownDefault?: (env: string) => NoInfer<Value> | undefined;
  },
): Setting<Value> {
  return entry;
}

/**
 * Creates the schema of a text that matches a pattern.
 * @param message the error for any other text
 */
export function text(pattern: RegExp, message: string) {
  return z.string().regex(pattern, message);
}

/** Returns the same default for both shapes. */
export function same<const Value>(value: Value): Readonly<Record<Shape, Value>> {
  return { dev: value, prod: value };
}

const NEXT = "set an allowed value, or unset it to use the default";

type Entry<Value> = Pick<Setting<Value>, "description" | "defaults"> & Partial<Guidance>;

/** Accepts true, 1, yes, on, y, enabled and their opposites, in any case. */
export function flag(entry: Entry<boolean>): Setting<boolean> {
  return {
    schema: z.stringbool("must be true or false"),
    allowed: "true, false",
    next: NEXT,
    ...entry,
  };
}

export function integer(min: number, max: number, entry: Entry<number>): Setting<number> {
  const message = `must be an integer between ${min} and ${max}`;
  return {
    schema: z.coerce
      .number(message)
      .refine((value) => Number.isInteger(value) && value >= min && value <= max, message),
    allowed: `an integer between ${min} and ${max}`,
    next: NEXT,
    ...entry,
  };
}

/** @param message the error for any other text */
export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  message: string,
  entry: Entry<NoInfer<Choice>>,
): Setting<Choice> {
  return { schema: z.enum(choices, message), allowed: choices.join(", "), next: NEXT, ...entry };
}

/** @param message the error for any other number */
export function oneOfNumbers(
  choices: readonly number[],
  message: string,
  entry: Entry<number>,
): Setting<number> {
  return {
    schema: z.coerce.number("must be a number").refine((value) => choices.includes(value), message),
    allowed: choices.join(", "),
    next: NEXT,
    ...entry,
  };
}
