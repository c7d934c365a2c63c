import { FilterPatternError } from "../cloudwatch/pattern/error.ts";
import {
  type ExplainedCondition,
  type Explanation,
  explain,
} from "../cloudwatch/pattern/explain.ts";
import { parsePattern } from "../cloudwatch/pattern/parse.ts";
import { warnings } from "../cloudwatch/pattern/warnings.ts";
import { continueAfterClosedPipe } from "../common/closed-pipe.ts";
import { parseOptions } from "../common/parse-options.ts";
import { callerOf } from "../replay/evaluate/caller.ts";
import { createScan, type Scan } from "../replay/evaluate/scan.ts";
import { scanFiles } from "../replay/read/scan-files.ts";
import { noFilesError, noneSkipped, resolvePaths, walk } from "../replay/read/walk.ts";
import { counted, number } from "../replay/report/format.ts";

/** Number of events to explain: of those that match, and of those that do not. */
const SHOWN = 5;

const USAGE = `npx --no -- cipherwatch pattern PATTERN [PATH…]

Checks a CloudWatch Logs filter pattern as AWS does. With CloudTrail files, also counts the events that it
matches, and explains the first ${SHOWN} that match and the first ${SHOWN} that do not, clause by clause.

  PATTERN   the filter pattern, in quotes: '{ $.errorCode = "*" }'
  PATH      CloudTrail files (.json, .json.gz, .zip), folders, globs, or - for standard input
  --help    show this help

Exit codes: 0 the pattern is valid, and matches an event if there are any files; 1 AWS would reject it, or it
matches no event; 2 invalid arguments, or some files or records could not be read.`;

/** Control characters, with which events could send commands to the terminal. */
const CONTROL = /[^\P{Cc}\n]/gu;

/** Runs `cipherwatch pattern` with the streams of this process, and sets its exit code. */
export async function runPattern(args: readonly string[]): Promise<void> {
  continueAfterClosedPipe();
  try {
    const { code, output } = await testPattern(args);
    process.stdout.write(`${output}\n`.replace(CONTROL, "\ufffd"));
    process.exitCode = code;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 2;
  }
}

/** @throws Error for invalid arguments */
export async function testPattern(
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const { values, positionals } = parseOptions(
    {
      args: [...args],
      allowPositionals: true,
      options: { help: { type: "boolean", short: "h" } },
    },
    USAGE,
  );
  if (values.help) return { code: 0, output: USAGE };
  const [source, ...paths] = positionals;
  if (source === undefined)
    throw new Error(`PATTERN is missing: pass a filter pattern in quotes.\n\n${USAGE}`);
  try {
    parsePattern(source);
  } catch (error) {
    if (!(error instanceof FilterPatternError)) throw error;
    return { code: 1, output: rejection(source, error).join("\n") };
  }
  const head = warnings(parsePattern(source)).map((warning) => `Warning: ${warning}`);
  if (paths.length === 0) {
    return { code: 0, output: [...head, "AWS accepts the pattern."].join("\n") };
  }
  const { code, lines } = await testEvents(source, paths);
  return { code, output: [...head, ...lines].join("\n") };
}

/** Quotes the pattern, with the invalid part marked. */
function rejection(source: string, { message, detail, range }: FilterPatternError): string[] {
  const lines = [`AWS rejects the pattern: ${message}`, detail];
  if (range === undefined || source.includes("\n")) return lines;
  const leading = source.length - source.trimStart().length;
  const marker = "^".repeat(Math.max(1, range.end - range.start));
  return [...lines, "", source, `${" ".repeat(leading + range.start)}${marker}`];
}

async function testEvents(
  source: string,
  paths: readonly string[],
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const pattern = parsePattern(source);
  const matching: string[] = [];
  const others: string[] = [];
  let matched = 0;
  const events = createScan({ filters: [], monitoredMetrics: [], countsKeyUse: false });
  const scan: Scan = {
    ...events,
    // Parses every record, because each event is explained.
    skim: () => () => undefined,
    add: (record, text) => {
      const error = events.add(record, text);
      if (error !== undefined) return error;
      const explanation = explain(pattern, text);
      if (explanation.matched) matched++;
      const list = explanation.matched ? matching : others;
      if (list.length < SHOWN) list.push(eventLines(record, explanation).join("\n"));
      return undefined;
    },
  };
  const skipped = noneSkipped();
  const files = (await Array.fromAsync(walk(await resolvePaths(paths), skipped))).flat();
  const batch = await scanFiles(files, scan);
  const errors = [...skipped.unreadable, ...batch.errors];
  if (batch.files + errors.length === 0) {
    throw noFilesError(paths, {
      digests: skipped.digests + batch.digests,
      others: skipped.others + batch.others,
    });
  }
  const errorLines = errors.map(
    ({ file, place, why }) => `${[file, place].filter(Boolean).join(", ")}: ${why}`,
  );
  const summary = `${number(matched)} of ${counted(batch.events, "event")} match.`;
  return {
    code: errors.length > 0 ? 2 : matched > 0 ? 0 : 1,
    lines: [...errorLines, summary, ...matching, ...others],
  };
}

function eventLines(record: object, { matched, condition }: Explanation): readonly string[] {
  const event = record as Readonly<Record<string, unknown>>;
  const fields = [event.eventTime, event.eventName, event.errorCode, callerOf(event).principal];
  const title = fields.filter((field) => typeof field === "string" && field !== "").join("  ");
  return [`${mark(matched)} ${title}`, ...(condition ? conditionLines(condition, "    ") : [])];
}

function conditionLines(condition: ExplainedCondition, indent: string): readonly string[] {
  const start = `${indent}${mark(condition.matched)}`;
  if (condition.type !== "clause") {
    const inner = condition.conditions.flatMap((each) => conditionLines(each, `${indent}  `));
    return [`${start} ${condition.type === "and" ? "all of" : "any of"}`, ...inner];
  }
  const values = condition.values.map((value) => JSON.stringify(value)).join(", ");
  return [`${start} ${condition.text}    ${values === "" ? "not in the record" : values}`];
}

const mark = (matched: boolean) => (matched ? "✓" : "✗");
