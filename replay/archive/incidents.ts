import { type Account, dataKeyUse, type Fields, HOME, recordOf, session } from "./account.ts";

/** An attack or failure in the archive that a detection must find. */
export interface Incident {
  /** The id of the detection. */
  readonly detection: string;
  readonly description: string;
  /** Milliseconds since the epoch of the first and last event. */
  readonly from: number;
  readonly to: number;
  readonly events: number;
}

export interface IncidentEvent {
  readonly at: number;
  readonly region: string;
  readonly record: Fields;
}

interface Script {
  readonly detection: string;
  readonly description: string;
  /** When it begins, as a fraction of the archive's time span. */
  readonly begin: number;
  readonly events: number;
  /** Milliseconds between events. */
  readonly interval: number;
  readonly caller: Fields;
  readonly service: string;
  /** Event names, repeated in this order. */
  readonly names: readonly string[];
  readonly details: () => Fields;
}

const MINUTE = 60_000;

/** Places incidents within a time span, beginning on full minutes. */
export function placeIncidents(
  account: Account,
  start: number,
  span: number,
): { readonly events: readonly IncidentEvent[]; readonly incidents: readonly Incident[] } {
  const events: IncidentEvent[] = [];
  const incidents = scriptsOf(account).map((script): Incident => {
    const { detection, description, names, details, service, caller } = script;
    const from = start + Math.floor((span * script.begin) / MINUTE) * MINUTE;
    for (let index = 0; index < script.events; index++) {
      const at = from + index * script.interval;
      const name = names[index % names.length] ?? "";
      const call = { caller, region: HOME, at, service, name, details: details() };
      events.push({ at, region: HOME, record: recordOf(account, call) });
    }
    const to = from + (script.events - 1) * script.interval;
    return { detection, description, from, to, events: script.events };
  });
  return { events, incidents };
}

function scriptsOf(account: Account): readonly Script[] {
  const [serviceTask = {}] = account.tasks;
  const intruder = session(account, "ci-runner", "shell");
  const onDataKey = () => dataKeyUse(account);
  return [
    {
      detection: "kms-errors",
      description: "12 calls with invalid ciphertexts in three minutes",
      begin: 0.31,
      events: 12,
      interval: 14_000,
      caller: serviceTask,
      service: "kms",
      names: ["Decrypt"],
      details: () => ({ errorCode: "InvalidCiphertextException", ...onDataKey() }),
    },
    {
      detection: "kms-outsider",
      description: "the role of a build runner decrypts with the service's key",
      begin: 0.46,
      events: 5,
      interval: 20_000,
      caller: intruder,
      service: "kms",
      names: ["Decrypt"],
      details: onDataKey,
    },
    {
      detection: "kms-key-change",
      description: "the key is disabled and scheduled for deletion",
      begin: 0.52,
      events: 2,
      interval: 9_000,
      caller: intruder,
      service: "kms",
      names: ["DisableKey", "ScheduleKeyDeletion"],
      details: () => ({ readOnly: false, ...onDataKey() }),
    },
    {
      detection: "trail-change",
      description: "the trail is stopped",
      begin: 0.53,
      events: 1,
      interval: 0,
      caller: intruder,
      service: "cloudtrail",
      names: ["StopLogging"],
      details: () => ({
        readOnly: false,
        requestParameters: { name: "cipherwatch-dev-trail" },
      }),
    },
    {
      detection: "kms-volume",
      description: "the service's role decrypts 4,000 records in ten minutes",
      begin: 0.74,
      events: 4000,
      interval: 150,
      caller: serviceTask,
      service: "kms",
      names: ["Decrypt"],
      details: onDataKey,
    },
  ];
}
