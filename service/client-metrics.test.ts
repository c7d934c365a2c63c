import { expect, test } from "vitest";
import { limitClientMetrics } from "./client-metrics.ts";

const ORDINARY = { Decrypts: 1, DecryptDenied: 0 };

test.each([{ QuotaExceeded: 1 }, { Decrypts: 1, HighVolumeDecrypts: 1 }])(
  "names a client in %j although other clients have used up the ordinary metrics",
  (report) => {
    const dimensionOf = limitClientMetrics(1);
    expect(dimensionOf("first", ORDINARY)).toBe("first");
    expect(dimensionOf("second", ORDINARY)).toBe("other");
    expect(dimensionOf("second", report)).toBe("second");
    expect(dimensionOf("second", ORDINARY)).toBe("other");
  },
);

test("names at most 100 clients that have used up a quota", () => {
  const dimensionOf = limitClientMetrics(0);
  const values = Array.from({ length: 101 }, (_, i) => dimensionOf(`c${i}`, { QuotaExceeded: 1 }));
  expect(values.slice(99)).toEqual(["c99", "other"]);
});
