import type { Step } from "./workflow.ts";

/** Artifact, without the environment's name, → what is in it. */
export const ARTIFACTS: Readonly<Record<string, string>> = {
  image: "image.tar",
  "plan-report": "plan-report",
  "scannable-plans": "scannable-plans",
};

/** Artifact → the folder that it goes to; the workspace unless it is here. */
export const PLACES: Readonly<Record<string, string>> = {
  "plan-report": "plan-reports",
  "scannable-plans": "scannable-plans",
};

export function artifactOf(step: Step): string {
  return (step.with.name ?? step.with.pattern ?? "").replace(/-(\*|\$\{\{.*\}\})$/, "");
}

export function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
