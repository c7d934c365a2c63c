import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const names = ["kms-errors", "kms-volume", "trail-change", "port"];

test.each([
  ["kms-error", "kms-errors"],
  ["KMS-ERRORS", "kms-errors"],
  ["kms-volum", "kms-volume"],
  ["tral-chagne", "trail-change"],
  ["prot", "port"],
])("corrects %s to %s", (word, name) => {
  expect(nearest(word, names)).toBe(name);
});

test("suggests nothing that differs by more than a third", () => {
  expect(nearest("denied-api", names)).toBeUndefined();
  expect(nearest("", names)).toBeUndefined();
});
