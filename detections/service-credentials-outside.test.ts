import { expect, test } from "vitest";
import { matches } from "../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../cloudwatch/pattern/parse.ts";
import {
  exampleScope,
  executionRoleSession,
  managementEvent,
  serviceDecryptEvent,
} from "./example-events.ts";
import { filterPatterns } from "./exclusions.ts";
import { serviceCredentialsOutside } from "./service-credentials-outside.ts";

const patterns = filterPatterns(serviceCredentialsOutside, {
  ...exampleScope,
  vpcEndpoints: true,
}).map(parsePattern);

const fires = (record: object) =>
  patterns.some((pattern) => matches(pattern, JSON.stringify(record)));

const throughEndpoint = {
  ...serviceDecryptEvent,
  vpcEndpointId: "vpce-0a1b2c3d4e5f60718",
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
    { ...throughEndpoint, vpcEndpointAccountId: "444455556666" },
  ],
  ["the secret, read from the internet", managementEvent(executionRoleSession, getSecret)],
])("counts %s, where the service has VPC endpoints", (_, record) => {
  expect(fires(record)).toBe(true);
});

test.each([
  ["a decrypt through our endpoint", throughEndpoint],
  [
    "a record without the endpoint's account",
    { ...serviceDecryptEvent, vpcEndpointId: "vpce-0a1b2c3d4e5f60718" },
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

test("relies on addresses only where the service has VPC endpoints", () => {
  expect(filterPatterns(serviceCredentialsOutside, exampleScope)).toHaveLength(1);
});
