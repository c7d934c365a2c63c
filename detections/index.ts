import { alarmChange } from "./alarm-change.ts";
import { bucketChange } from "./bucket-change.ts";
import { clientVolume } from "./client-volume.ts";
import { databaseChange } from "./database-change.ts";
import { databaseCopy } from "./database-copy.ts";
import { decryptDenied } from "./decrypt-denied.ts";
import { deniedApi } from "./denied-api.ts";
import type { Detection } from "./detection.ts";
import { ecsChange } from "./ecs-change.ts";
import { imageChange } from "./image-change.ts";
import { ingressChange } from "./ingress-change.ts";
import { kmsErrors } from "./kms-errors.ts";
import { kmsKeyChange } from "./kms-key-change.ts";
import { kmsOutsider } from "./kms-outsider.ts";
import { kmsVolume } from "./kms-volume.ts";
import { networkChange } from "./network-change.ts";
import { quotaExceeded } from "./quota-exceeded.ts";
import { roleBorrowed } from "./role-borrowed.ts";
import { roleChange } from "./role-change.ts";
import { secretAccess } from "./secret-access.ts";
import { serviceCredentialsOutside } from "./service-credentials-outside.ts";
import { tamperedRecord } from "./tampered-record.ts";
import { trailChange } from "./trail-change.ts";
import { unreadableRecord } from "./unreadable-record.ts";

export { cisPack } from "./cis/index.ts";

/**
 * Every detection, without those of the CIS pack. Metric filters, alarms, the dashboard and the runbooks
 * are generated from this table.
 */
export const detections: readonly Detection[] = [
  kmsErrors,
  decryptDenied,
  kmsOutsider,
  kmsVolume,
  kmsKeyChange,
  clientVolume,
  quotaExceeded,
  tamperedRecord,
  unreadableRecord,
  roleChange,
  roleBorrowed,
  serviceCredentialsOutside,
  databaseChange,
  databaseCopy,
  secretAccess,
  ecsChange,
  imageChange,
  ingressChange,
  networkChange,
  bucketChange,
  deniedApi,
  trailChange,
  alarmChange,
];
