import { describe, expect, test } from "vitest";
import { matches } from "../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../cloudwatch/pattern/parse.ts";
import { filterPatterns } from "./exclusions.ts";
import { cisPack, detections } from "./index.ts";
import { createExampleScope } from "./scope.ts";

const OTHER_ACCOUNT = "444455556666";

/** As CloudTrail's console names it. */
const trailLogGroup = "aws-cloudtrail-logs-111122223333-1a2b3c4d";
const trailBucket = "aws-cloudtrail-logs-111122223333-1a2b3c4d";
const existing = createExampleScope("dev", "ap-southeast-2", {
  trailLogGroup,
  trailBucket,
  rolePath: "/platform/",
});

const trailDetections = [...detections, ...cisPack].filter(({ source }) => source === "trail");

/** The record, about the existing trail instead of ours, and roles with a path. */
function retargeted(record: object): string {
  return JSON.stringify(record)
    .replaceAll("/cipherwatch/dev/trail", trailLogGroup)
    .replaceAll(/:(role|policy)\/(?=bootstrap\/|cipherwatch-)/g, ":$1/platform/")
    .replaceAll("cipherwatch-dev-trail-111122223333-ap-southeast-2", trailBucket);
}

describe.each(trailDetections.map((detection) => [detection.id, detection] as const))(
  "%s in the log group of an existing trail, with roles in a path",
  (_, detection) => {
    if (detection.source !== "trail") return;
    const patterns = filterPatterns(detection, existing).map(parsePattern);
    const counts = (message: string) => patterns.some((pattern) => matches(pattern, message));

    test("counts the account's events as before", () => {
      for (const { record, name } of detection.mustFire) {
        expect.soft(counts(retargeted(record)), name).toBe(true);
      }
      for (const { record, name } of detection.mustNotFire) {
        expect.soft(counts(retargeted(record)), name).toBe(false);
      }
    });

    test("counts no event of another account of the organization", () => {
      for (const { record, name } of detection.mustFire) {
        const other = { ...record, recipientAccountId: OTHER_ACCOUNT };
        expect.soft(counts(retargeted(other)), name).toBe(false);
        const { recipientAccountId, ...unknown } = record;
        expect.soft(counts(retargeted(unknown)), name).toBe(false);
      }
    });

    test("leaves room in the pattern for an excluded role", () => {
      const scope = createExampleScope("prod", "us-gov-west-1", { trailLogGroup, trailBucket });
      const exclusions = ["arn:aws-us-gov:iam::111122223333:role/Administrator"];
      for (const pattern of filterPatterns({ ...detection, exclusions }, scope)) {
        expect(pattern.length).toBeLessThanOrEqual(1024);
      }
    });
  },
);
