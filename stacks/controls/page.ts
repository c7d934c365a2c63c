import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONFIGURATIONS } from "./configurations.ts";
import type { Control, Refusal } from "./control.ts";
import { controlAreas, SOURCES } from "./index.ts";
import { WITHOUT_RESOURCE } from "./without-resource.ts";

const PREFIX = "CIPHERWATCH_";
export const PAGE = join(import.meta.dirname, "../../docs/controls.md");

/** docs/controls.md, all of it. `npx node stacks/controls/page.ts` writes it. */
export function controlsPage(): string {
  const controls = controlAreas.flatMap((area) => area.controls);
  const refusing = controls.filter(({ refusals = [] }) => refusals.length > 0);
  return [
    "# Controls",
    `<!-- Written by \`npx node stacks/controls/page.ts\` from the table in stacks/controls. Change that. -->`,
    `What Checkov, Trivy and AWS Security Hub ask of infrastructure like this, as ${controls.length} controls. Each is a rule over the synthesized Terraform of all stacks together, tested on every change. A rule fails on a value that nobody can tell before Terraform runs and on stacks that have nothing it is about; and each has examples that break it, which it must notice.`,
    "The rules are checked under the defaults of dev and prod, and under what weakens or adds to prod's:",
    Object.entries(CONFIGURATIONS)
      .map(([name, variables]) => `- ${name}: ${settingsOf(variables)}`)
      .join("\n"),
    "## What is refused",
    "A refusal stands for what its rule finds and we keep. A test fails when there is nothing left to refuse.",
    table(
      ["control", "where", "why"],
      refusing.flatMap((control) =>
        (control.refusals ?? []).map((refusal) => [
          link(control),
          whereOf(refusal),
          refusal.reason,
        ]),
      ),
    ),
    "## All controls",
    ...controlAreas.flatMap((area) => [
      `### ${area.name}`,
      table(
        ["control", "id", "Checkov", "Trivy", "Security Hub", "state"],
        area.controls.map((control) => [
          `<a id="${control.id}"></a>${control.title}`,
          `\`${control.id}\``,
          ...[control.checkov, control.trivy, control.securityHub].map(listOf),
          stateOf(control),
        ]),
      ),
    ]),
    "## Actions without a resource",
    'Every other statement names its resources. In the policy of a key "*" is that key, and the policy of a VPC endpoint permits nothing: it takes away from what callers may do.',
    table(
      ["actions", "what for"],
      WITHOUT_RESOURCE.map(({ actions, reason }) => [
        actions.map((action) => `\`${action}\``).join(" "),
        reason,
      ]),
    ),
    "## Sources of the ids",
    Object.entries(SOURCES)
      .map(([scanner, source]) => `- ${scanner}: ${source}`)
      .join("\n"),
  ]
    .join("\n\n")
    .concat("\n");
}

/** Variables in which a configuration differs from that of prod. */
function settingsOf(variables: Readonly<Record<string, string>>): string {
  const prod: Readonly<Record<string, string>> = CONFIGURATIONS.prod;
  const names = [...new Set([...Object.keys(prod), ...Object.keys(variables)])];
  return names
    .filter((name) => variables === prod || variables[name] !== prod[name])
    .map((name) => {
      const value = variables[name];
      return value === undefined ? `no \`${PREFIX}${name}\`` : `\`${PREFIX}${name}=${value}\``;
    })
    .join(", ");
}

function link({ id }: Control): string {
  return `[\`${id}\`](#${id})`;
}

function stateOf({ refusals = [] }: Control): string {
  if (refusals.length === 0) return "met";
  const whole = refusals.some(
    ({ under, of, attribute }) =>
      under === undefined && of === undefined && attribute === undefined,
  );
  return whole ? "[refused](#what-is-refused)" : "met, with [refusals](#what-is-refused)";
}

function whereOf({ under, except, of, attribute }: Refusal): string {
  const settings = under === undefined ? [] : [sentence(under)];
  const unless = except === undefined ? [] : [`everywhere but ${sentence(except)}`];
  const resources = (of ?? []).map((address) => `\`${address}\``);
  const part = attribute === undefined ? [] : [`\`${attribute}\``];
  const where = [...settings, ...unless, ...resources];
  return [...(where.length === 0 ? ["everywhere"] : where), ...part].join(", ");
}

function sentence(items: readonly string[]): string {
  return new Intl.ListFormat("en", { style: "long", type: "conjunction" }).format(items);
}

function listOf(ids: readonly string[] = []): string {
  return ids.join(" ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (import.meta.main) writeFileSync(PAGE, controlsPage());
