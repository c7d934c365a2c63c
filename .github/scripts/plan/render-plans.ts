import { COLUMNS, countsOf } from "./counts.ts";
import { dataLossOf } from "./data-loss.ts";
import { alert, code, listOf } from "./markdown.ts";
import { planRecord } from "./plan-record.ts";
import {
  changesAnything,
  type EnvironmentReport,
  type PlannedStack,
  type ResourceReport,
} from "./plan-report.ts";
import { LEVELS, type Level, renderStack } from "./render-stack.ts";

/** Maximum characters of a comment on GitHub. */
export const COMMENT_CHARACTERS = 65_536;

/** Resources that a warning lists before it counts the rest. */
const NAMED = 40;

export interface PlansToShow {
  readonly environments: readonly EnvironmentReport[];
  /** Environments without a report. */
  readonly missing: readonly string[];
  readonly commit: string;
  readonly runUrl: string;
}

/**
 * Renders the plans of all environments as Markdown of at most `limit` UTF-16 code units, starting with data
 * loss. Shows less of the longest stacks until the text fits.
 */
export function renderPlans(plans: PlansToShow, limit: number): string {
  const levels = new Map<string, Level>();
  const keyOf = (environment: string, stack: string) => `${environment}/${stack}`;
  const stacks = plans.environments.flatMap(({ environment, stacks: all }) =>
    all.map((stack) => ({ key: keyOf(environment, stack.stack), stack })),
  );
  const render = () =>
    [
      ...losses(plans),
      ...failures(plans),
      `## Plan of ${code(plans.commit.slice(0, 7))}`,
      ...plans.environments.flatMap((report) => [
        `### ${report.environment}`,
        ...environmentSummary(report),
        ...report.stacks
          .map((stack) =>
            renderStack(stack, levels.get(keyOf(report.environment, stack.stack)) ?? "full"),
          )
          .filter((text) => text !== ""),
      ]),
      ...cutNote(plans, levels),
      foot(plans),
    ].join("\n\n");

  let text = render();
  while (text.length > limit) {
    const [longest] = stacks
      .map(({ key, stack }) => ({
        key,
        level: levels.get(key) ?? LEVELS[0],
        length: renderStack(stack, levels.get(key) ?? LEVELS[0]).length,
      }))
      .filter(({ level }) => level !== LEVELS.at(-1))
      .sort((a, b) => b.length - a.length);
    if (longest === undefined) {
      throw new Error(
        `The plans have ${text.length} characters even without details; the limit is ${limit}.`,
      );
    }
    levels.set(longest.key, LEVELS[LEVELS.indexOf(longest.level) + 1] ?? "none");
    text = render();
  }
  return text;
}

interface Lost {
  readonly environment: string;
  readonly stack: string;
  readonly resource: ResourceReport;
  readonly rank: number;
  readonly what: string;
}

/** Warns about resources with data that are replaced or destroyed. */
function losses({ environments }: PlansToShow): string[] {
  const lost = environments
    .flatMap(({ environment, stacks }) =>
      stacks.filter(isPlanned).flatMap((stack) =>
        stack.resources.flatMap((resource): Lost[] => {
          const loss = dataLossOf(resource.type, resource.action);
          return loss === undefined ? [] : [{ environment, stack: stack.stack, resource, ...loss }];
        }),
      ),
    )
    .sort((a, b) => a.rank - b.rank);
  if (lost.length === 0) return [];
  return [
    alert("CAUTION", [
      `**Data loss: ${lost.length === 1 ? "1 resource with data is" : `${lost.length} resources with data are`} replaced or destroyed.**`,
      ...named(lost, ({ environment, stack, resource, what }) => {
        const verb = resource.action === "replace" ? "replaces" : "destroys";
        return `- ${environment}: ${code(stack)} **${verb}** ${code(resource.address)}: ${what}${because(resource)}`;
      }),
    ]),
  ];
}

function because({ reason, attributes }: ResourceReport): string {
  const forcing = attributes
    .filter(({ forcesReplacement }) => forcesReplacement)
    .map(({ path }) => path);
  if (forcing.length > 0) return ` (${listOf(forcing)} cannot be changed in place)`;
  return reason === undefined ? "" : ` (${reason})`;
}

function failures({ environments, missing, runUrl }: PlansToShow): string[] {
  const failed = environments.flatMap(({ environment, stacks }) =>
    stacks
      .filter(({ outcome }) => outcome === "failed")
      .map(({ stack }) => `${code(stack)} of ${environment}`),
  );
  const lines = [
    ...(failed.length > 0 ? [`**No plan of ${failed.join(", ")}:** Terraform failed.`] : []),
    ...missing.map(
      (environment) =>
        `**No plan of ${environment}:** its job failed before planning. See [its log](${runUrl}).`,
    ),
  ];
  return lines.length === 0 ? [] : [alert("CAUTION", lines)];
}

/** Lists the counts of changed stacks, the unchanged stacks, and replacements without data loss. */
function environmentSummary({ stacks }: EnvironmentReport): string[] {
  const planned = stacks.filter(isPlanned);
  const changed = planned.filter(changesAnything);
  const same = planned.filter((stack) => !changesAnything(stack)).map(({ stack }) => stack);
  if (changed.length === 0 && planned.length === stacks.length) return ["No changes."];
  return [
    ...(changed.length > 0 ? [table(changed)] : []),
    ...(same.length > 0 ? [`No changes: ${same.map(code).join(", ")}.`] : []),
    ...newImage(changed),
    ...replaced(changed),
    ...readers(changed),
  ];
}

function table(stacks: readonly PlannedStack[]): string {
  return [
    `| stack | ${COLUMNS.join(" | ")} |`,
    `|---|${COLUMNS.map(() => "--:").join("|")}|`,
    ...stacks.map((stack) => {
      const counts = countsOf(stack);
      return `| ${stack.stack} | ${COLUMNS.map((column) => counts[column]).join(" | ")} |`;
    }),
  ].join("\n");
}

/** Mentions a new image in one line: every commit has one, and a warning each time would go unread. */
function newImage(stacks: readonly PlannedStack[]): string[] {
  const names = stacks
    .filter(({ resources }) => resources.some(({ onlyImage }) => onlyImage))
    .map(({ stack, resources }) =>
      resources.every(({ onlyImage }) => onlyImage)
        ? `${code(stack)} changes only to the image of this commit.`
        : `${code(stack)} changes to the image of this commit.`,
    );
  return names.length === 0 ? [] : [names.join("\n")];
}

function replaced(stacks: readonly PlannedStack[]): string[] {
  const gone = stacks.flatMap(({ stack, resources }) =>
    resources
      .filter(
        ({ type, action, onlyImage }) =>
          (action === "replace" || action === "destroy") &&
          dataLossOf(type, action) === undefined &&
          onlyImage === undefined,
      )
      .map((resource) => ({ stack, resource })),
  );
  if (gone.length === 0) return [];
  return [
    alert("WARNING", [
      "Replaced or destroyed, without data loss:",
      ...named(gone, ({ stack, resource }) => {
        const verb = resource.action === "replace" ? "replaces" : "destroys";
        return `- ${code(stack)} ${verb} ${code(resource.address)}${because(resource)}`;
      }),
    ]),
  ];
}

/** Lists stacks whose changed outputs other stacks read: their plans may change after the apply. */
function readers(stacks: readonly PlannedStack[]): string[] {
  const lines = stacks
    .filter(({ outputs, readBy }) => outputs.length > 0 && readBy.length > 0)
    .map(({ stack, readBy }) => `- ${code(stack)} changes outputs consumed by ${listOf(readBy)}.`);
  if (lines.length === 0) return [];
  return [
    alert("NOTE", [
      "These plans use outputs of other stacks as they are now. If a plan differs after those stacks are applied, the deployment stops for a review by hand:",
      ...lines,
    ]),
  ];
}

function named<T>(all: readonly T[], line: (item: T) => string): string[] {
  const left = all.length - NAMED;
  return [...all.slice(0, NAMED).map(line), ...(left > 0 ? [`- and ${left} more`] : [])];
}

function cutNote({ runUrl }: PlansToShow, levels: ReadonlyMap<string, Level>): string[] {
  if (levels.size === 0) return [];
  return [
    alert("NOTE", [
      `Shortened to fit: ${listOf([...levels.keys()])}. See the summary of [the run](${runUrl}) for all changes.`,
    ]),
  ];
}

function foot(plans: PlansToShow): string {
  const saved = plans.environments.flatMap(({ environment, stacks }) =>
    stacks.filter(isPlanned).map(({ stack, digest }) => `${environment}/${stack} ${digest}`),
  );
  return [
    "---",
    `Commit ${code(plans.commit)}, [run](${plans.runUrl}). The deployment stops if its plans differ from these.`,
    ...(saved.length === 0
      ? []
      : [
          `<details><summary>SHA-256 of each saved plan</summary>\n\n\`\`\`\n${saved.join("\n")}\n\`\`\`\n\n</details>`,
        ]),
    planRecord(plans.commit, plans.environments),
  ].join("\n\n");
}

function isPlanned(stack: EnvironmentReport["stacks"][number]): stack is PlannedStack {
  return stack.outcome === "planned";
}
