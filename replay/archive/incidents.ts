import { type Account, type Fields, HOME } from "./account.ts";

/** Something planted in the archive that a detection is there to find. */
export interface Incident {
  /** The detection that it is meant for. */
  readonly detection: string;
  readonly what: string;
  /** Milliseconds since the epoch, the first and the last event. */
  readonly from: number;
  readonly to: number;
  readonly events: number;
}

const MINUTE = 60_000;

export interface Planted {
  readonly events: readonly {
    readonly at: number;
    readonly region: string;
    readonly record: Fields;
  }[];
  readonly incidents: readonly Incident[];
}

/** Puts each incident at its part of the span, on a full minute. */
export function plantIncidents(account: Account, start: number, span: number): Planted {
  const events: { at: number; region: string; record: Fields }[] = [];
  const incidents: Incident[] = [];
  const kms = { eventSource: "kms.amazonaws.com" };
  const intruder = account.session("ci-runner", "shell");

  const plant = (
    detection: string,
    what: string,
    /** Where in the span it begins, 0 to 1. */
    part: number,
    calls: readonly (readonly [after: number, caller: Fields, call: Fields])[],
  ): void => {
    const begin = start + Math.floor((span * part) / MINUTE) * MINUTE;
    const times = calls.map(([after]) => begin + after);
    for (const [after, caller, fields] of calls) {
      const at = begin + after;
      events.push({ at, region: HOME, record: account.call(caller, HOME, at, fields) });
    }
    incidents.push({
      detection,
      what,
      from: Math.min(...times),
      to: Math.max(...times),
      events: calls.length,
    });
  };

  plant(
    "kms-errors",
    "somebody guesses Keys: 12 wrong ones in three minutes",
    0.31,
    Array.from({ length: 12 }, (_, index) => [
      index * 14_000,
      account.service,
      {
        ...kms,
        eventName: "Decrypt",
        errorCode: "InvalidCiphertextException",
        ...account.onDataKey(),
      },
    ]),
  );
  plant(
    "kms-outsider",
    "a build runner's role decrypts with the data key",
    0.46,
    Array.from({ length: 5 }, (_, index) => [
      index * 20_000,
      intruder,
      { ...kms, eventName: "Decrypt", ...account.onDataKey() },
    ]),
  );
  plant("kms-key-change", "the key is disabled and its deletion scheduled", 0.52, [
    [0, intruder, { ...kms, eventName: "DisableKey", readOnly: false, ...account.onDataKey() }],
    [
      9_000,
      intruder,
      { ...kms, eventName: "ScheduleKeyDeletion", readOnly: false, ...account.onDataKey() },
    ],
  ]);
  plant("trail-change", "the trail is stopped", 0.53, [
    [
      0,
      intruder,
      {
        eventSource: "cloudtrail.amazonaws.com",
        eventName: "StopLogging",
        readOnly: false,
        requestParameters: { name: "cipherwatch-dev-trail" },
      },
    ],
  ]);
  plant(
    "kms-volume",
    "the service's role opens records by the thousand for ten minutes",
    0.74,
    Array.from({ length: 4000 }, (_, index) => [
      index * 150,
      account.service,
      { ...kms, eventName: "Decrypt", ...account.onDataKey() },
    ]),
  );
  return { events, incidents };
}
