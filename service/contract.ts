import { z } from "zod";
import { problemStatus } from "./problem.ts";

/** Characters are Unicode code points, as people and PostgreSQL count them. */
export const NAME_CHARACTERS = 256;

function received(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A string that survives UTF-8: half of a surrogate pair is no character, and would come back changed. */
function string() {
  return z
    .string({
      error: ({ input }) =>
        input === undefined ? "is missing" : `must be a string, not ${received(input)}`,
    })
    .refine((value) => value.isWellFormed(), {
      error: "must be well-formed Unicode, but has half of a surrogate pair",
    });
}

const Name = string()
  .refine((value) => !value.includes("\0"), {
    error: "must not have the character NUL (U+0000), which PostgreSQL does not store",
  })
  .refine((value) => value !== "" && characters(value) <= NAME_CHARACTERS, {
    error: ({ input }) =>
      `must have 1 to ${NAME_CHARACTERS} characters, but has ${characters(String(input))}`,
  })
  .meta({
    description:
      "What the text is kept under. Compared exactly; two texts of one Name are two records.",
    minLength: 1,
    maxLength: NAME_CHARACTERS,
    pattern: "^[^\\u0000]*$",
    examples: ["Stephen"],
  });

const Text = string().meta({
  description: "The text to keep secret; it may be empty.",
  examples: ["I love Pizza"],
});

// Any string at all is a Key: one that is none takes the way of a wrong one.
const Key = z
  .string({
    error: ({ input }) =>
      input === undefined ? "is missing" : `must be a string, not ${received(input)}`,
  })
  .meta({
    description: "The Key that /encrypt answered. It opens one record, and nothing else opens it.",
    examples: [`cwk_${"A".repeat(64)}`],
  });

const Message = z.string().meta({ description: "What happened, for a person." });

/** A member that is not known is refused: nothing may look as if it did something when it did not. */
const body = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => {
      const members = Object.keys(shape).join(" and ");
      return issue.code === "unrecognized_keys"
        ? `The body may have ${members} alone, but has ${issue.keys.slice(0, 3).map(quoted).join(", ")} too`
        : `The body must be a JSON object with ${members}, not ${received(issue.input)}`;
    },
  });

export const EncryptRequest = body({ Name, Text });
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
  Code: z.enum(codes).meta({ description: "Which failure it is, for a program." }),
  RequestId: z.string().meta({ description: "The X-Request-Id of this answer." }),
});

export const NotReadyResponse = ErrorResponse.extend({
  Checks: z.strictObject({ Database: Verdict, Kms: Verdict }).optional(),
});

function characters(value: string): number {
  return Array.from(value).length;
}

function quoted(name: string): string {
  const text = JSON.stringify(name.toWellFormed());
  return text.length <= 66 ? text : `${text.slice(0, 65)}…"`;
}
