import { expect, test } from "vitest";
import { matches } from "../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../cloudwatch/pattern/parse.ts";
import type { CloudTrailRecord } from "./detection.ts";
import { exampleScope } from "./example-events.ts";
import { filterPatterns } from "./exclusions.ts";
import { detections } from "./index.ts";
import { ATTACK_STEPS } from "./testing/attack-steps.ts";
import { EVASION_STEPS } from "./testing/evasion-steps.ts";

const patterns = detections.flatMap((detection) =>
  detection.source === "trail"
    ? filterPatterns(detection, exampleScope).map((pattern) => ({
        id: detection.id,
        pattern: parsePattern(pattern),
      }))
    : [],
);

const firedBy = (record: CloudTrailRecord): readonly string[] => [
  ...new Set(
    patterns.filter(({ pattern }) => matches(pattern, JSON.stringify(record))).map(({ id }) => id),
  ),
];

test.each([...ATTACK_STEPS, ...EVASION_STEPS])("notices: %s (%s)", (_, id, record) => {
  expect(firedBy(record)).toContain(id);
});
