import { validatePeriod } from "../detections/alarm-period.ts";
import { anomalyOf } from "../detections/cloudwatch-names.ts";
import { type DetectionSettings, enabledDetections } from "../detections/enabled.ts";
import {
  EXCLUSIONS_ALLOWED,
  filterPattern,
  LONGEST_PATTERN,
  validateExclusion,
} from "../detections/exclusions.ts";
import { cisPack, detections } from "../detections/index.ts";
import { createExampleScope } from "../detections/scope.ts";
import type * as general from "./general.ts";
import { flag } from "./kinds.ts";
import { listsOf, namesOf, numbersOf } from "./lists.ts";
import type { Rule, ValuesOf } from "./setting.ts";

const EVERY_DETECTION = [...detections, ...cisPack];
const OWN_IDS = detections.map(({ id }) => id);
const ALL_IDS = EVERY_DETECTION.map(({ id }) => id);
const TRAIL_IDS = EVERY_DETECTION.filter(({ source }) => source === "trail").map(({ id }) => id);
const ANOMALY_IDS = EVERY_DETECTION.filter(anomalyOf).map(({ id }) => id);

export const settings = {
  /** Ids of the detections that run. */
  detections: namesOf("detection", OWN_IDS, {
    allowed: `of ${OWN_IDS.join(", ")}`,
    next: "name those to run with commas between them, or unset it for all",
  }).byDefault(OWN_IDS),

  /** Run the metric filters of the CIS AWS Foundations Benchmark too. */
  cisPack: flag.byDefault(false),

  /** Detection → the count at which its alarm fires. Each detection's own unless said otherwise. */
  thresholds: numbersOf("detection", ALL_IDS, {
    allowed: `detection=number with commas between them; of ${ALL_IDS.join(", ")}; numbers above 0`,
    next: "write it like kms-errors=5",
  }).byDefault({}),

  /** Detection → seconds over which it counts. Each detection's own unless said otherwise. */
  periods: numbersOf("detection", ALL_IDS, {
    check: periodOfDetectionProblem,
    allowed: `detection=seconds with commas between them; of ${ALL_IDS.join(", ")}`,
    next: "write it like kms-volume=3600",
  }).byDefault({}),

  /** Detection → standard deviations above what is usual at which its anomaly alarm fires. */
  anomalyDeviations: numbersOf("detection with an anomaly alarm", ANOMALY_IDS, {
    allowed: `detection=number with commas between them; of ${ANOMALY_IDS.join(", ")}; numbers above 0`,
    next: "write it like kms-volume=6; more is less sensitive",
  }).byDefault({}),

  /** Detection → whoever it shall not count, beside those it leaves out by itself. */
  exclusions: listsOf("detection with a filter", TRAIL_IDS, {
    check: validateExclusion,
    allowed: `detection=caller with commas between them; of ${TRAIL_IDS.join(", ")}; callers are ${EXCLUSIONS_ALLOWED}`,
    next: "write it like kms-outsider=backup.amazonaws.com,ecs-change=arn:aws:iam::111122223333:role/Admin",
  }).byDefault({}),
};

type Values = ValuesOf<typeof settings> & Pick<ValuesOf<typeof general.settings>, "env" | "region">;

export const rules: readonly Rule<Values>[] = [
  {
    among: [
      "exclusions",
      "detections",
      "cisPack",
      "thresholds",
      "periods",
      "anomalyDeviations",
      "env",
      "region",
    ],
    wrongWith: longPatterns,
    allowed: `patterns of at most ${LONGEST_PATTERN} characters`,
    next: "take some out, or mean several by one that ends with *",
  },
];

function periodOfDetectionProblem(id: string, period: number): string | undefined {
  const detection = EVERY_DETECTION.find((it) => it.id === id);
  return detection && validatePeriod(detection, period);
}

/** What is too long in which detection, once Terraform has filled in what the patterns refer to. */
function longPatterns(values: DetectionSettings & Pick<Values, "env" | "region">): string[] {
  const scope = createExampleScope(values.env, values.region);
  return enabledDetections(values).flatMap((detection) => {
    if (detection.source !== "trail") return [];
    const { length } = filterPattern(detection, scope);
    return length <= LONGEST_PATTERN
      ? []
      : [`with its exclusions the filter pattern of ${detection.id} has ${length} characters`];
  });
}
