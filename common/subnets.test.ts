import { describe, expect, test } from "vitest";
import { addressWildcard, subnetRanges, validateVpcCidr } from "./subnets.ts";

describe("the VPC's range", () => {
  test.each(["172.31.0.0/16", "10.0.0.0/24", "192.168.0.0/16", "10.255.240.0/20"])(
    "%s is taken",
    (cidr) => {
      expect(validateVpcCidr(cidr)).toBeUndefined();
    },
  );

  test.each([
    ["10.0.0.0/25", /too small: the load balancer's subnets would be \/28/],
    ["10.0.0.0/15", /no VPC as wide as a \/15/],
    ["203.0.0.0/16", /not among the private addresses/],
    ["172.32.0.0/16", /not among the private addresses/],
    ["10.0.1.0/16", /the range is 10\.0\.0\.0\/16/],
    ["10.0.0.0", /no IPv4 range/],
  ])("%s is refused", (cidr, problem) => {
    expect(validateVpcCidr(cidr)).toMatch(problem);
  });
});

describe("subnets", () => {
  test("of a /16 are /24s: odd numbers public, even ones private", () => {
    expect(subnetRanges("172.31.0.0/16", 3)).toEqual([
      { publicCidr: "172.31.1.0/24", privateCidr: "172.31.2.0/24" },
      { publicCidr: "172.31.3.0/24", privateCidr: "172.31.4.0/24" },
      { publicCidr: "172.31.5.0/24", privateCidr: "172.31.6.0/24" },
    ]);
  });

  test("of a narrow VPC stay within it, apart, and wide enough for a load balancer", () => {
    expect(subnetRanges("192.168.7.0/24", 3).flatMap((it) => Object.values(it))).toEqual([
      "192.168.7.32/27",
      "192.168.7.64/27",
      "192.168.7.96/27",
      "192.168.7.128/27",
      "192.168.7.160/27",
      "192.168.7.192/27",
    ]);
  });
});

test.each([
  ["172.31.0.0/16", "172.31.*"],
  ["10.1.16.0/20", "10.1.*"],
  ["10.1.2.0/24", "10.1.2.*"],
])("the addresses of %s as text are %s", (cidr, text) => {
  expect(addressWildcard(cidr)).toBe(text);
});
