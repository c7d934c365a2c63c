import { describe, expect, test } from "vitest";
import { parsePolicy } from "./policy.ts";

const ROOT = "arn:aws:iam::111122223333:root";

describe("policies", () => {
  const statement = { Effect: "Allow", Action: "*", Resource: "*" };

  test.each<[string, unknown, RegExp]>([
    [
      "an unknown condition operator",
      { Condition: { DateLess: { "aws:CurrentTime": "1" } } },
      /operator DateLess\. Supported: StringEquals/,
    ],
    [
      "an operator with an unknown quantifier",
      { Condition: { "ForSome:StringLike": { a: "1" } } },
      /operator ForSome:StringLike/,
    ],
    [
      "an inherited name as an operator",
      { Condition: { constructor: { a: "1" } } },
      /operator constructor/,
    ],
    [
      "a policy variable in a condition",
      { Condition: { StringLike: { a: "$" + "{aws:username}" } } },
      /policy variables/,
    ],
    [
      "a policy variable in a resource",
      { Resource: "arn:aws:s3:::$" + "{aws:username}" },
      /policy variables/,
    ],
    ["an IPv6 range", { Condition: { IpAddress: { "aws:SourceIp": "2001:db8::/32" } } }, /no IPv6/],
    ["NotPrincipal", { NotPrincipal: { AWS: ROOT } }, /NotPrincipal/],
    ["an unknown element", { Conditions: {} }, /Conditions/],
    ["an unknown effect", { Effect: "allow" }, /Effect/],
    ["two kinds of actions", { NotAction: "s3:*" }, /both Action and NotAction/],
    ["no action", { Action: undefined }, /Action or NotAction/],
  ])("are rejected with %s", (_, change, message) => {
    expect(() => parsePolicy({ Statement: [{ ...statement, ...(change as object) }] })).toThrow(
      message,
    );
  });

  test("are rejected if they are not JSON, or have no statement", () => {
    expect(() => parsePolicy("{")).toThrow(/must be JSON/);
    expect(() => parsePolicy({ Statement: [] })).toThrow(/Statement/);
  });
});
