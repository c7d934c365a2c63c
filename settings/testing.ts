import { expect, test } from "vitest";
import { withPlaceholderEmail } from "./alarms.ts";
import { SettingsError, type SettingsIssue } from "./error.ts";
import { loadSettings, type Settings } from "./index.ts";
import type { SettingsTable } from "./setting.ts";

type Variables = Readonly<Record<string, string>>;

/**
 * Loads settings of dev, with an alert address unless the variables name topics.
 * @param variables further variables, without the prefix CIPHERWATCH_
 */
export function settingsOf(variables: Variables = {}): Settings {
  const prefixed = Object.entries(variables).map(([name, value]) => [`CIPHERWATCH_${name}`, value]);
  return loadSettings(withPlaceholderEmail(Object.fromEntries(prefixed)));
}

/** Returns the issues of invalid settings. Takes the variables of `settingsOf`. */
export function issuesOf(variables: Variables): readonly SettingsIssue[] {
  try {
    settingsOf(variables);
  } catch (error) {
    if (error instanceof SettingsError) return error.issues;
    throw error;
  }
  throw new Error("Expected invalid settings, but they were accepted.");
}

/** A variable, a text it accepts, and the text's value, which must differ from the default. */
type SettingSample<Value> = readonly [
  variableWithoutPrefix: string,
  text: string,
  value: Value,
  /** Text that the variable rejects → the error message. */
  rejected: Readonly<Record<string, RegExp>>,
];

/** Tests that each setting of an area is read from its variable and rejects invalid values. */
export function testSettings<Table extends SettingsTable>(
  table: Table,
  samples: { readonly [Name in keyof Table & keyof Settings]: SettingSample<Settings[Name]> },
): void {
  const all: readonly [string, SettingSample<unknown>][] = Object.entries(samples);
  const accepted = Object.fromEntries(all.map(([, [variable, text]]) => [variable, text]));

  test("reads every setting from its variable", () => {
    const settings = settingsOf(accepted);
    const defaults: Readonly<Record<string, unknown>> = settingsOf();
    for (const [name, [, , value]] of all) {
      expect(settings).toMatchObject({ [name]: value });
      expect(defaults[name], `the sample of ${name} equals its default`).not.toEqual(value);
    }
  });

  const rejections = all.flatMap(([name, [variable, , , rejected]]) =>
    Object.entries(rejected).map(([text, message]) => ({ name, variable, text, message })),
  );
  test.each(rejections)("rejects $variable=$text", ({ name, variable, text, message }) => {
    expect(issuesOf({ ...accepted, [variable]: text })).toEqual([
      {
        variable: `CIPHERWATCH_${variable}`,
        ...(table[name]?.secret ? {} : { received: text }),
        message: expect.stringMatching(message),
        allowed: expect.stringMatching(/./),
        next: expect.stringMatching(/./),
      },
    ]);
  });
}
