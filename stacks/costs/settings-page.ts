import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SHAPES } from "../../common/environment.ts";
import { settingsAreas } from "../../settings/index.ts";
import { variableName } from "../../settings/load.ts";
import type { Setting } from "../../settings/setting.ts";
import { alternativeCosts, difference } from "./page.ts";
import { AS_OF } from "./prices.ts";

export const SETTINGS_PAGE = join(import.meta.dirname, "../../docs/settings.md");

/** The contents of docs/settings.md. `npm run docs` writes it. */
export function settingsPage(): string {
  const count = settingsAreas.reduce((sum, { settings }) => sum + Object.keys(settings).length, 0);
  return `${[
    "# Settings",
    "<!-- Generated from settings/ and stacks/costs by `npm run docs`; do not edit. -->",
    `Each of the ${count} settings is an environment variable. \`npm start\`, \`npm run synth\`, \`npm run deploy\` and \`npm run replay\` read them, and report every variable that is invalid, missing or unknown. A blank variable counts as unset. CIPHERWATCH_SHAPE, which follows from CIPHERWATCH_ENV for dev and prod, selects the defaults.`,
    `Costs are the difference to the defaults of the environment, in US dollars per month in Sydney without charges by use, as of ${AS_OF} ([all costs](deploying.md#costs)). A setting without a line about costs does not change them.`,
    settingsAreas.map(({ name, settings }) => contents(name, settings)).join("\n"),
    ...settingsAreas.flatMap(({ name, settings }) => [
      `## ${name}`,
      ...Object.entries(settings).map(([key, setting]) => section(variableName(key), setting)),
    ]),
  ].join("\n\n")}\n`;
}

type Table = Readonly<Record<string, Setting<unknown>>>;

function contents(area: string, settings: Table): string {
  const links = Object.keys(settings).map((key) => {
    const variable = variableName(key);
    return `[${variable.slice("CIPHERWATCH_".length)}](#${variable.toLowerCase()})`;
  });
  return `- ${area}: ${links.join(", ")}`;
}

function section(variable: string, setting: Setting<unknown>): string {
  const costs = costsOf(variable);
  return [
    `### ${variable}`,
    setting.description,
    [
      `- Allowed: ${setting.allowed}`,
      `- Default: ${defaultsOf(setting)}`,
      ...(costs.length === 0 ? [] : [`- Cost: ${costs.join("; ")}`]),
    ].join("\n"),
  ].join("\n\n");
}

function defaultsOf({ defaults, schema }: Setting<unknown>): string {
  if (defaults === undefined) {
    return schema.safeParse(undefined).success ? "unset" : "none; it must be set";
  }
  const [dev, prod] = SHAPES.map((env) => show(defaults[env]));
  return dev === prod ? `${dev}` : `${dev} in dev, ${prod} in prod`;
}

function show(value: unknown): string {
  const text = Array.isArray(value)
    ? value.join(",")
    : typeof value === "object" && value !== null
      ? Object.entries(value)
          .map(([name, item]) => `${name}=${item}`)
          .join(",")
      : String(value);
  return text === "" ? "nothing" : `\`${text}\``;
}

/** The computed examples that change a variable. */
function costsOf(variable: string): readonly string[] {
  return alternativeCosts()
    .filter(({ changes }) =>
      Object.keys(changes).some((name) => `CIPHERWATCH_${name}` === variable),
    )
    .map(({ env, changes, month }) => {
      const values = Object.entries(changes).map(([name, value]) => `\`${name}=${value}\``);
      return `${values.join(" ")} in ${env} ${difference(month)}`;
    });
}

if (import.meta.main) writeFileSync(SETTINGS_PAGE, settingsPage());
