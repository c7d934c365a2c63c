import type { SettingsProblem } from "./error.ts";

export const ENVIRONMENTS = ["dev", "prod"] as const;
export const DEFAULT_ENVIRONMENT = "dev";
export type Environment = (typeof ENVIRONMENTS)[number];

/** What a setting may be and what to do when it is not. */
export type Hint = Readonly<Pick<SettingsProblem, "allowed" | "next">>;

/** What is wrong, if anything is; several things where a text lists several. */
export type Wrong = string | readonly string[] | undefined;

/** How the text of a variable becomes a value. */
export interface Kind<Value> extends Hint {
  readonly wrongWith: (text: string) => Wrong;
  /** Of a text that nothing is wrong with. */
  readonly read: (text: string) => Value;
}

/** A kind alone is a setting that must be given. */
export interface Setting<Value> extends Kind<Value> {
  /** What it is while its variable is unset or empty. */
  readonly defaults?: Readonly<Record<Environment, Value>>;
  /** Its text is not shown when it is wrong: what is wrong may be that it holds a secret. */
  readonly neverShown?: boolean;
}

/** The field `keyRotationDays` is set by the variable CIPHERWATCH_KEY_ROTATION_DAYS. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

export type ValuesOf<Table extends SettingsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never;
};

export function byDefault<Value>(value: NoInfer<Value>, kind: Kind<Value>): Setting<Value> {
  return { ...kind, defaults: { dev: value, prod: value } };
}

/** dev is cheap, and gone without a trace when destroyed; prod is safe, kept long and not destroyed by one command. */
export function byEnvironment<Value>(
  defaults: Readonly<Record<Environment, NoInfer<Value>>>,
  kind: Kind<Value>,
): Setting<Value> {
  return { ...kind, defaults };
}

export function optional<Value>(kind: Kind<Value>): Setting<Value | undefined> {
  return { ...kind, defaults: { dev: undefined, prod: undefined } };
}

/** What settings must be together. */
export interface Rule<Values> extends Hint {
  /** The one to correct comes first. The rule rests while one of them is wrong by itself. */
  readonly among: readonly [keyof Values & string, ...(keyof Values & string)[]];
  readonly wrongWith: (values: Values) => Wrong;
}

/** Makes rules that see no settings but those they are among. */
export function rulesFor<Values>() {
  return <Name extends keyof Values & string>(
    among: readonly [Name, ...Name[]],
    wrongWith: (values: Pick<Values, Name>) => Wrong,
    hint: Hint,
  ): Rule<Values> => ({ among, wrongWith, ...hint });
}
