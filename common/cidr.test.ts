import { expect, test } from "vitest";
import { validateCidr } from "./cidr.ts";

test.each(["0.0.0.0/0", "10.0.0.0/8", "128.0.0.0/1", "203.0.113.255/32", "255.255.255.254/31"])(
  "accepts %s",
  (range) => {
    expect(validateCidr(range)).toBeUndefined();
  },
);

test.each([
  ["10.0.0.1", '"10.0.0.1" is not a valid IPv4 range'],
  ["10.0.0.0/33", '"10.0.0.0/33" is not a valid IPv4 range'],
  ["2001:db8::/32", '"2001:db8::/32" is not a valid IPv4 range'],
  ["1.0.0.0/0", "1.0.0.0/0 has bits set beyond its prefix; the range is 0.0.0.0/0"],
  [
    "255.255.255.255/31",
    "255.255.255.255/31 has bits set beyond its prefix; the range is 255.255.255.254/31",
  ],
])("rejects %s", (text, error) => {
  expect(validateCidr(text)).toBe(error);
});
