import { findings, type Sarif } from "./sarif.ts";

/** Result of one run of the Snyk CLI. */
export interface ScanRun {
  readonly code: number;
  /** Absent if the CLI wrote no valid SARIF file. */
  readonly sarif?: Sarif;
}

/** Exit codes of the Snyk CLI, and those of sysexits.h that it uses with SNYK_CI=1. */
const MEANING: Readonly<Record<number, string>> = {
  1: "it found vulnerabilities",
  2: "it failed; see the log above",
  3: "it found nothing to scan",
  69: "Snyk's service could not be reached",
  77: "Snyk rejected the token: it is invalid, expired, lacks permissions, or belongs to another region than SNYK_API",
};

/**
 * Returns why a scan failed. A scan passes only if it exited with 0 and wrote results without findings: a scan
 * that did not run finds nothing either.
 * @returns undefined if the scan is clean
 */
export function failureReason({ code, sarif }: ScanRun): string | undefined {
  if (code !== 0)
    return `${MEANING[code] ?? "it failed with an unknown exit code"} (exit code ${code})`;
  if (sarif === undefined) return "it wrote no results";
  const found = findings(sarif);
  if (found.length > 0) return `it succeeded but reported ${found.join(", ")}`;
  return undefined;
}
