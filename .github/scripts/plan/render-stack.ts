import { describeCounts } from "./counts.ts";
import { code, details, fence, html, listOf } from "./markdown.ts";
import type { OutputReport, PlannedStack, ResourceReport, StackReport } from "./plan-report.ts";

/**
 * Levels of detail of a stack, used one after the other while a comment is too long: `full` truncates long values,
 * `values` most values, `addresses` omits values, `some` omits most addresses.
 */
export const LEVELS = ["complete", "full", "values", "addresses", "some", "none"] as const;
export type Level = (typeof LEVELS)[number];

const VALUE_CHARACTERS: Readonly<Record<Level, number>> = {
  complete: Number.POSITIVE_INFINITY,
  full: 2000,
  values: 120,
  addresses: 0,
  some: 0,
  none: 0,
};
const ATTRIBUTES_WHEN_CUT = 12;
const SOME_ADDRESSES = 30;
const ERROR_CHARACTERS: Readonly<Record<Level, number>> = {
  complete: 10_000,
  full: 10_000,
  values: 4000,
  addresses: 2000,
  some: 1000,
  none: 500,
};

/** Characters of the error of a stack that waits for another stack. */
const WAITING_CHARACTERS = 500;

/** Prefixes in a `diff` block, which GitHub colors: + green, - red, ! orange. */
const SIGN: Readonly<Record<ResourceReport["action"], string>> = {
  create: "+",
  import: "!",
  update: "!",
  move: "!",
  replace: "-",
  destroy: "-",
  forget: "-",
};
const VERB: Readonly<Record<ResourceReport["action"], string>> = {
  create: "",
  import: "",
  update: "change",
  move: "move",
  replace: "replace",
  destroy: "destroy",
  forget: "forget: it stays in AWS",
};

/** Renders the plan of a stack in a collapsed section; an error is expanded. */
export function renderStack(stack: StackReport, level: Level): string {
  if (stack.outcome === "failed") {
    return [
      `**${code(stack.stack)} could not be planned:**`,
      fence(cut(stack.error, ERROR_CHARACTERS[level])),
    ].join("\n\n");
  }
  if (stack.outcome === "locked") {
    return `**${code(stack.stack)} was not planned:** ${code(stack.by)} is applying it.`;
  }
  if (stack.outcome === "waiting") {
    return [
      `**${code(stack.stack)} cannot be planned yet:** needs outputs of ${listOf(stack.for)}. Once ${stack.for.length === 1 ? "that stack is" : "those stacks are"} deployed, run Deploy by hand to plan and review it.`,
      details("Terraform's error", fence(cut(stack.error, WAITING_CHARACTERS))),
    ].join("\n\n");
  }
  const name = `<b>${html(stack.stack)}</b>`;
  const warnings =
    stack.warnings.length === 0
      ? []
      : [
          details(
            `${name}: ${stack.warnings.length === 1 ? "1 warning" : `${stack.warnings.length} warnings`}`,
            fence(cut(stack.warnings.join("\n\n"), ERROR_CHARACTERS[level])),
          ),
        ];
  if (stack.resources.length === 0 && stack.outputs.length === 0) return warnings.join("");
  return [
    details(
      `${name}: ${html(describeCounts(stack))}`,
      level === "none" ? "Too long to show here." : diff(stack, level),
    ),
    ...warnings,
  ].join("\n\n");
}

function diff({ resources, outputs }: PlannedStack, level: Level): string {
  const shown = level === "some" ? resources.slice(0, SOME_ADDRESSES) : resources;
  const left = resources.length - shown.length;
  const lines = [
    ...shown.flatMap((resource) => [heading(resource), ...attributes(resource, level)]),
    ...(left > 0 ? [`# and ${left} more`] : []),
    ...(level === "some" ? [] : outputs.flatMap((output) => outputLines(output, level))),
  ];
  return fence(lines.join("\n"), "diff");
}

function heading({ address, action, reason, imports, movedFrom }: ResourceReport): string {
  const why = [VERB[action], reason].filter((part) => part !== undefined && part !== "");
  const notes = [
    ...(why.length > 0 ? [why.join(": ")] : []),
    ...(movedFrom === undefined ? [] : [`was ${movedFrom}`]),
    ...(imports === undefined ? [] : [`imports ${imports}`]),
  ];
  return `${SIGN[action]} ${address}${notes.length > 0 ? `  # ${oneLine(notes.join(", "))}` : ""}`;
}

function attributes({ attributes: all }: ResourceReport | OutputReport, level: Level): string[] {
  const characters = VALUE_CHARACTERS[level];
  if (characters === 0) return [];
  const forcing = all.filter(({ forcesReplacement }) => forcesReplacement);
  const others = all.filter(({ forcesReplacement }) => !forcesReplacement);
  const sorted = [...forcing, ...others];
  const isComplete = level === "complete" || level === "full";
  const shown = isComplete ? sorted : sorted.slice(0, ATTRIBUTES_WHEN_CUT);
  const left = sorted.length - shown.length;
  return [
    ...shown.flatMap(({ path, before, after, forcesReplacement }) => {
      const note = forcesReplacement ? "  # forces replacement" : "";
      const from = startOf(before, after, characters);
      return [
        ...(before === undefined ? [] : [`-     ${path} = ${cut(before, characters, from)}`]),
        ...(after === undefined ? [] : [`+     ${path} = ${cut(after, characters, from)}${note}`]),
      ];
    }),
    ...(left > 0 ? [`#     and ${left} more values`] : []),
  ];
}

function outputLines({ name, action, attributes: values }: OutputReport, level: Level): string[] {
  const [value, ...more] = values;
  if (
    VALUE_CHARACTERS[level] === 0 ||
    value === undefined ||
    more.length > 0 ||
    value.path !== ""
  ) {
    return [
      `${SIGN[action]} output ${name}`,
      ...attributes({ name, action, attributes: values }, level),
    ];
  }
  const characters = VALUE_CHARACTERS[level];
  const { before, after } = value;
  const from = startOf(before, after, characters);
  return [
    ...(before === undefined ? [] : [`- output ${name} = ${cut(before, characters, from)}`]),
    ...(after === undefined ? [] : [`+ output ${name} = ${cut(after, characters, from)}`]),
  ];
}

/** Returns where to start showing values, so that `characters` of them include what differs first. */
function startOf(before: string | undefined, after: string | undefined, characters: number) {
  if (before === undefined || after === undefined) return 0;
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  return same < characters / 2 ? 0 : same - Math.floor(characters / 4);
}

function cut(text: string, characters: number, from = 0): string {
  if (text.length <= characters) return text;
  const part = text.slice(from, from + characters).toWellFormed();
  const isEnd = from + characters >= text.length;
  return `${from > 0 ? "…" : ""}${part}${isEnd ? "" : "…"} (${text.length} characters)`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
