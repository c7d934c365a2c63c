import { type Reason, reasons } from "./reasons.ts";

/** A detection, and an event that it counts: the name of an API call, or `metric` for a service detection. */
export interface Evidence {
  readonly detection: string;
  readonly event: string;
}

/** A technique, a published rule or a resource: covered by detections, or out of scope. */
export type CoverageRow = { readonly name: string } & (
  | { readonly coveredBy: readonly Evidence[] }
  | { readonly outOfScope: Reason }
);

/**
 * Reads a table of coverage. A line is `name | detection:event …`, or `name | -reason`.
 * @throws {Error} with the line, if it has another form
 */
export function coverageTable(text: string): readonly CoverageRow[] {
  return text.trim().split("\n").map(coverageRow);
}

function coverageRow(line: string): CoverageRow {
  const [, name = "", target = ""] = /^(.+) \| (\S.*)$/.exec(line) ?? [];
  if (target.startsWith("-")) {
    const reason = target.slice(1);
    if (!Object.hasOwn(reasons, reason)) {
      throw new Error(
        `Unknown reason ${reason} in ${JSON.stringify(line)}; use one of ${Object.keys(reasons).join(", ")}.`,
      );
    }
    return { name, outOfScope: reason as Reason };
  }
  const coveredBy = target.split(" ").map((pair) => {
    const [detection = "", event = ""] = pair.split(":");
    return { detection, event };
  });
  if (name === "" || coveredBy.some(({ detection, event }) => detection === "" || event === "")) {
    throw new Error(
      `${JSON.stringify(line)} must be "name | detection:event" or "name | -reason".`,
    );
  }
  return { name, coveredBy };
}
