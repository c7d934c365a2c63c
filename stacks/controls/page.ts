import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONFIGURATIONS } from "./configurations.ts";
import { type Control, type Exemption, type Scanner, scannerIds } from "./control.ts";
import { controlAreas, SCANNER_VERSIONS } from "./index.ts";
import { RESOURCELESS_ACTIONS } from "./resourceless-actions.ts";

const PREFIX = "CIPHERWATCH_";
export const PAGE = join(import.meta.dirname, "../../docs/controls.md");
const SCANNERS = Object.keys(SCANNER_VERSIONS) as Scanner[];

/** The contents of docs/controls.md. `npm run docs` writes it. */
export function controlsPage(): string {
  const controls = controlAreas.flatMap((area) => area.controls);
  const sections = [
    "# Controls",
    "<!-- Generated from stacks/controls by `npm run docs`; do not edit. -->",
    `The requirements of Checkov, Trivy and AWS Security Hub for infrastructure like this, as ${controls.length} controls. Tests check the synthesized Terraform of all stacks together on every change. A check fails on a value that is unknown before Terraform runs, and if the stacks have no resource that it applies to. Every check is also tested with violations that it must detect.`,
    "The controls are checked with the defaults of dev and prod, and with settings that weaken prod or add to it:",
    list(
      Object.entries(CONFIGURATIONS).map(
        ([name, variables]) => `${name}: ${settingsOf(variables)}`,
      ),
    ),
    "## Exemptions",
    "An exemption is a deviation from a control that is accepted for the reason given. A test fails if an exemption is no longer needed.",
    table(["control", "where", "reason"], controls.flatMap(exemptionRows)),
    "## All controls",
    ...controlAreas.flatMap((area) => [
      `### ${area.name}`,
      table(["control", "id", "Checkov", "Trivy", "Security Hub", "state"], area.controls.map(row)),
    ]),
    "## Actions without resources",
    'All other statements name their resources. In the policy of a KMS key, "*" is the key itself. The policy of a VPC endpoint only restricts what callers may do.',
    table(
      ["actions", "reason"],
      RESOURCELESS_ACTIONS.map(({ actions, reason }) => [
        actions.map((action) => `\`${action}\``).join(" "),
        reason,
      ]),
    ),
    "## Sources of the scanner ids",
    list(SCANNERS.map((scanner) => `${scanner}: ${SCANNER_VERSIONS[scanner]}`)),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** Variables whose values differ from prod's; all of them for prod. */
function settingsOf(variables: Readonly<Record<string, string>>): string {
  const prod: Readonly<Record<string, string>> = CONFIGURATIONS.prod;
  return [...new Set([...Object.keys(prod), ...Object.keys(variables)])]
    .filter((name) => variables === prod || variables[name] !== prod[name])
    .map((name) => {
      const value = variables[name];
      return value === undefined ? `no \`${PREFIX}${name}\`` : `\`${PREFIX}${name}=${value}\``;
    })
    .join(", ");
}

function row(control: Control): readonly string[] {
  const { id, title } = control;
  const ids = SCANNERS.map((scanner) => scannerIds(control, scanner).join(" "));
  return [`<a id="${id}"></a>${title}`, `\`${id}\``, ...ids, stateOf(control)];
}

function stateOf({ check, exemptions = [], declined = [] }: Control): string {
  if (check === undefined) return "[declined](#exemptions)";
  return exemptions.length + declined.length === 0 ? "met" : "met, with [exemptions](#exemptions)";
}

function exemptionRows({ id, exemptions = [], declined = [] }: Control): readonly string[][] {
  const link = `[\`${id}\`](#${id})`;
  return [
    ...exemptions.map((exemption) => [link, scopeOf(exemption), exemption.reason]),
    ...declined.map(({ type, attributes, reason }) => [
      link,
      [`everywhere, \`${type}\``, ...Object.keys(attributes).map((path) => `\`${path}\``)].join(
        ", ",
      ),
      reason,
    ]),
  ];
}

function scopeOf({ under, except, of }: Exemption): string {
  const scope = [
    ...(under === undefined ? [] : [conjunction(under)]),
    ...(except === undefined ? [] : [`everywhere except ${conjunction(except)}`]),
    ...(of ?? []).map((address) => `\`${address}\``),
  ];
  return scope.join(", ") || "everywhere";
}

function conjunction(items: readonly string[]): string {
  return new Intl.ListFormat("en", { style: "long", type: "conjunction" }).format(items);
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (import.meta.main) writeFileSync(PAGE, controlsPage());
