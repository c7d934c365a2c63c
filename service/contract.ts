import { z } from "zod";
import { problemStatus } from "./problem.ts";

/** Maximum length of a Name in Unicode code points, as PostgreSQL counts characters. */
export const NAME_CHARACTERS = 256;

function received(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A well-formed string: a lone surrogate cannot be encoded in UTF-8 and would come back changed. */
function string() {
  return z
    .string({
      error: ({ input }) =>
        input === undefined ? "is missing" : `must be a string, not ${received(input)}`,
    })
    .refine((value) => value.isWellFormed(), {
      error: "must be well-formed Unicode, but contains a lone surrogate",
    });
}

const Name = string()
  .refine((value) => !value.includes("\0"), {
    error: "must not contain the character NUL (U+0000), which PostgreSQL cannot store",
  })
  .refine((value) => value !== "" && characters(value) <= NAME_CHARACTERS, {
    error: ({ input }) =>
      `must have 1 to ${NAME_CHARACTERS} characters, but has ${characters(String(input))}`,
  })
  .meta({
    description:
      "The name that the Text is stored under. Compared exactly. Encrypting twice under one Name creates two records.",
    minLength: 1,
    maxLength: NAME_CHARACTERS,
    pattern: "^[^\\u0000]*$",
    examples: ["Stephen"],
  });

const Text = string().meta({
  description: "The text to encrypt. May be empty.",
  examples: ["I love Pizza"],
});

const ExpiresAt = z.iso
  .datetime({ error: "must be a time in UTC, such as 2027-01-31T12:00:00Z" })
  .meta({
    description:
      "From when on the Key opens nothing, in UTC. The record is deleted within minutes after. " +
      "By default, a record does not expire.",
    examples: ["2027-01-31T12:00:00Z"],
  });

// Accepts any string: a malformed Key takes the same path as a wrong one.
const Key = z
  .string({
    error: ({ input }) =>
      input === undefined ? "is missing" : `must be a string, not ${received(input)}`,
  })
  .meta({
    description:
      "The Key returned by /encrypt. It opens one record, and nothing else opens that record.",
    examples: [`cwk_${"A".repeat(64)}`],
  });

const Message = z.string().meta({ description: "A human-readable description of the result." });

/** Rejects unknown members, so that a misspelled member is never ignored silently. */
const body = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => {
      const members = Object.keys(shape);
      if (issue.code === "unrecognized_keys") {
        const unknown = issue.keys.slice(0, 3).map(quoted).join(", ");
        return `The body must have only ${listed(members)}, but also has ${unknown}`;
      }
      const required = members.filter((name) => !(shape[name] instanceof z.ZodOptional));
      return `The body must be a JSON object with ${listed(required)}, not ${received(issue.input)}`;
    },
  });

export const EncryptRequest = body({ Name, Text, ExpiresAt: ExpiresAt.optional() });
export const EncryptResponse = z.strictObject({ Message, Key });
export const DecryptRequest = body({ Name, Key });
export const DecryptResponse = z.strictObject({ Text });
export const ForgetRequest = DecryptRequest;
export const ForgetResponse = z.strictObject({ Message });

const Verdict = z.enum(["ok", "unavailable"]);

export const HealthResponse = z.strictObject({ Status: z.literal("ok") });
export const ReadyResponse = z.strictObject({
  Status: z.literal("ready"),
  Checks: z.strictObject({ Database: z.literal("ok"), Kms: z.literal("ok") }),
});

const codes = Object.keys(problemStatus) as (keyof typeof problemStatus)[];

export const ErrorResponse = z.strictObject({
  Message,
  Code: z.enum(codes).meta({ description: "A machine-readable error code." }),
  RequestId: z.string().meta({ description: "The X-Request-Id of this response." }),
});

export const NotReadyResponse = ErrorResponse.extend({
  Checks: z.strictObject({ Database: Verdict, Kms: Verdict }).optional(),
});

function characters(value: string): number {
  return Array.from(value).length;
}

function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

function quoted(name: string): string {
  const text = JSON.stringify(name.toWellFormed());
  return text.length <= 66 ? text : `${text.slice(0, 65)}…"`;
}
