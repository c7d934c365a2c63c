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

test("parses a metric with its timestamp, unit, dimensions and resolution", () => {
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

test("parses several values and dimension sets, with default unit and resolution", () => {
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
  ["JSON that only mentions it", '{"text":"\\"_aws\\""}'],
  ["broken JSON", '{"_aws":'],
  ["metadata without metrics", '{"_aws":{"Timestamp":1}}'],
])("ignores %s", (_, message) => {
  expect(parseEmbeddedMetrics(message)).toBeUndefined();
});

describe("rejects an invalid document with a reason", () => {
  test.each<[string, string, RegExp]>([
    ["a missing metric", document({}, { Service: "api" }), /metric DecryptDenied/],
    [
      "a metric that is a string",
      document({}, { Service: "api", DecryptDenied: "1" }),
      /DecryptDenied/,
    ],
    [
      "more than a hundred values",
      document({}, { Service: "api", DecryptDenied: Array(101).fill(1) }),
      /1 to 100 numbers/,
    ],
    ["a missing dimension", document({}, { DecryptDenied: 1 }), /dimension Service/],
    ["a dimension that is a number", document({}, { Service: 1, DecryptDenied: 1 }), /Service/],
    ["an empty namespace", document({ Namespace: "" }), /Namespace/],
    [
      "an unsupported resolution",
      document({ Metrics: [{ Name: "DecryptDenied", StorageResolution: 10 }] }),
      /StorageResolution/,
    ],
    [
      "more than a hundred metrics",
      document({ Metrics: Array(101).fill({ Name: "DecryptDenied" }) }),
      /Metrics/,
    ],
    ["a missing timestamp", document().replace(`"Timestamp":${AT},`, ""), /Timestamp/],
  ])("%s", (_, message, reason) => {
    expect(parseEmbeddedMetrics(message)).toEqual({ invalid: expect.stringMatching(reason) });
  });
});

test("replaces the timestamp and nothing else", () => {
  const changed = replaceEmbeddedTimestamp(document(), AT + 1);
  expect(JSON.parse(changed)).toEqual({
    ...JSON.parse(document()),
    _aws: { ...JSON.parse(document())._aws, Timestamp: AT + 1 },
  });
  expect(replaceEmbeddedTimestamp('{"level":30}', AT)).toBe('{"level":30}');
});
