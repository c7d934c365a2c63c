import { describe, expect, test } from "vitest";
import { z } from "zod";
import { double, flag, integer, list, number, readInput, text, time } from "./input.ts";

const AT = Date.parse("2026-11-20T12:00:00.250Z");

const Schema = z.object({
  Name: text({ min: 1, max: 5, pattern: /^[a-z]+$/ }).optional(),
  Limit: integer({ min: 1, max: 50 }).optional(),
  Ratio: number().optional(),
  Value: double().optional(),
  Enabled: flag().optional(),
  Start: time().optional(),
  Items: list(z.object({ Name: text({ min: 1 }) }), { max: 2 }).optional(),
  State: z.enum(["INSUFFICIENT_DATA", "ALARM", "OK"]).optional(),
});

const read = (input: unknown) => readInput(Schema, input, "ValidationError");

describe("values of every wire encoding", () => {
  test.each<[string, unknown, unknown]>([
    ["a number as text", { Limit: "7", Ratio: "0.5" }, { Limit: 7, Ratio: 0.5 }],
    ["a 64-bit number", { Limit: 7n }, { Limit: 7 }],
    ["a boolean as text", { Enabled: "false" }, { Enabled: false }],
    ["a boolean", { Enabled: true }, { Enabled: true }],
    ["epoch seconds", { Start: AT / 1000 }, { Start: AT }],
    ["epoch seconds as text", { Start: String(AT / 1000) }, { Start: AT }],
    ["an ISO time", { Start: "2026-11-20T12:00:00.250Z" }, { Start: AT }],
    ["a date", { Start: new Date(AT) }, { Start: AT }],
    ["an empty list of the Query protocol", { Items: "" }, { Items: [] }],
    ["null", { Name: null, Limit: null }, {}],
    ["a missing body", undefined, {}],
    ["unknown members", { Later: 1 }, {}],
    ["NaN", { Value: "NaN" }, { Value: Number.NaN }],
    ["an infinity", { Value: "-Infinity" }, { Value: Number.NEGATIVE_INFINITY }],
  ])("reads %s", (_, input, expected) => {
    expect(read(input)).toEqual(expected);
  });
});

describe("violated constraints", () => {
  const many = [{ Name: "a" }, { Name: "b" }, { Name: "c" }];

  test.each<[unknown, string]>([
    [
      { State: "INVALID" },
      "1 validation error detected: Value 'INVALID' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    ],
    [
      { Limit: 51 },
      "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50",
    ],
    [
      { Limit: "0" },
      "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      { Name: "abcdef" },
      "1 validation error detected: Value 'abcdef' at 'name' failed to satisfy constraint: Member must have length less than or equal to 5",
    ],
    [
      { Name: "A1" },
      "1 validation error detected: Value 'A1' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
    ],
    [
      { Items: [{ Name: "a" }, {}] },
      "1 validation error detected: Value null at 'items.2.member.name' failed to satisfy constraint: Member must not be null",
    ],
    [
      { Items: many },
      `1 validation error detected: Value '[{"Name":"a"}, {"Name":"b"}, {"Name":"c"}]' at 'items' failed to satisfy constraint: Member must have length less than or equal to 2`,
    ],
    [
      { Limit: 0, State: "?" },
      "2 validation errors detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '?' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    ],
  ])("are reported with AWS's wording for %j", (input, message) => {
    expect(() => read(input)).toThrow(
      expect.objectContaining({ code: "ValidationError", status: 400, message }),
    );
  });

  test.each([
    { Limit: "many" },
    { Limit: 1.5 },
    { Enabled: "yes" },
    { Start: "noon" },
    { Name: 5 },
  ])("are a SerializationException for the wrong type %j", (input) => {
    expect(() => read(input)).toThrow(expect.objectContaining({ code: "SerializationException" }));
  });
});
