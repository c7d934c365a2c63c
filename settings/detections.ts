import { MAX_PATTERN_LENGTH } from "../cloudwatch/pattern/limits.ts";
import { validatePeriod } from "../detections/alarm-period.ts";
import { anomalyOf } from "../detections/cloudwatch-names.ts";
import { type DetectionSettings, enabledDetections } from "../detections/enabled.ts";
import { EXCLUSIONS_ALLOWED, filterPatterns, validateExclusion } from "../detections/exclusions.ts";
import { cisPack, detections } from "../detections/index.ts";
import { keyDetections } from "../detections/monitored-keys/index.ts";
import { EXAMPLE_KEY } from "../detections/monitored-keys/monitored-key.ts";
import { createExampleScope } from "../detections/scope.ts";
import type * as existing from "./existing.ts";
import type * as general from "./general.ts";
import type * as keysAndLogs from "./keys-and-logs.ts";
import type * as network from "./network.ts";
import { listsOf, namesOf, numbersOf } from "./schemas.ts";
import { flag, type Refinement, same, setting, type ValuesOf } from "./setting.ts";

/** The detections on monitored keys, which settings name by their kind, because all keys share it. */
const KEY_DETECTIONS = keyDetections([EXAMPLE_KEY]).map(({ kind, ...detection }) => ({
  ...detection,
  id: kind ?? detection.id,
}));

const ALL_DETECTIONS = [...detections, ...cisPack, ...KEY_DETECTIONS];
const DETECTION_IDS = detections.map(({ id }) => id);
const ALL_IDS = ALL_DETECTIONS.map(({ id }) => id);
const TRAIL_IDS = ALL_DETECTIONS.filter(({ source }) => source === "trail").map(({ id }) => id);
const ANOMALY_IDS = ALL_DETECTIONS.filter(anomalyOf).map(({ id }) => id);

export const settings = {
  detections: setting({
    description: "Detections to deploy, apart from those of the CIS pack.",
    schema: namesOf("detection", DETECTION_IDS),
    defaults: same(DETECTION_IDS),
    allowed: `comma-separated detections out of ${DETECTION_IDS.join(", ")}`,
    next: "list the detections to deploy, or unset it to deploy all of them",
  }),

  cisPack: flag({
    description: "Also deploy the metric filters and alarms of the CIS AWS Foundations Benchmark.",
    defaults: same(false),
  }),

  thresholds: setting({
    description: "Number of events in a period at which a detection's alarm fires, by detection.",
    schema: numbersOf("detection", ALL_IDS),
    defaults: same({}),
    allowed: `comma-separated detection=number, with numbers above 0; detections are ${ALL_IDS.join(", ")}`,
    next: "write it like kms-errors=5",
  }),

  periods: setting({
    description:
      "Seconds over which a detection's alarm counts events, by detection. 900 by default for a threshold above 1 on the trail.",
    schema: numbersOf("detection", ALL_IDS, validatePeriodOf),
    defaults: same({}),
    allowed: `comma-separated detection=seconds; detections are ${ALL_IDS.join(", ")}`,
    next: "write it like kms-volume=3600",
  }),

  anomalyDeviations: setting({
    description:
      "Standard deviations above the expected value at which an anomaly alarm fires, by detection.",
    schema: numbersOf("detection with an anomaly alarm", ANOMALY_IDS),
    defaults: same({}),
    allowed: `comma-separated detection=number, with numbers above 0; detections are ${ANOMALY_IDS.join(", ")}`,
    next: "write it like kms-volume=6; a higher number is less sensitive",
  }),

  exclusions: setting({
    description:
      "Callers that a detection does not count, in addition to those that it always ignores.",
    schema: listsOf("CloudTrail detection", TRAIL_IDS, validateExclusion),
    defaults: same({}),
    allowed: `comma-separated detection=caller; detections are ${TRAIL_IDS.join(", ")}; callers are ${EXCLUSIONS_ALLOWED}`,
    next: "write it like kms-outsider=backup.amazonaws.com,ecs-change=arn:aws:iam::111122223333:role/Admin",
  }),
};

type Values = ValuesOf<typeof settings> &
  Pick<ValuesOf<typeof general.settings>, "env" | "region" | "rolePath"> &
  Pick<
    ValuesOf<typeof existing.settings>,
    "trailLogGroup" | "trailBucket" | "urgentTopicArn" | "routineTopicArn"
  > &
  Pick<ValuesOf<typeof network.settings>, "natAddresses"> &
  Pick<ValuesOf<typeof keysAndLogs.settings>, "keyGenerations">;

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: [
      "exclusions",
      "detections",
      "cisPack",
      "thresholds",
      "periods",
      "anomalyDeviations",
      "env",
      "region",
      "rolePath",
      "natAddresses",
      "trailLogGroup",
      "trailBucket",
      "keyGenerations",
      "urgentTopicArn",
      "routineTopicArn",
    ],
    check: (values) => (tooLong({ ...values, exclusions: {} }).length > 0 ? [] : tooLong(values)),
    allowed: `exclusions that keep filter patterns within ${MAX_PATTERN_LENGTH} characters`,
    next: "remove some exclusions, or replace several with one that ends with *",
  },
  {
    fields: [
      "trailLogGroup",
      "trailBucket",
      "urgentTopicArn",
      "routineTopicArn",
      "natAddresses",
      "detections",
      "cisPack",
      "thresholds",
      "periods",
      "anomalyDeviations",
      "env",
      "region",
      "rolePath",
      "keyGenerations",
    ],
    check: (values) => tooLong({ ...values, exclusions: {} }),
    allowed: `a name that keeps filter patterns within ${MAX_PATTERN_LENGTH} characters`,
    next: "use a log group, a bucket or topics with shorter names",
  },
];

function validatePeriodOf(id: string, period: number): string | undefined {
  const detection = ALL_DETECTIONS.find((candidate) => candidate.id === id);
  return detection && validatePeriod(detection, period);
}

/** Measures the patterns as AWS will receive them, with references to other resources resolved. */
function tooLong(values: DetectionSettings & Values): string[] {
  const previousKeys = values.keyGenerations.length - 1;
  const scope = createExampleScope(values.env, values.region, { ...values, previousKeys });
  return enabledDetections(values).flatMap((detection) => {
    if (detection.source !== "trail") return [];
    const length = Math.max(...filterPatterns(detection, scope).map((pattern) => pattern.length));
    return length <= MAX_PATTERN_LENGTH
      ? []
      : [`makes the filter pattern of ${detection.id} too long: ${length} characters`];
  });
}
