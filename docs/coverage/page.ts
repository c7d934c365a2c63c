import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CoverageRow, Evidence } from "../../detections/coverage/coverage.ts";
import { elastic } from "../../detections/coverage/elastic.ts";
import { mitre } from "../../detections/coverage/mitre.ts";
import { panther } from "../../detections/coverage/panther.ts";
import { type Reason, reasons } from "../../detections/coverage/reasons.ts";
import { recordPages } from "../../detections/coverage/record-pages.ts";
import { resources } from "../../detections/coverage/resources.ts";
import { sigma } from "../../detections/coverage/sigma.ts";
import { unverified } from "../../detections/coverage/unverified.ts";

export const PAGE = join(import.meta.dirname, "../coverage.md");

const GENERATED =
  "<!-- Generated from detections/coverage by docs/coverage/page.ts. Edit those and run `npm run docs`. -->";

/** The text of docs/coverage.md. */
export function coveragePage(): string {
  return `${[
    "# What the detections cover",
    GENERATED,
    "Each table names what is covered, by which detections, and by which calls in CloudTrail. The runbooks say which callers a detection exempts. Detections that begin with `cis-` belong to the CIS pack, which is off by default (`CIPHERWATCH_CIS_PACK=true`). The rest is out of scope, with the reason.",
    "## Resources of the deployment",
    ...section("resource", resources),
    "## MITRE ATT&CK",
    "The techniques of the [IaaS matrix](https://attack.mitre.org/matrices/enterprise/cloud/iaas/), version 18.",
    ...section("technique", mitre, techniqueLink),
    "## Sigma",
    "The rules for CloudTrail in [SigmaHQ/sigma](https://github.com/SigmaHQ/sigma) of August 2026, by title. Left out are rules for services that the deployment does not use: Bedrock, EFS, EKS, ElastiCache, Glue, Lambda, SES, SSM, and EC2 instances and volumes.",
    ...section("rule", sigma),
    "## Elastic",
    "The rules for AWS in [elastic/detection-rules](https://github.com/elastic/detection-rules) of August 2026, by name. Left out are rules for GuardDuty, Route 53, and services that the deployment does not use: Backup, Batch, Bedrock, CloudFormation, CloudShell, Cognito, DynamoDB, EFS, EKS, Lambda, SageMaker, SSM, and EC2 instances and volumes.",
    ...section("rule", elastic),
    "## Panther",
    "The rules for CloudTrail in [panther-labs/panther-analysis](https://github.com/panther-labs/panther-analysis) of July 2026, by display name. Left out are rules for services that the deployment does not use: Bedrock, CodeBuild, Lambda, Macie, SES, SSM, and EC2 instances, volumes and images.",
    ...section("rule", panther),
    "## Where AWS documents the records",
    "The examples of the detections follow these pages, the API reference for the members of requests, and the published records that the public rules are tested with.",
    table(
      ["event source", "page"],
      Object.entries(recordPages).map(([service, page]) => [
        `${service}.amazonaws.com`,
        `<${page}>`,
      ]),
    ),
    "## What only an account can show",
    "Detections depend on these assumptions, which no documentation confirms, or which it contradicts in places.",
    table(["assumption", "check"], unverified),
  ].join("\n\n")}\n`;
}

function section(
  kind: string,
  rows: readonly CoverageRow[],
  link: (name: string) => string = (name) => name,
): readonly string[] {
  const covered = rows.flatMap((row) =>
    "coveredBy" in row ? [[link(row.name), evidenceCell(row.coveredBy)] as const] : [],
  );
  const outOfScope = Map.groupBy(
    rows.filter((row) => "outOfScope" in row),
    ({ outOfScope }) => outOfScope,
  );
  return [
    summary(rows),
    table([kind, "covered by"], covered),
    "Out of scope:",
    [...outOfScope]
      .map(([reason, list]) =>
        reasonItem(
          reason,
          list.map(({ name }) => link(name)),
        ),
      )
      .join("\n"),
  ];
}

function summary(rows: readonly CoverageRow[]): string {
  const covered = rows.filter((row) => "coveredBy" in row);
  const byCisPack = covered.filter(({ coveredBy }) =>
    coveredBy.every(({ detection }) => detection.startsWith("cis-")),
  );
  const only = byCisPack.length === 0 ? "" : `, ${byCisPack.length} of them by the CIS pack only`;
  return `${covered.length} of ${rows.length} are covered${only}.`;
}

function reasonItem(reason: Reason, names: readonly string[]): string {
  return `- ${reasons[reason]} *${names.join("; ")}.*`;
}

/** Detections with links to their runbooks, each followed by its events. */
function evidenceCell(evidence: readonly Evidence[]): string {
  return [...Map.groupBy(evidence, ({ detection }) => detection)]
    .map(([detection, events]) => {
      const names = events.map(({ event }) => (event === "metric" ? "a metric" : event)).join(", ");
      return `[${detection}](runbooks/${detection}.md) (${names})`;
    })
    .join(", ");
}

/** `T1562.008 Disable or Modify Cloud Logs`, with a link to the technique. */
function techniqueLink(name: string): string {
  const [id = "", ...words] = name.split(" ");
  return `[${id}](https://attack.mitre.org/techniques/${id.replace(".", "/")}/) ${words.join(" ")}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (import.meta.main) writeFileSync(PAGE, coveragePage());
