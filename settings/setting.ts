import type { Environment } from "../common/environment.ts";
import type { SettingsProblem } from "./error.ts";

/** dev is cheap, and gone without a trace when destroyed; prod keeps long, and no single command destroys it. */
/** What a setting may be and what to do when it is not. */
export type Hint = Readonly<Pick<SettingsProblem, "allowed" | "next">>;

/** What is wrong, if anything is; several things where a text lists several. */
export type Wrong = string | readonly string[] | false | undefined;

/** How the text of a variable becomes a value. */
export interface Kind<Value> extends Hint {
  readonly wrongWith: (text: string) => Wrong;
  /** Of a text that nothing is wrong with. */
  readonly read: (text: string) => Value;
  /** The text is not shown when it is wrong: what is wrong may be that it holds a secret. */
  readonly neverShown?: boolean;
}

export interface Setting<Value> extends Kind<Value> {
  /** What it is while its variable is unset or empty; absent where that must be set. */
  readonly defaults?: Readonly<Record<Environment, Value>>;
}

/** By name. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

export type ValuesOf<Table extends SettingsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never;
};

/** What settings must be together. */
export interface Rule<Values> extends Hint {
  /** What the rule looks at; the setting to correct comes first. It rests while one is wrong by itself. */
  readonly among: readonly [keyof Values & string, ...(keyof Values & string)[]];
  readonly wrongWith: (values: Values) => Wrong;
}

/** A setting that must be set, unless it is then given a default. */
export function setting<Value>(kind: Kind<Value>) {
  const withDefaults = <Default>(dev: Default, prod: Default): Setting<Value | Default> => ({
    ...kind,
    defaults: { dev, prod },
  });
  return {
    ...kind,
    byDefault: (value: Value) => withDefaults(value, value),
    byEnvironment: ({ dev, prod }: Readonly<Record<Environment, Value>>) => withDefaults(dev, prod),
    optional: () => withDefaults(undefined, undefined),
  };
}
