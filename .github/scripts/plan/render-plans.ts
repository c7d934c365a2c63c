import { COLUMNS } from "./counts.ts";
import { dataLossOf } from "./data-loss.ts";
import { alert, code, listOf, visible } from "./markdown.ts";
import {
  changesAnything,
  type EnvironmentReport,
  type PlannedStack,
  type ResourceReport,
} from "./plan-report.ts";
import { LEVELS, type Level, renderStack } from "./render-stack.ts";

/** Maximum characters of a comment on GitHub. */
export const COMMENT_CHARACTERS = 65_536;

/** Resources that a warning lists before it counts the rest, used one after the other while a comment is too long. */
const LISTED = [40, 10, 3, 0] as const;

/** Longest address or message in a list. */
const TEXT_CHARACTERS = 200;

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
  const stacks = plans.environments.flatMap(({ environment, stacks: all }) =>
    all.map((stack) => ({ key: keyOf(environment, stack), stack })),
  );
  const listed = LISTED.values();
  let most = listed.next().value ?? 0;
  let text = renderWith(plans, levels, most);
  while (text.length > limit) {
    const [longest] = stacks
      .map(({ key, stack }) => {
        const level = levels.get(key) ?? LEVELS[0];
        return { key, level, length: renderStack(stack, level).length };
      })
      .filter(({ level }) => level !== LEVELS.at(-1))
      .sort((x, y) => y.length - x.length);
    if (longest === undefined) {
      const fewer = listed.next().value;
      if (fewer === undefined) {
        throw new Error(
          `The plans have ${text.length} characters even without details; the limit is ${limit}.`,
        );
      }
      most = fewer;
    } else {
      levels.set(longest.key, LEVELS[LEVELS.indexOf(longest.level) + 1] ?? "none");
    }
    text = renderWith(plans, levels, most);
  }
  return text;
}

function keyOf(environment: string, { stack }: { readonly stack: string }): string {
  return `${environment}/${stack}`;
}

/** @param most resources that each warning lists */
function renderWith(plans: PlansToShow, levels: ReadonlyMap<string, Level>, most: number): string {
  const parts = [
    ...losses(plans, most),
    ...failures(plans),
    ...checks(plans, most),
    `## Plan of ${code(plans.commit.slice(0, 7))}`,
    ...plans.environments.flatMap((report) => [
      `### ${report.environment}`,
      ...environmentSummary(report, most),
      ...report.stacks
        .map((stack) =>
          renderStack(stack, levels.get(keyOf(report.environment, stack)) ?? LEVELS[0]),
        )
        .filter((text) => text !== ""),
    ]),
    ...cutNote(plans, levels),
    foot(plans),
  ];
  return visible(parts.join("\n\n"));
}

interface Lost {
  readonly environment: string;
  readonly stack: string;
  readonly resource: ResourceReport;
  readonly rank: number;
  readonly what: string;
}

/** Warns about resources with data that are replaced or destroyed. */
function losses({ environments }: PlansToShow, most: number): string[] {
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
      ...named(lost, most, ({ environment, stack, resource, what }) => {
        const verb = resource.action === "replace" ? "replaces" : "destroys";
        return `- ${environment}: ${code(stack)} **${verb}** ${code(shortened(resource.address))}: ${what}${because(resource)}`;
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

/** Warns about checks and postconditions that do not hold. */
function checks({ environments }: PlansToShow, most: number): string[] {
  const failed = environments.flatMap(({ environment, stacks }) =>
    stacks
      .filter(isPlanned)
      .flatMap(({ stack, failedChecks }) =>
        failedChecks.map((check) => ({ environment, stack, check })),
      ),
  );
  if (failed.length === 0) return [];
  return [
    alert("WARNING", [
      "Checks that do not hold:",
      ...named(failed, most, ({ environment, stack, check: { address, messages } }) => {
        const why = messages.length === 0 ? "" : `: ${code(shortened(messages.join(" ")))}`;
        return `- ${environment}: ${code(stack)}: ${code(shortened(address))}${why}`;
      }),
    ]),
  ];
}

/** Lists the counts of changed stacks, the unchanged stacks, and replacements without data loss. */
function environmentSummary({ stacks }: EnvironmentReport, most: number): string[] {
  const planned = stacks.filter(isPlanned);
  const changed = planned.filter(changesAnything);
  const same = planned.filter((stack) => !changesAnything(stack)).map(({ stack }) => stack);
  if (changed.length === 0 && planned.length === stacks.length) return ["No changes."];
  return [
    ...(changed.length > 0 ? [table(changed)] : []),
    ...(same.length > 0 ? [`No changes: ${same.map(code).join(", ")}.`] : []),
    ...newImage(changed),
    ...replaced(changed, most),
    ...readers(changed),
  ];
}

function table(stacks: readonly PlannedStack[]): string {
  return [
    `| stack | ${COLUMNS.join(" | ")} |`,
    `|---|${COLUMNS.map(() => "--:").join("|")}|`,
    ...stacks.map(
      ({ stack, counts }) =>
        `| ${stack} | ${COLUMNS.map((column) => counts[column]).join(" | ")} |`,
    ),
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

function replaced(stacks: readonly PlannedStack[], most: number): string[] {
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
      ...named(gone, most, ({ stack, resource }) => {
        const verb = resource.action === "replace" ? "replaces" : "destroys";
        return `- ${code(stack)} ${verb} ${code(shortened(resource.address))}${because(resource)}`;
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

function named<T>(all: readonly T[], most: number, line: (item: T) => string): string[] {
  const left = all.length - most;
  return [...all.slice(0, most).map(line), ...(left > 0 ? [`- and ${left} more`] : [])];
}

function shortened(text: string): string {
  if (text.length <= TEXT_CHARACTERS) return text;
  return `${text.slice(0, TEXT_CHARACTERS).toWellFormed()}…`;
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
  ].join("\n\n");
}

function isPlanned(stack: EnvironmentReport["stacks"][number]): stack is PlannedStack {
  return stack.outcome === "planned";
}
