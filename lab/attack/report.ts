import type { Attack, AttackResult } from "./attack.ts";

export interface ReportedAttack {
  readonly attack: Attack;
  readonly result: AttackResult;
}

const HEADER = ["alarm", "tried", "how", "seen", "email after"] as const;

/**
 * Formats a table of what was tried, whether the alarm counted it, and the lab minutes until the email, one
 * line per scenario.
 */
export function formatReport(attacks: readonly ReportedAttack[]): string {
  const rows = attacks.flatMap(({ attack, result }) =>
    result.steps.map(({ scenario, seen }, index) => [
      index === 0 ? attack.id : "",
      scenario.description,
      scenario.kind,
      seen ? "yes" : "NO",
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
  const seen = steps.filter((step) => step.seen).length;
  const emails = attacks.filter(({ result }) => result.email !== undefined).length;
  return [
    line(HEADER),
    line(widths.map((width) => "-".repeat(width))),
    ...rows.map(line),
    "",
    `${seen} of ${steps.length} scenarios were seen; ${emails} of ${attacks.length} alarms sent an email.`,
  ].join("\n");
}

function formatDelay({ labMinutes }: AttackResult): string {
  return labMinutes === undefined ? "no email" : `${labMinutes.toFixed(1)} min`;
}
