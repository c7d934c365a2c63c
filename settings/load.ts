import { DEFAULT_ENVIRONMENT, ENVIRONMENTS } from "../common/environment.ts";
import { unknownName } from "../common/unknown-name.ts";
import { SettingsError, type SettingsProblem } from "./error.ts";
import type { Hint, Rule, Setting, SettingsTable, ValuesOf, Wrong } from "./setting.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

const PREFIX = "CIPHERWATCH_";

/**
 * Reads the settings of a table from environment variables and holds them against the rules.
 * @throws {SettingsError} naming every variable that is wrong, missing or unknown
 */
export function load<Table extends SettingsTable>(
  table: Table,
  rules: readonly Rule<ValuesOf<Table>>[],
  variables: Variables,
): ValuesOf<Table> {
  const given = textsIn(variables);
  const environment =
    ENVIRONMENTS.find((name) => name === given.get(variableOf("env"))) ?? DEFAULT_ENVIRONMENT;
  const problems = unknownVariables([...given.keys()], Object.keys(table).map(variableOf));
  const values: Record<string, unknown> = {}; // of those that nothing is wrong with

  const tell = (name: string, wrongs: readonly string[], { allowed, next }: Hint) => {
    const variable = variableOf(name);
    const received = table[name]?.neverShown ? undefined : given.get(variable);
    const shown = received === undefined ? {} : { received };
    problems.push(...wrongs.map((wrong) => ({ variable, ...shown, wrong, allowed, next })));
  };
  for (const [name, setting] of Object.entries(table)) {
    const text = given.get(variableOf(name));
    const wrongs = wrongsWith(setting, text);
    tell(name, wrongs, setting);
    if (wrongs.length > 0) continue;
    values[name] = text === undefined ? setting.defaults?.[environment] : setting.read(text);
  }
  for (const rule of rules) {
    if (!rule.among.every((name) => name in values)) continue;
    const seen = Object.fromEntries(rule.among.map((name) => [name, values[name]]));
    tell(rule.among[0], listed(rule.wrongWith(seen as ValuesOf<Table>)), rule);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return values as ValuesOf<Table>;
}

/** What is set to something, by variable. */
function textsIn(variables: Variables): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(variables)
      .filter(([variable]) => variable.startsWith(PREFIX))
      .map(([variable, text = ""]) => [variable, text.trim()] as const)
      .filter(([, text]) => text !== ""),
  );
}

function variableOf(name: string): string {
  return PREFIX + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function wrongsWith(setting: Setting<unknown>, text: string | undefined): readonly string[] {
  if (text !== undefined) return listed(setting.wrongWith(text));
  return setting.defaults === undefined ? ["this is not set"] : [];
}

function listed(wrong: Wrong): readonly string[] {
  return [wrong || []].flat();
}

function unknownVariables(given: readonly string[], known: readonly string[]): SettingsProblem[] {
  return given
    .filter((variable) => !known.includes(variable))
    .map((variable) => ({
      variable, // its value is not shown: nobody knows what it is
      wrong: unknownName("variable", variable, known, PREFIX),
      allowed: known.join(", "),
      next: "correct its name, or unset it",
    }));
}
