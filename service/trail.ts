import type {
  AdvancedEventSelector,
  CloudTrailClient,
  EventSelector,
  GetEventSelectorsResponse,
  GetTrailStatusResponse,
} from "@aws-sdk/client-cloudtrail";
import type { Credentials } from "./credentials.ts";

/** Why a trail does not deliver the KMS events of the service to its log group. */
export type TrailFailure =
  | "NotFound"
  | "NotLogging"
  | "KmsEventsExcluded"
  | "NeverDelivered"
  | "DeliveryFailed"
  | "DeliveryStopped";

/**
 * Asks CloudTrail about a trail.
 * @returns undefined when the trail delivers
 * @throws when CloudTrail does not answer
 */
export type ReadTrail = (signal: AbortSignal) => Promise<TrailFailure | undefined>;

/**
 * Milliseconds after which a log group that gets nothing counts as broken. CloudTrail delivers within about 5
 * minutes on average, and the requests of `createReadTrail` are events themselves.
 */
const MAX_DELIVERY_AGE = 30 * 60_000;

export interface TrailLocation {
  /** A trail's name, or its ARN if it belongs to another account of the organization. */
  readonly trail: string;
  /** Where the trail was created; an ARN has its own. */
  readonly region: string;
  /** Default: the SDK's provider chain. */
  readonly credentials?: Credentials;
}

/** @param now milliseconds since the epoch */
export function createReadTrail(location: TrailLocation, now: () => number): ReadTrail {
  let loaded: Awaited<ReturnType<typeof load>> | undefined;
  return async (abortSignal) => {
    loaded ??= await load(location);
    const { client, getStatus, getSelectors } = loaded;
    try {
      const [status, selectors] = await Promise.all([
        client.send(getStatus, { abortSignal }),
        client.send(getSelectors, { abortSignal }),
      ]);
      // The SDK measures how far the clock of the container is off, which would look like a delivery that stopped.
      return failureOf(status, selectors, now() + client.config.systemClockOffset);
    } catch (error) {
      if (error instanceof Error && error.name === "TrailNotFoundException") return "NotFound";
      throw error;
    }
  };
}

/** Loads the client only where it is used: it takes memory and time at start. */
async function load({ trail, region, credentials }: TrailLocation) {
  const sdk = await import("@aws-sdk/client-cloudtrail");
  const client: CloudTrailClient = new sdk.CloudTrailClient({
    ...(credentials !== undefined && { credentials }),
    region: trail.split(":")[3] ?? region,
    maxAttempts: 2,
  });
  return {
    client,
    getStatus: new sdk.GetTrailStatusCommand({ Name: trail }),
    getSelectors: new sdk.GetEventSelectorsCommand({ TrailName: trail }),
  };
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html */
export function failureOf(
  status: GetTrailStatusResponse,
  selectors: GetEventSelectorsResponse,
  now: number,
): TrailFailure | undefined {
  if (status.IsLogging !== true) return "NotLogging";
  if (!recordsKms(selectors)) return "KmsEventsExcluded";
  if (status.LatestCloudWatchLogsDeliveryError) return "DeliveryFailed";
  const delivered = status.LatestCloudWatchLogsDeliveryTime;
  if (delivered === undefined) return "NeverDelivered";
  return now - delivered.getTime() > MAX_DELIVERY_AGE ? "DeliveryStopped" : undefined;
}

const KMS = "kms.amazonaws.com";

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html */
function recordsKms({
  EventSelectors,
  AdvancedEventSelectors,
}: GetEventSelectorsResponse): boolean {
  return (
    (EventSelectors ?? []).some(selectsKms) ||
    (AdvancedEventSelectors ?? []).some(selectsKmsByField)
  );
}

function selectsKms(selector: EventSelector): boolean {
  return (
    selector.IncludeManagementEvents === true &&
    selector.ReadWriteType === "All" &&
    selector.ExcludeManagementEventSources?.includes(KMS) !== true
  );
}

/** A field that narrows the selection counts as excluding, except for sources other than KMS. */
function selectsKmsByField({ FieldSelectors = [] }: AdvancedEventSelector): boolean {
  const [category, ...others] = FieldSelectors.toSorted(
    (left, right) =>
      Number(right.Field === "eventCategory") - Number(left.Field === "eventCategory"),
  );
  return (
    category?.Equals?.includes("Management") === true &&
    others.every(
      ({ Field, NotEquals, ...conditions }) =>
        Field === "eventSource" &&
        NotEquals?.includes(KMS) === false &&
        Object.values(conditions).every((values) => values === undefined),
    )
  );
}
