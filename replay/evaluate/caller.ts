/** The caller in a CloudTrail record. A field that the record lacks is empty. */
export interface Caller {
  /** ARN of the session or user; for callers without one, the AWS service or the account. */
  readonly principal: string;
  /** ARN of the role whose session made the call. */
  readonly role: string;
  /** Source IP address, or the DNS name of an AWS service. */
  readonly address: string;
}

/** An event that a filter matched. */
export interface MatchedEvent extends Caller {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly userAgent: string;
  readonly eventName: string;
  readonly eventId: string;
}

type CloudTrailEvent = Readonly<Record<string, unknown>>;

/** Limits the length of a field, because callers choose their user agents. */
const MAX_FIELD_LENGTH = 512;

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
interface UserIdentity {
  readonly type?: unknown;
  readonly arn?: unknown;
  readonly invokedBy?: unknown;
  readonly accountId?: unknown;
  readonly principalId?: unknown;
  readonly sessionContext?: { readonly sessionIssuer?: { readonly arn?: unknown } | null } | null;
}

export function callerOf(event: CloudTrailEvent): Caller {
  const identity = (event.userIdentity ?? {}) as UserIdentity;
  return {
    principal: principalOf(identity),
    role: field(identity.sessionContext?.sessionIssuer?.arn),
    address: field(event.sourceIPAddress),
  };
}

/** Describes the principal. Callers of other accounts have no ARN, only an account and possibly a principal id. */
function principalOf({ type, arn, invokedBy, accountId, principalId }: UserIdentity): string {
  const account = field(accountId);
  const id = field(principalId);
  return (
    field(arn) ||
    field(invokedBy) ||
    [account && `account ${account}`, id && id !== account && `principal ${id}`]
      .filter((part) => part)
      .join(", ") ||
    field(type) ||
    "unknown"
  );
}

export function matchedEvent(event: CloudTrailEvent, at: number): MatchedEvent {
  return {
    at,
    ...callerOf(event),
    userAgent: field(event.userAgent),
    eventName: field(event.eventName),
    eventId: field(event.eventID),
  };
}

function field(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_FIELD_LENGTH) : "";
}

/** Assigns an index to each distinct value of a batch, so that matches contain numbers instead of text. */
export interface ValueTable {
  /** @returns the index of the value; -1 once the table is full */
  readonly indexOf: (value: string) => number;
  readonly values: readonly string[];
}

export function createValueTable(capacity: number): ValueTable {
  const indices = new Map<string, number>();
  const values: string[] = [];
  return {
    indexOf: (value) => {
      const known = indices.get(value);
      if (known !== undefined) return known;
      if (values.length === capacity) return -1;
      indices.set(value, values.length);
      return values.push(value) - 1;
    },
    values,
  };
}

/** How many events a report lists for each detection. */
export const EVENTS_LISTED = 20;

/** The earliest events of a filter, without duplicates. */
export interface EarliestEvents {
  /** Whether an event at this time may be among the earliest. */
  readonly mayKeep: (at: number) => boolean;
  readonly add: (event: MatchedEvent) => void;
  readonly events: readonly MatchedEvent[];
}

export function createEarliestEvents(): EarliestEvents {
  const events: MatchedEvent[] = [];
  const isFull = () => events.length === EVENTS_LISTED;
  return {
    mayKeep: (at) => !isFull() || at <= (events.at(-1)?.at ?? 0),
    add: (event) => {
      if (event.eventId !== "" && events.some(({ eventId }) => eventId === event.eventId)) return;
      const after = events.findIndex((other) => compareEvents(event, other) < 0);
      if (after < 0 && isFull()) return;
      events.splice(after < 0 ? events.length : after, 0, event);
      if (events.length > EVENTS_LISTED) events.pop();
    },
    events,
  };
}

/** Orders events by time, and simultaneous events by id, so that the selection does not depend on file order. */
function compareEvents(a: MatchedEvent, b: MatchedEvent): number {
  return a.at - b.at || compare(a.eventId, b.eventId) || compare(a.principal, b.principal);
}

const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);
