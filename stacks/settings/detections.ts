import { chosenDetections, type DetectionSettings } from "../detections/chosen.ts";
import {
  EXCLUSIONS_ALLOWED,
  exclusionProblem,
  filterPattern,
  LONGEST_PATTERN,
} from "../detections/exclusions.ts";
import { cisPack, detections } from "../detections/index.ts";
import { periodProblem } from "../detections/period.ts";
import { exampleWatchedIn } from "../detections/watched.ts";
import type * as general from "./general.ts";
import { flag } from "./kinds.ts";
import { listsOf, namesOf, numbersOf } from "./lists.ts";
import { byDefault, rulesFor, type ValuesOf } from "./setting.ts";

const EVERY_DETECTION = [...detections, ...cisPack];
const OWN_IDS = detections.map(({ id }) => id);
const ALL_IDS = EVERY_DETECTION.map(({ id }) => id);
const TRAIL_IDS = EVERY_DETECTION.filter(({ source }) => source === "trail").map(({ id }) => id);

export const settings = {
  /** Ids of the detections that run. */
  detections: byDefault(
    OWN_IDS,
    namesOf("detection", OWN_IDS, {
      allowed: `of ${OWN_IDS.join(", ")}`,
      next: "name those to run with commas between them, or unset it for all",
    }),
  ),

  /** Run the metric filters of the CIS AWS Foundations Benchmark too. */
  cisPack: byDefault(false, flag),

  /** Detection → the count at which its alarm fires. Each detection's own unless said otherwise. */
  thresholds: byDefault(
    {},
    numbersOf("detection", ALL_IDS, {
      allowed: `detection=number with commas between them; of ${ALL_IDS.join(", ")}; numbers above 0`,
      next: "write it like kms-errors=5",
    }),
  ),

  /** Detection → seconds over which it counts. Each detection's own unless said otherwise. */
  periods: byDefault(
    {},
    numbersOf(
      "detection",
      ALL_IDS,
      {
        allowed: `detection=seconds with commas between them; of ${ALL_IDS.join(", ")}`,
        next: "write it like kms-volume=3600",
      },
      (id, period) => {
        const detection = EVERY_DETECTION.find((it) => it.id === id);
        return detection && periodProblem(detection, period);
      },
    ),
  ),

  /** Detection → whoever it shall not count, beside those it leaves out by itself. */
  exclusions: byDefault(
    {},
    listsOf(
      "detection with a filter",
      TRAIL_IDS,
      {
        allowed: `detection=caller with commas between them; of ${TRAIL_IDS.join(", ")}; callers are ${EXCLUSIONS_ALLOWED}`,
        next: "write it like kms-outsider=backup.amazonaws.com,ecs-change=arn:aws:iam::111122223333:role/Admin",
      },
      exclusionProblem,
    ),
  ),
};

type Values = ValuesOf<typeof settings> & Pick<ValuesOf<typeof general.settings>, "env" | "region">;
const rule = rulesFor<Values>();

export const rules = [
  rule(
    ["exclusions", "detections", "cisPack", "thresholds", "periods", "env", "region"],
    longPatterns,
    {
      allowed: `patterns of at most ${LONGEST_PATTERN} characters`,
      next: "take some out, or mean several by one that ends with *",
    },
  ),
];

/** What is too long in which detection, once Terraform has filled in what the patterns refer to. */
function longPatterns(values: DetectionSettings & Pick<Values, "env" | "region">): string[] {
  const watched = exampleWatchedIn(values.env, values.region);
  return chosenDetections(values).flatMap((detection) => {
    if (detection.source !== "trail") return [];
    const { length } = filterPattern(detection, watched);
    return length <= LONGEST_PATTERN
      ? []
      : [`with its exclusions the filter pattern of ${detection.id} has ${length} characters`];
  });
}
