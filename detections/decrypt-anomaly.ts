import type { AnomalySettings } from "./detection.ts";

/** The anomaly alarm on the number of Decrypt calls, of the service's KMS key and of monitored keys. */
export const DECRYPT_ANOMALY: AnomalySettings = {
  severity: "medium", // growing use looks the same
  deviations: 4, // CloudWatch's default of 2 sends several emails a day in a quiet week
  period: 300,
  evaluationPeriods: 3,
  datapointsToAlarm: 2,
};
