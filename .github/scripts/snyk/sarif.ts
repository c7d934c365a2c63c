import { z } from "zod";
import { StepError } from "../github/step.ts";

/** The part of SARIF 2.1.0 that the pipeline reads; the rest is kept unchanged. */
const rule = z.looseObject({
  id: z.string(),
  properties: z.looseObject({}).optional(),
  defaultConfiguration: z.looseObject({ level: z.string().optional() }).optional(),
});
const result = z.looseObject({
  ruleId: z.string().optional(),
  level: z.string().optional(),
  suppressions: z.array(z.unknown()).optional(),
});
const run = z.looseObject({
  tool: z.looseObject({
    driver: z.looseObject({ name: z.string(), rules: z.array(rule).default([]) }),
  }),
  results: z.array(result),
  automationDetails: z.looseObject({ id: z.string().optional() }).optional(),
});
const sarif = z.looseObject({ version: z.literal("2.1.0"), runs: z.array(run).min(1) });

export type Sarif = z.output<typeof sarif>;

/** Severity of a level if Snyk gives no number; GitHub shows 7.0 and above as high. */
const SEVERITY_OF_LEVEL: Readonly<Record<string, string>> = {
  error: "8.0",
  warning: "5.0",
  note: "2.0",
  none: "0.0",
};

/** @throws StepError if the text is not SARIF 2.1.0 */
export function parseSarif(text: string, file: string): Sarif {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StepError(`${file} is not JSON: ${(error as Error).message}. The scan failed.`);
  }
  const parsed = sarif.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new StepError(
    `${file} is not SARIF 2.1.0. The scan failed.\n${z.prettifyError(parsed.error)}`,
  );
}

/**
 * Makes Snyk's SARIF acceptable to GitHub code scanning, which requires a separate category for each run and a
 * number as `security-severity`, where Snyk may write null or "undefined".
 * @param category of the upload, such as `snyk-image`
 */
export function normalizeSarif(document: Sarif, category: string): Sarif {
  return {
    ...document,
    runs: document.runs.map((each, index) => ({
      ...each,
      automationDetails: { ...each.automationDetails, id: `${category}/${index}/` },
      tool: {
        ...each.tool,
        driver: {
          ...each.tool.driver,
          rules: each.tool.driver.rules.map((item) => ({
            ...item,
            properties: { ...item.properties, "security-severity": severityOf(item) },
          })),
        },
      },
    })),
  };
}

function severityOf({ properties, defaultConfiguration }: z.output<typeof rule>): string {
  const given = properties?.["security-severity"];
  const number = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
  if (typeof number === "number" && number >= 0 && number <= 10) return number.toFixed(1);
  return SEVERITY_OF_LEVEL[defaultConfiguration?.level ?? "error"] ?? "8.0";
}

/** Counts findings that are not ignored, as `<rule>: <count>`. */
export function findings({ runs }: Sarif): string[] {
  const counts = new Map<string, number>();
  for (const { results } of runs) {
    for (const { ruleId = "without an id", suppressions = [] } of results) {
      if (suppressions.length === 0) counts.set(ruleId, (counts.get(ruleId) ?? 0) + 1);
    }
  }
  return [...counts].map(([id, count]) => `${id}: ${count}`);
}
