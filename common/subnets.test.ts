import { describe, expect, test } from "vitest";
import { addressWildcard, subnetRanges, validateVpcCidr } from "./subnets.ts";

describe("validateVpcCidr", () => {
  test.each(["172.31.0.0/16", "10.0.0.0/24", "192.168.0.0/16", "10.255.240.0/20"])(
    "accepts %s",
    (cidr) => {
      expect(validateVpcCidr(cidr)).toBeUndefined();
    },
  );

  test.each([
    ["10.0.0.0/25", /too small: the load balancer's subnets would be \/28/],
    ["10.0.0.0/15", /a \/15 is too large: AWS allows at most a \/16/],
    ["203.0.0.0/16", /not a private IPv4 range/],
    ["172.32.0.0/16", /not a private IPv4 range/],
    ["10.0.1.0/16", /the range is 10\.0\.0\.0\/16/],
    ["10.0.0.0", /not a valid IPv4 range/],
  ])("rejects %s", (cidr, error) => {
    expect(validateVpcCidr(cidr)).toMatch(error);
  });
});

describe("subnetRanges", () => {
  test("divides a /16 into /24s: odd ones public, even ones private", () => {
    expect(subnetRanges("172.31.0.0/16", 3)).toEqual([
      { publicCidr: "172.31.1.0/24", privateCidr: "172.31.2.0/24" },
      { publicCidr: "172.31.3.0/24", privateCidr: "172.31.4.0/24" },
      { publicCidr: "172.31.5.0/24", privateCidr: "172.31.6.0/24" },
    ]);
  });

  test("divides a narrow VPC into subnets that are wide enough for a load balancer", () => {
    expect(subnetRanges("192.168.7.0/24", 3).flatMap((ranges) => Object.values(ranges))).toEqual([
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
])("matches the addresses of %s with %s", (cidr, text) => {
  expect(addressWildcard(cidr)).toBe(text);
});
