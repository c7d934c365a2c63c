import { expect, test } from "vitest";
import { settings } from "./network.ts";
import { issuesOf, testSettings } from "./testing.ts";

testSettings(settings, {
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
