import { describe, expect, test } from "vitest";
import { settings } from "./network.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

const { natAddresses: _, ...settingsOfNewVpc } = settings;

testSettings(settingsOfNewVpc, {
  vpcCidr: [
    "VPC_CIDR",
    "10.0.0.0/20",
    "10.0.0.0/20",
    { "10.0.0.0/25": /too small/, "203.0.0.0/16": /private IPv4 range/ },
  ],
  availabilityZones: [
    "AVAILABILITY_ZONES",
    "3",
    3,
    { 1: /between 2 and 3$/, 4: /between 2 and 3$/ },
  ],
  natGateways: ["NAT_GATEWAYS", "per-zone", "per-zone", { two: /^is not a valid choice$/ }],
  vpcEndpoints: ["VPC_ENDPOINTS", "true", true, { some: /must be true or false/ }],
  rejectedConnections: [
    "REJECTED_CONNECTIONS",
    "25",
    25,
    { 0: /^must be an integer between 1 and 1000000$/ },
  ],
});

test.each([
  [{ ENV: "prod", VPC_ENDPOINTS: "false" }, /^must not be public-tasks in prod/],
  [{ VPC_ENDPOINTS: "true" }, /^must not be public-tasks with VPC endpoints/],
])("rejects tasks with public addresses: %o", (variables, message) => {
  expect(issuesOf({ ...variables, NAT_GATEWAYS: "public-tasks" })).toMatchObject([
    { variable: "CIPHERWATCH_NAT_GATEWAYS", message: expect.stringMatching(message) },
  ]);
});

test.each([
  { NAT_GATEWAYS: "none" },
  { ENV: "prod", NAT_GATEWAYS: "none", VPC_ENDPOINTS: "false" },
])("rejects having neither NAT gateways nor VPC endpoints: %o", (variables) => {
  expect(issuesOf(variables)).toMatchObject([
    {
      variable: "CIPHERWATCH_NAT_GATEWAYS",
      message: "must not be none without VPC endpoints: the service could not reach AWS",
      next: "set it to one of these, or set CIPHERWATCH_VPC_ENDPOINTS to true",
    },
  ]);
});

describe("addresses of an existing VPC's NAT gateways", () => {
  const VPC = {
    VPC_ID: "vpc-0a1b2c3d4e5f60718",
    PUBLIC_SUBNET_IDS: "subnet-0a1b2c3d4e5f60711,subnet-0a1b2c3d4e5f60712",
    PRIVATE_SUBNET_IDS: "subnet-0a1b2c3d4e5f60713,subnet-0a1b2c3d4e5f60714",
  };
  const NAT_ADDRESSES = "198.51.100.7, 198.51.100.8";

  test("are IPv4 addresses", () => {
    expect(settingsOf({ ...VPC, NAT_ADDRESSES }).natAddresses).toEqual([
      "198.51.100.7",
      "198.51.100.8",
    ]);
    expect(issuesOf({ ...VPC, NAT_ADDRESSES: "198.51.100.0/24" })).toMatchObject([
      { message: '"198.51.100.0/24" is not an IPv4 address' },
    ]);
  });

  test("need the VPC, and tasks that use its gateways", () => {
    expect(issuesOf({ NAT_ADDRESSES })).toMatchObject([
      { message: expect.stringMatching(/^belongs to an existing VPC/) },
    ]);
    expect(issuesOf({ ...VPC, NAT_ADDRESSES, NAT_GATEWAYS: "public-tasks" })).toMatchObject([
      { message: expect.stringMatching(/^does not apply to tasks with public addresses/) },
    ]);
  });

  test("keep filter patterns within the limit of CloudWatch", () => {
    const many = Array.from({ length: 30 }, (_, index) => `198.51.100.${index}`).join();
    expect(issuesOf({ ...VPC, NAT_ADDRESSES: many })).toMatchObject([
      {
        message: expect.stringMatching(/^makes the filter pattern of service-credentials-outside/),
      },
    ]);
  });
});
