/** What is wrong with one variable and what to do about it. */
export interface SettingsProblem {
  readonly variable: string;
  /** Absent: the variable is not set, or its value may be a secret. */
  readonly received?: string;
  readonly wrong: string;
  readonly allowed: string;
  readonly next: string;
}

/** Every problem with the settings at once; the message is for whoever typed them. */
export class SettingsError extends Error {
  readonly problems: readonly SettingsProblem[];

  constructor(problems: readonly SettingsProblem[]) {
    const count = problems.length === 1 ? "1 setting is" : `${problems.length} settings are`;
    super([`${count} wrong; nothing was built.`, ...problems.map(describe)].join("\n\n"));
    this.name = "SettingsError";
    this.problems = problems;
  }
}

const LONGEST_SHOWN = 100;

function describe({ variable, received, wrong, allowed, next }: SettingsProblem): string {
  const shown =
    received === undefined ? "" : ` = ${JSON.stringify(received.slice(0, LONGEST_SHOWN))}`;
  return [
    `  ${variable}${shown}`,
    `    wrong:   ${wrong}`,
    `    allowed: ${allowed}`,
    `    next:    ${next}`,
  ].join("\n");
}
