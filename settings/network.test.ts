import { expect, test } from "vitest";
import { settings } from "./network.ts";
import { problemsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  vpcCidr: [
    "VPC_CIDR",
    "10.0.0.0/20",
    "10.0.0.0/20",
    { "10.0.0.0/25": /too small/, "203.0.0.0/16": /private addresses/ },
  ],
  availabilityZones: ["AVAILABILITY_ZONES", "3", 3, { 1: /such a number/, 4: /such a number/ }],
  natGateways: ["NAT_GATEWAYS", "per-zone", "per-zone", { two: /no such choice/ }],
  vpcEndpoints: ["VPC_ENDPOINTS", "true", true, { some: /neither true nor false/ }],
  rejectedConnections: ["REJECTED_CONNECTIONS", "25", 25, { 0: /such a number/ }],
});

test.each([
  { NAT_GATEWAYS: "none" },
  { ENV: "prod", NAT_GATEWAYS: "none", VPC_ENDPOINTS: "false" },
])("neither a NAT gateway nor endpoints is refused: %o", (variables) => {
  expect(problemsOf(variables)).toMatchObject([
    {
      variable: "CIPHERWATCH_NAT_GATEWAYS",
      wrong: "without a NAT gateway and without endpoints the service cannot reach AWS",
      next: "set it to one of these, or set CIPHERWATCH_VPC_ENDPOINTS to true",
    },
  ]);
});
