import { describe, expect, test } from "vitest";
import { matches } from "../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../cloudwatch/pattern/parse.ts";
import {
  exampleScope,
  executionRoleSession,
  managementEvent,
  service,
  serviceDecryptEvent,
} from "./example-events.ts";
import { filterPatterns } from "./exclusions.ts";
import { createExampleScope, type DetectionScope } from "./scope.ts";
import { serviceCredentialsOutside } from "./service-credentials-outside.ts";

function firesIn(scope: DetectionScope, record: object): boolean {
  return filterPatterns(serviceCredentialsOutside, scope).some((pattern) =>
    matches(parsePattern(pattern), JSON.stringify(record)),
  );
}

const vpcEndpointIds = ["vpce-0a1b2c3d4e5f60718", "vpce-0a1b2c3d4e5f60719"];

const fires = (record: object) => firesIn({ ...exampleScope, vpcEndpointIds }, record);

const throughEndpoint = {
  ...serviceDecryptEvent,
  vpcEndpointId: vpcEndpointIds[0],
  vpcEndpointAccountId: "111122223333",
};

const getSecret = {
  eventSource: "secretsmanager.amazonaws.com",
  eventName: "GetSecretValue",
  readOnly: true,
};

test.each([
  ["a decrypt from the internet", serviceDecryptEvent],
  [
    "a decrypt through another account's endpoint",
    {
      ...throughEndpoint,
      vpcEndpointId: "vpce-0f1e2d3c4b5a69780",
      vpcEndpointAccountId: "444455556666",
    },
  ],
  [
    "a decrypt through another endpoint of this account",
    { ...throughEndpoint, vpcEndpointId: "vpce-0f1e2d3c4b5a69780" },
  ],
  ["the secret, read from the internet", managementEvent(executionRoleSession, getSecret)],
])("counts %s, where the service has VPC endpoints", (_, record) => {
  expect(fires(record)).toBe(true);
});

test.each([
  ["a decrypt through our endpoint", throughEndpoint],
  [
    "a record without the endpoint's account",
    { ...serviceDecryptEvent, vpcEndpointId: vpcEndpointIds[1] },
  ],
  [
    "a decrypt that Secrets Manager makes for the execution role",
    managementEvent(
      { ...executionRoleSession, invokedBy: "secretsmanager.amazonaws.com" },
      { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true },
    ),
  ],
])("does not count %s", (_, record) => {
  expect(fires(record)).toBe(false);
});

test("without VPC endpoints, accepts exactly the addresses of the NAT gateways", () => {
  const from = (sourceIPAddress: string) => ({ ...serviceDecryptEvent, sourceIPAddress });
  for (const address of exampleScope.natAddresses) {
    expect(firesIn(exampleScope, from(address))).toBe(false);
  }
  expect(firesIn(exampleScope, from("198.51.100.23"))).toBe(true);
  expect(firesIn(exampleScope, from("192.0.2.10"))).toBe(true);
});

test("compares no addresses if there are neither VPC endpoints nor NAT gateways", () => {
  const scope = { ...exampleScope, natAddresses: [] };
  expect(firesIn(scope, { ...serviceDecryptEvent, sourceIPAddress: "198.51.100.23" })).toBe(false);
});

// The service checks its trail every half minute: counted, these calls would keep the alarm on, and nobody would be
// notified of stolen credentials.
describe.each(["GetTrailStatus", "GetEventSelectors"])("%s by the service", (eventName) => {
  const record = managementEvent(service, {
    eventSource: "cloudtrail.amazonaws.com",
    eventName,
    readOnly: true,
  });
  const scopeWith = (decryptWithoutTrail: "allow" | "refuse" | "refuse-unknown") =>
    createExampleScope("dev", "ap-southeast-2", { decryptWithoutTrail });

  test.each(["refuse", "refuse-unknown"] as const)("is expected with %s", (policy) => {
    expect(firesIn(scopeWith(policy), record)).toBe(false);
    expect(firesIn(scopeWith(policy), { ...record, eventName: "DescribeTrails" })).toBe(true);
  });

  test("is not expected while the service decrypts without a trail", () => {
    expect(firesIn(scopeWith("allow"), record)).toBe(true);
  });
});
