import { z } from "zod";
import { DEFAULT_ENVIRONMENT, SHAPES } from "../common/environment.ts";
import { unknownName } from "../common/unknown-name.ts";
import { SettingsError, type SettingsIssue } from "./error.ts";
import type { Guidance, Refinement, SettingsTable, ValuesOf } from "./setting.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

const PREFIX = "CIPHERWATCH_";

/** Returns the variable of a setting: `CIPHERWATCH_KEY_ROTATION_DAYS` for `keyRotationDays`. */
export function variableName(setting: string): string {
  return PREFIX + setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/**
 * Reads the settings of a table from environment variables.
 * @throws {SettingsError} naming every variable that is invalid, missing or unknown
 */
export function load<Table extends SettingsTable>(
  table: Table,
  refinements: readonly Refinement<ValuesOf<Table>>[],
  variables: Variables,
): ValuesOf<Table> {
  const texts = textsIn(variables);
  const values = Object.fromEntries(
    Object.keys(table).map((name) => [name, texts.get(variableName(name))]),
  );
  const schema = z.object(schemasFor(table, values)).superRefine(
    (parsed, context) => {
      const invalid = new Set(context.issues.map(({ path }) => path?.[0]));
      for (const { fields, check, ...guidance } of refinements) {
        if (fields.some((field) => invalid.has(field))) continue;
        for (const message of [check(parsed as ValuesOf<Table>) || []].flat()) {
          context.addIssue({ code: "custom", path: [fields[0]], message, params: guidance });
        }
      }
    },
    { when: () => true }, // also if other settings are invalid, to report all errors at once
  );

  const unknown = unknownVariables([...texts.keys()], Object.keys(table).map(variableName));
  const result = schema.safeParse(values);
  const issues = result.error?.issues.map((issue) => settingsIssue(issue, table, texts)) ?? [];
  if (unknown.length + issues.length > 0) throw new SettingsError([...unknown, ...issues]);
  return result.data as ValuesOf<Table>;
}

/** Returns the trimmed values of the CIPHERWATCH_ variables that are not blank. */
function textsIn(variables: Variables): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(variables)
      .filter(([variable]) => variable.startsWith(PREFIX))
      .map(([variable, text = ""]) => [variable, text.trim()] as const)
      .filter(([, text]) => text !== ""),
  );
}

/** Returns the schemas of a table, with the defaults of an environment and its shape. */
function schemasFor(
  table: SettingsTable,
  { env = DEFAULT_ENVIRONMENT, shape }: Readonly<Record<string, string | undefined>>,
): Record<string, z.ZodType> {
  const named = SHAPES.find((name) => name === env);
  const defaultsOf = named ?? SHAPES.find((name) => name === shape) ?? "dev";
  return Object.fromEntries(
    Object.entries(table).map(([name, { schema, defaults, ownDefault }]) => {
      const isOwn = named === undefined && ownDefault !== undefined;
      const value = isOwn ? ownDefault(env) : defaults?.[defaultsOf];
      return [name, value === undefined ? schema : schema.default(value)];
    }),
  );
}

function settingsIssue(
  issue: z.core.$ZodIssue,
  table: SettingsTable,
  texts: ReadonlyMap<string, string>,
): SettingsIssue {
  const name = String(issue.path[0]);
  const variable = variableName(name);
  // Hides the password that a URL may contain, although no setting allows one.
  const received = table[name]?.secret
    ? undefined
    : texts.get(variable)?.replace(/\/\/.*:.*@/s, "//…@");
  const { allowed, next } = ((issue.code === "custom" && issue.params) || table[name]) as Guidance;
  return {
    variable,
    ...(received === undefined ? {} : { received }),
    message: issue.message,
    allowed,
    next,
  };
}

/** Reports unknown variables, without their values, which may be secrets. */
function unknownVariables(names: readonly string[], known: readonly string[]): SettingsIssue[] {
  return names
    .filter((variable) => !known.includes(variable))
    .map((variable) => ({
      variable,
      message: unknownName("variable", variable, known, PREFIX),
      allowed: `the ${known.length} settings that docs/settings.md lists`,
      next: "correct the name, or unset it",
    }));
}
