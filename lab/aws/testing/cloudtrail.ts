import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { Journal } from "../../state/journal.ts";
import { type ManualClock, manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { createCloudTrail } from "../cloudtrail/cloudtrail.ts";
import { fixedDelay } from "../cloudtrail/deliveries.ts";
import type { TrailEntry } from "../cloudtrail/event-store.ts";
import type { TrailEvent } from "../cloudtrail/record.ts";
import { createKms } from "../kms/kms.ts";
import type { Audit, AwsStructure, Call, Operations, Service } from "../shared/operation.ts";
import { createIdentities } from "../sts/identities.ts";
import { ACCOUNT, base64, deployedKey } from "./account.ts";

export const START = Date.parse("2026-11-20T00:00:00.900Z");
/** Milliseconds. */
export const DELAY = 90_000;

export const TRAIL = {
  name: "cipherwatch",
  arn: `arn:aws:cloudtrail:${ACCOUNT.region}:${ACCOUNT.accountId}:trail/cipherwatch`,
  homeRegion: ACCOUNT.region,
  multiRegion: true,
  logGroupName: "/cipherwatch/trail",
  bucketName: "trail-bucket",
  kmsKeyArn: `arn:aws:kms:${ACCOUNT.region}:${ACCOUNT.accountId}:key/trail`,
  logsRoleArn: `arn:aws:iam::${ACCOUNT.accountId}:role/trail`,
  validatesLogFiles: true,
};

export const FIRST_KEY = deployedKey(1, "alias/key1");
export const SECOND_KEY = deployedKey(2, "alias/key2");

interface Delivery {
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly message: string;
  readonly timestamp: number;
}

export type TrailLab = ReturnType<typeof startTrail>;

/** Starts CloudTrail and KMS. */
export function startTrail({
  clock = manualClock(START) as ManualClock,
  journal = memoryJournal<TrailEntry>() as Journal<TrailEntry>,
  onDelivery = (_: Delivery) => {},
  deliveries = fixedDelay(DELAY / 1000),
} = {}) {
  const delivered: Delivery[] = [];
  const trail = createCloudTrail({
    clock,
    trail: TRAIL,
    deliveries,
    journal,
    accountId: ACCOUNT.accountId,
    deliver: (logGroupName, logStreamName, events) => {
      for (const event of events) {
        const delivery = { logGroupName, logStreamName, ...event };
        delivered.push(delivery);
        onDelivery(delivery);
      }
    },
  });
  const identities = createIdentities({ ...ACCOUNT, clock });
  const keys = [FIRST_KEY, SECOND_KEY];
  const kms = createKms({ ...ACCOUNT, clock, keys, journal: memoryJournal() });
  const services: Partial<Record<Service, Operations>> = {
    kms: kms.operations,
    cloudtrail: trail.operations,
  };
  let calls = 0;

  /** Calls an operation and records it, as the endpoint does. Other services return `respond()`. */
  const call = async (
    service: Service,
    operation: string,
    input: Record<string, unknown> = {},
    { accessKeyId = "alice", respond = () => ({}) as AwsStructure } = {},
  ): Promise<AwsStructure | AwsError> => {
    let audit: Audit = {};
    const context: Call = {
      operation,
      requestId: `request-${++calls}`,
      caller: identities.callerFor(accessKeyId),
      region: ACCOUNT.region,
      sourceIpAddress: "127.0.0.1",
      userAgent: "test",
      authorize: () => {},
      audit: (elements) => {
        audit = { ...audit, ...elements };
      },
    };
    try {
      const output = await (services[service]?.[operation] ?? respond)(input, context);
      trail.record({ service, call: context, input, result: { output }, audit });
      return output;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      trail.record({ service, call: context, input, result: { error }, audit });
      return error;
    }
  };
  const events = () => delivered.map(({ message }) => JSON.parse(message) as TrailEvent);
  return { clock, trail, identities, call, deliveries: delivered, events };
}

/** Returns a ciphertext in base64. */
export async function encrypt(
  lab: TrailLab,
  KeyId: string,
  EncryptionContext = {},
): Promise<string> {
  const output = await lab.call("kms", "Encrypt", { KeyId, Plaintext: "aGk=", EncryptionContext });
  return base64((output as AwsStructure).CiphertextBlob);
}

/** Returns the record of the last call. */
export function lastRecord(lab: TrailLab): TrailEvent | undefined {
  return lab.trail.recent(1)[0]?.event;
}

export async function lookup(
  lab: TrailLab,
  input: Record<string, unknown>,
): Promise<AwsStructure[]> {
  const output = await lab.call("cloudtrail", "LookupEvents", input);
  if (output instanceof AwsError) throw output;
  return output.Events as unknown as AwsStructure[];
}
