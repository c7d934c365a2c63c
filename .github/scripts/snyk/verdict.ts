import { findings, type Sarif } from "./sarif.ts";

/** How one run of the CLI ended. */
export interface ScanRun {
  readonly code: number;
  /** Absent: it left none, or none that can be read. */
  readonly sarif?: Sarif;
}

/** Snyk's exit codes, and with SNYK_CI=1 those of sysexits.h; only 0 is clean. */
const MEANING: Readonly<Record<number, string>> = {
  1: "it found vulnerabilities",
  2: "it failed; its log above says why",
  3: "it found nothing to scan",
  69: "Snyk's service could not be reached",
  77: "Snyk refused the token: it is wrong, expired, not allowed to, or of another region than SNYK_API",
};

/**
 * Why a scan is red. It is green only if it ran to its end, said so, and left results in which nothing
 * stands: whatever else happens is red, for a scan that did not look finds nothing either.
 * @returns undefined: clean
 */
export function failureReason({ code, sarif }: ScanRun): string | undefined {
  if (code !== 0) return `${MEANING[code] ?? "it ended in an unknown way"} (exit code ${code})`;
  if (sarif === undefined) return "it left no results, so it is not known to have looked";
  const found = findings(sarif);
  if (found.length > 0) return `it ended well and yet found ${found.join(", ")}`;
  return undefined;
}
