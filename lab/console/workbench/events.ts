import { z } from "zod";
import type { ExampleEvent } from "../../../detections/detection.ts";
import { cisPack, detections } from "../../../detections/index.ts";
import { retargetRecord } from "../../attack/retarget-record.ts";
import type { ConsoleSources } from "../sources.ts";
import { trailFilters, trailItems } from "../trail.ts";

/** Selects the log events on which to try a pattern. */
export const EventSelection = z.discriminatedUnion("from", [
  z.strictObject({ from: z.literal("trail") }),
  z.strictObject({ from: z.literal("record"), recordId: z.string().max(200) }),
  z.strictObject({ from: z.literal("examples"), detection: z.string().max(100) }),
  z.strictObject({ from: z.literal("pasted"), text: z.string() }),
]);
export type EventSelection = z.infer<typeof EventSelection>;

/** A log event to try a pattern on. */
export interface CandidateEvent {
  readonly title: string;
  readonly message: string;
  /** Whether the detection must match the event; unset if it is not an example. */
  readonly mustMatch?: boolean;
}

export const MAX_EVENTS = 100;
/** Number of the newest trail records to try. */
const SHOWN_RECORDS = 20;

/**
 * Returns the selected log events.
 * @throws Error with a message for the user, for an unknown record or detection, and for invalid or too many events
 */
export function candidateEvents(
  sources: ConsoleSources,
  selection: EventSelection,
): readonly CandidateEvent[] {
  switch (selection.from) {
    case "trail":
      return trailItems(sources, SHOWN_RECORDS).map(({ message }) => candidate(message));
    case "record": {
      const item = trailItems(sources, 10_000).find(({ id }) => id === selection.recordId);
      if (item === undefined) throw new Error("The lab no longer holds this record.");
      return [candidate(item.message)];
    }
    case "examples":
      return examples(sources, selection.detection);
    case "pasted":
      return pastedEvents(selection.text);
  }
}

/** IDs of the detections that have example records. */
export const exampleIds = [...detections, ...cisPack].flatMap((detection) =>
  detection.source === "trail" ? [detection.id] : [],
);

function examples(sources: ConsoleSources, id: string): readonly CandidateEvent[] {
  const detection = [...detections, ...cisPack].find((each) => each.id === id);
  if (detection?.source !== "trail") {
    throw new Error(`Unknown detection ${JSON.stringify(id)}; choose one from the list.`);
  }
  const { scope, deployment } = sources;
  // If several filters publish the metric, a record must match only one of them.
  const ofMetric = trailFilters(sources).filter(
    ({ transformation }) => transformation.metricName === id,
  );
  const fromExample = ({ name, record }: ExampleEvent) => ({
    title: name,
    message: JSON.stringify(retargetRecord(record, scope, deployment)),
  });
  return [
    ...detection.mustFire.map((example) => ({
      ...fromExample(example),
      ...(ofMetric.length <= 1 && { mustMatch: true }),
    })),
    ...detection.mustNotFire.map((example) => ({ ...fromExample(example), mustMatch: false })),
  ];
}

/**
 * Reads pasted events: a CloudTrail file (`{"Records":[…]}`), a JSON array, one JSON object, or one log event
 * on each line.
 */
export function pastedEvents(text: string): readonly CandidateEvent[] {
  const messages = messagesOf(text.trim());
  if (messages.length > MAX_EVENTS) {
    throw new Error(
      `${messages.length.toLocaleString("en")} events were pasted; paste at most ${MAX_EVENTS}. ` +
        "Replay evaluates whole files.",
    );
  }
  return messages.map(candidate);
}

function messagesOf(text: string): readonly string[] {
  if (text === "") return [];
  try {
    const value: unknown = JSON.parse(text);
    const records = Array.isArray(value) ? value : (value as { Records?: unknown } | null)?.Records;
    return Array.isArray(records) ? records.map((record) => JSON.stringify(record)) : [text];
  } catch (error) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const isJson = /^[{[]/.test(text) && !lines.every(isObject);
    if (!isJson) return lines;
    throw new Error(`The events are not valid JSON: ${(error as Error).message}.`);
  }
}

function isObject(line: string): boolean {
  try {
    return typeof JSON.parse(line) === "object";
  } catch {
    return false;
  }
}

function candidate(message: string): CandidateEvent {
  return { title: titleOf(message), message };
}

/** Returns the operation, error and caller of a record; for another log event, its first characters. */
function titleOf(message: string): string {
  try {
    const { eventName, errorCode, userIdentity } = JSON.parse(message) as Record<string, unknown>;
    const { arn, invokedBy } = (userIdentity ?? {}) as Record<string, unknown>;
    const caller = String(arn ?? invokedBy ?? "")
      .split(/[/:]/)
      .at(-1);
    const parts = [eventName, errorCode, caller && `by ${caller}`].filter(Boolean);
    if (parts.length > 0) return parts.join(" ");
  } catch {
    // A log event need not be JSON.
  }
  return message.slice(0, 80);
}
