import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const names = ["kms-errors", "kms-volume", "trail-change"];

test.each([
  ["kms-error", "kms-errors"],
  ["KMS-ERRORS", "kms-errors"],
  ["kms-volum", "kms-volume"],
  ["tral-chagne", "trail-change"],
])("%s is a typing mistake for %s", (word, name) => {
  expect(nearest(word, names)).toBe(name);
});

test("what differs by more than a third is no typing mistake", () => {
  expect(nearest("denied-api", names)).toBeUndefined();
  expect(nearest("", names)).toBeUndefined();
});
