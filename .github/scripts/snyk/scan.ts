import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { StepError } from "../github/step.ts";

/** One run of the Snyk CLI. */
export interface Scan {
  /** Category in code scanning; new results replace the older ones of the same category. */
  readonly category: string;
  /** Arguments of the CLI. */
  readonly command: readonly string[];
}

export const SCANS = ["dependencies", "image", "plans"] as const;
export type ScanName = (typeof SCANS)[number];

export const SEVERITY_THRESHOLD = "high";
const POLICY = ["--policy-path=.snyk"];
const GATE = [`--severity-threshold=${SEVERITY_THRESHOLD}`, ...POLICY];

/** Paths to scan, and the platform of the image. */
export interface Targets {
  readonly archive: string;
  readonly platform: string;
  readonly plans: string;
}

/** @throws StepError if there is nothing to scan, as that must not pass */
export function scanCommands(
  name: ScanName,
  { archive, platform, plans }: Targets,
): readonly Scan[] {
  switch (name) {
    case "dependencies":
      return [{ category: "snyk-dependencies", command: ["test", ...GATE] }];
    case "image":
      return [
        {
          category: "snyk-image",
          command: ["container", "test", ...image(archive, platform), ...GATE],
        },
      ];
    case "plans":
      return planFiles(plans).map((file) => ({
        category: `snyk-plans-${file.replace(/\.json$/, "").replaceAll("/", "-")}`,
        command: ["iac", "test", join(plans, file), "--scan=planned-values", ...GATE],
      }));
  }
}

/** Commands that make Snyk monitor packages and image for vulnerabilities found later. */
export function monitorCommands({
  archive,
  platform,
}: Omit<Targets, "plans">): readonly string[][] {
  return [
    ["monitor", ...POLICY],
    ["container", "monitor", ...image(archive, platform), ...POLICY],
  ];
}

function image(archive: string, platform: string): string[] {
  if (!existsSync(archive)) throw new StepError(`There is no image to scan at ${archive}.`);
  return [`oci-archive:${archive}`, "--file=service/Dockerfile", `--platform=${platform}`];
}

/** Lists the plans below a folder, as `<environment>/<stack>.json`. */
function planFiles(folder: string): string[] {
  const files = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
    : [];
  const plans = files.filter((file) => file.endsWith(".json")).sort();
  if (plans.length === 0) throw new StepError(`There are no plans to scan in ${folder}.`);
  return plans;
}
