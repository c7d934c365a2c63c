import type { Attack, AttackResult } from "./attack.ts";

export interface ReportedAttack {
  readonly attack: Attack;
  readonly result: AttackResult;
}

const HEADER = ["alarm", "scenario", "kind", "detected", "email after (lab time)"] as const;

/**
 * Formats a table with one line per scenario: what it did, whether the alarm detected it, and the lab minutes until
 * the email.
 */
export function formatReport(attacks: readonly ReportedAttack[]): string {
  const rows = attacks.flatMap(({ attack, result }) =>
    result.steps.map(({ scenario, detected }, index) => [
      index === 0 ? attack.id : "",
      scenario.description,
      scenario.kind,
      detected ? "yes" : "NO",
      index > 0 ? "" : formatDelay(result),
    ]),
  );
  const widths = HEADER.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const steps = attacks.flatMap(({ result }) => result.steps);
  const detected = steps.filter((step) => step.detected).length;
  const emails = attacks.filter(({ result }) => result.email !== undefined).length;
  return [
    line(HEADER),
    line(widths.map((width) => "-".repeat(width))),
    ...rows.map(line),
    "",
    `${detected} of ${steps.length} scenarios were detected; ${emails} of ${attacks.length} alarms sent an email.`,
  ].join("\n");
}

function formatDelay({ labMinutes }: AttackResult): string {
  return labMinutes === undefined ? "no email" : `${labMinutes.toFixed(1)} min`;
}
