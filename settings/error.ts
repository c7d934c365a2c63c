/** One error in one variable, and how to correct it. */
export interface SettingsIssue {
  readonly variable: string;
  /** Absent if the variable is not set, or if its value may be a secret. */
  readonly received?: string;
  readonly message: string;
  readonly allowed: string;
  readonly next: string;
}

/** Reports every invalid setting at once, in a message for the person who set the variables. */
export class SettingsError extends Error {
  readonly issues: readonly SettingsIssue[];

  constructor(issues: readonly SettingsIssue[]) {
    const count = issues.length === 1 ? "1 setting is" : `${issues.length} settings are`;
    super([`${count} invalid. Nothing was built.`, ...issues.map(describe)].join("\n\n"));
    this.name = "SettingsError";
    this.issues = issues;
  }
}

const LONGEST_SHOWN = 100;

function describe({ variable, received, message, allowed, next }: SettingsIssue): string {
  const shown =
    received === undefined ? "" : ` = ${JSON.stringify(received.slice(0, LONGEST_SHOWN))}`;
  return [
    `  ${variable}${shown}`,
    `    error:   ${message}`,
    `    allowed: ${allowed}`,
    `    next:    ${next}`,
  ].join("\n");
}
