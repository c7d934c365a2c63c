import type { Detection } from "./detection.ts";
import { kmsErrors } from "./kms-errors.ts";

/** Every detection there is; filters, alarms and their descriptions follow from this table. */
export const detections: readonly Detection[] = [kmsErrors];
