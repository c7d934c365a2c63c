import { expect, test } from "vitest";
import { SettingsError, type SettingsProblem } from "./error.ts";
import { loadSettings, type Settings } from "./index.ts";
import type { SettingsTable } from "./setting.ts";

type Variables = Readonly<Record<string, string>>;

/** Settings of dev, but for the given variables, without their prefix. */
export function settingsOf(variables: Readonly<Record<string, string>> = {}): Settings {
  const prefixed = Object.entries(variables).map(([name, value]) => [`CIPHERWATCH_${name}`, value]);
  return loadSettings({
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    ...Object.fromEntries(prefixed),
  });
}

/** With variables as `settingsOf` takes them. */
export function problemsOf(variables: Variables): readonly SettingsProblem[] {
  try {
    settingsOf(variables);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  throw new Error("The settings were taken.");
}

/** The text is one that the setting takes, and not for its default, which would be there without it. */
type Example<Value> = readonly [
  variableWithoutPrefix: string,
  text: string,
  value: Value,
  /** Texts that the setting does not take → what is wrong with them. */
  refused: Readonly<Record<string, RegExp>>,
];

/** Each setting of an area is read from its variable and refuses what is wrong. */
export function testSettings<Table extends SettingsTable>(
  table: Table,
  examples: { readonly [Name in keyof Table & keyof Settings]: Example<Settings[Name]> },
): void {
  const all: readonly [string, Example<unknown>][] = Object.entries(examples);
  const taken = Object.fromEntries(all.map(([, [variable, text]]) => [variable, text]));

  test("every setting is read from its variable", () => {
    const settings = settingsOf(taken);
    const defaults: Readonly<Record<string, unknown>> = settingsOf();
    for (const [name, [, , value]] of all) {
      expect(settings).toMatchObject({ [name]: value });
      expect(defaults[name], `the example of ${name} is its default`).not.toEqual(value);
    }
  });

  const wrong = all.flatMap(([name, [variable, , , refused]]) =>
    Object.entries(refused).map(([text, wrong]) => ({ name, variable, text, wrong })),
  );
  test.each(wrong)("$variable=$text is refused", ({ name, variable, text, wrong }) => {
    expect(problemsOf({ ...taken, [variable]: text })).toEqual([
      {
        variable: `CIPHERWATCH_${variable}`,
        ...(table[name]?.neverShown ? {} : { received: text }),
        wrong: expect.stringMatching(wrong),
        allowed: expect.stringMatching(/./),
        next: expect.stringMatching(/./),
      },
    ]);
  });
}
