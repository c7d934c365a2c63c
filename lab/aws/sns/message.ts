import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";

export interface Publication {
  readonly subject?: string | undefined;
  readonly message: string;
  /** `json`: the message is a JSON object with a text for each protocol, and a `default`. */
  readonly messageStructure?: "json" | undefined;
}

const MAX_MESSAGE_BYTES = 262_144;

const StructuredMessage = z.looseObject({ default: z.string() });

/**
 * Validates a message as Publish does, and returns a function that selects the text for a protocol.
 * @throws AwsError `InvalidParameter`
 */
export function parseMessage({
  message,
  messageStructure,
}: Publication): (protocol: string) => string {
  if (message === "") throw invalidParameter("Empty message");
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) throw invalidParameter("Message too long");
  if (messageStructure === undefined) return () => message;
  const texts = StructuredMessage.safeParse(parseJson(message));
  if (!texts.success) {
    throw invalidParameter("Message Structure - No default entry in JSON message body");
  }
  return (protocol) => {
    const text = texts.data[protocol];
    return typeof text === "string" ? text : texts.data.default;
  };
}

export const invalidParameter = (reason: string) =>
  new AwsError("InvalidParameter", `Invalid parameter: ${reason}`);

function parseJson(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    throw invalidParameter("Message Structure - JSON message body failed to parse");
  }
}
