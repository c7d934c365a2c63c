import { describe, expect, test } from "vitest";
import { parseEmbeddedMetrics, replaceEmbeddedTimestamp } from "./embedded-metrics.ts";

const AT = 1_700_000_000_000;

function document(
  directive: Record<string, unknown> = {},
  members: Record<string, unknown> = { Service: "api", DecryptDenied: 1 },
) {
  return JSON.stringify({
    _aws: {
      Timestamp: AT,
      CloudWatchMetrics: [
        {
          Namespace: "Example",
          Dimensions: [["Service"]],
          Metrics: [{ Name: "DecryptDenied", Unit: "Count", StorageResolution: 1 }],
          ...directive,
        },
      ],
    },
    ...members,
  });
}

test("a metric with its time, unit, dimensions and resolution", () => {
  expect(parseEmbeddedMetrics(document())).toEqual({
    data: [
      {
        namespace: "Example",
        name: "DecryptDenied",
        dimensions: { Service: "api" },
        timestamp: AT,
        unit: "Count",
        highResolution: true,
        sum: 1,
        sampleCount: 1,
        minimum: 1,
        maximum: 1,
      },
    ],
  });
});

test("several values, several dimension sets, the defaults of unit and resolution", () => {
  const read = parseEmbeddedMetrics(
    document(
      { Dimensions: [["Service"], []], Metrics: [{ Name: "Latency" }] },
      { Service: "api", Latency: [10, 30] },
    ),
  );
  expect(read).toMatchObject({
    data: [
      { dimensions: { Service: "api" }, sum: 40, sampleCount: 2, unit: "None" },
      { dimensions: {}, sum: 40, sampleCount: 2, highResolution: false },
    ],
  });
});

test.each([
  ["text", "plain text"],
  ["JSON without metadata", '{"a":1}'],
  ["JSON that only speaks of it", '{"text":"\\"_aws\\""}'],
  ["broken JSON", '{"_aws":'],
  ["metadata without metrics", '{"_aws":{"Timestamp":1}}'],
])("%s is not in the format", (_, message) => {
  expect(parseEmbeddedMetrics(message)).toBeUndefined();
});

describe("a document that breaks the specification publishes nothing, and says why", () => {
  test.each<[string, string, RegExp]>([
    ["a metric that is not there", document({}, { Service: "api" }), /metric DecryptDenied/],
    [
      "a metric that is text",
      document({}, { Service: "api", DecryptDenied: "1" }),
      /DecryptDenied/,
    ],
    [
      "more than a hundred values",
      document({}, { Service: "api", DecryptDenied: Array(101).fill(1) }),
      /1 to 100 numbers/,
    ],
    ["a dimension that is not there", document({}, { DecryptDenied: 1 }), /dimension Service/],
    ["a dimension that is a number", document({}, { Service: 1, DecryptDenied: 1 }), /Service/],
    ["no namespace", document({ Namespace: "" }), /Namespace/],
    [
      "a resolution that does not exist",
      document({ Metrics: [{ Name: "DecryptDenied", StorageResolution: 10 }] }),
      /StorageResolution/,
    ],
    [
      "more than a hundred metrics",
      document({ Metrics: Array(101).fill({ Name: "DecryptDenied" }) }),
      /Metrics/,
    ],
    ["no time", document().replace(`"Timestamp":${AT},`, ""), /Timestamp/],
  ])("%s", (_, message, reason) => {
    expect(parseEmbeddedMetrics(message)).toEqual({ invalid: expect.stringMatching(reason) });
  });
});

test("a document can be dated anew, and nothing else changes", () => {
  const redated = replaceEmbeddedTimestamp(document(), AT + 1);
  expect(JSON.parse(redated)).toEqual({
    ...JSON.parse(document()),
    _aws: { ...JSON.parse(document())._aws, Timestamp: AT + 1 },
  });
  expect(replaceEmbeddedTimestamp('{"level":30}', AT)).toBe('{"level":30}');
});
