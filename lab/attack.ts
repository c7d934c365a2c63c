import { constants } from "node:os";
import { continueAfterClosedPipe } from "../common/closed-pipe.ts";
import { cisPack } from "../detections/index.ts";
import {
  type Attack,
  type AttackResult,
  attacks,
  defaultTimeout,
  keyAttacks,
  runAttack,
  stepsIn,
} from "./attack/attack.ts";
import { connectToLab, type LabClient, readLabUrls } from "./attack/lab-client.ts";
import { type AttackOptions, readOptions, USAGE } from "./attack/options.ts";
import { formatReport, type ReportedAttack } from "./attack/report.ts";

const NOT_DETECTED = 1;
const CANNOT_RUN = 2;

async function main(): Promise<void> {
  continueAfterClosedPipe();
  const optional = new Set([...cisPack, ...keyAttacks].map(({ id }) => id));
  const allIds = attacks.map(({ id }) => id);
  const defaultIds = allIds.filter((id) => !optional.has(id));
  const options = readOptions(process.argv.slice(2), allIds, defaultIds);
  if (options.help) return console.log(USAGE);
  if (options.list) return list();
  const lab = await connectToLab(readLabUrls(options.data));
  restoreSpeedOnSignals(lab);
  await runAll(lab, options);
}

/** Some attacks slow lab time down. Without this, Ctrl-C would leave it slow, and emails would take minutes. */
function restoreSpeedOnSignals({ restoreSpeed }: LabClient): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      const exit = () => process.exit(128 + constants.signals[signal]);
      restoreSpeed().then(exit, exit);
    });
  }
}

async function runAll(lab: LabClient, { ids, timeout }: AttackOptions): Promise<void> {
  const seconds = timeout ?? (await defaultTimeout(lab));
  const selected = attacks.filter(({ id }) => ids.includes(id));
  const reported: ReportedAttack[] = [];
  for (const attack of selected) {
    console.log(`\n${attack.id}: ${attack.title} (${attack.severity})`);
    for (const description of describeSteps(stepsIn(lab, attack))) console.log(`  ${description}.`);
    const result = await runAttack(lab, attack, seconds);
    reported.push({ attack, result });
    printResult(lab, result, selected.length === 1);
  }
  if (selected.length > 1) console.log(`\n${formatReport(reported)}`);
}

function printResult(lab: LabClient, result: AttackResult, withEmail: boolean): void {
  const after = `${result.seconds.toFixed(1)} s`;
  const undetected = result.steps.filter(({ detected }) => !detected);
  if (undetected.length > 0) process.exitCode = NOT_DETECTED;
  if (result.email === undefined) {
    console.error(
      `  No email after ${after}. Check the trail, the metric and the alarm in the console: ${lab.urls.console}`,
    );
    return;
  }
  const { to, subject, body } = result.email;
  console.log(`  Email to ${to} after ${after}${withEmail ? ":\n" : "."}`);
  for (const { scenario } of undetected) {
    console.error(`  The alarm did not count: ${scenario.description}.`);
  }
  if (withEmail) console.log(indent(`Subject: ${subject}\n\n${body.trimEnd()}`));
}

function list(): void {
  const width = Math.max(...attacks.map(({ id }) => id.length));
  const padding = " ".repeat(width + 2);
  for (const attack of attacks) {
    console.log(`${attack.id.padEnd(width)}  ${attack.title}`);
    for (const description of describeSteps(attack.steps)) console.log(padding + description);
  }
}

function describeSteps(steps: Attack["steps"]): readonly string[] {
  return steps.map(
    ({ scenario: { kind, description } }) =>
      `${kind === "live" ? "Live" : "Injected record"}: ${description}`,
  );
}

function indent(lines: string): string {
  return lines.replace(/^(?=.)/gm, "    ");
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = CANNOT_RUN;
}
