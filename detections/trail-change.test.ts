import { expect, test } from "vitest";
import { exampleScope } from "./example-events.ts";
import { createExampleScope } from "./scope.ts";
import { matchesEventPattern } from "./testing/event-pattern.ts";
import { trailChange } from "./trail-change.ts";

const detailOf = (scope: typeof exampleScope) =>
  trailChange.changeNotification?.detail(scope) ?? {};
const isReported = (record: object) =>
  matchesEventPattern(detailOf(exampleScope), record as Record<string, unknown>);
const change = { eventSource: "logs.amazonaws.com", readOnly: false };
const { trailLogGroupName, serviceLogGroupName } = exampleScope;
const arnOf = (name: string) => `arn:aws:logs:ap-southeast-2:111122223333:log-group:${name}`;

// No metric filter sees what happened to its own log group: the record cannot be delivered to it any more.
test.each([
  ["DeleteLogGroup", { logGroupName: trailLogGroupName }],
  ["AssociateKmsKey", { logGroupName: trailLogGroupName, kmsKeyId: "arn:aws:kms:…" }],
  ["AssociateKmsKey", { resourceIdentifier: arnOf(trailLogGroupName) }],
  ["PutDataProtectionPolicy", { logGroupIdentifier: arnOf(trailLogGroupName) }],
  ["PutAccountPolicy", { policyName: "x", policyType: "DATA_PROTECTION_POLICY" }],
])(
  "reports %s of the trail's log group through EventBridge: %j",
  (eventName, requestParameters) => {
    expect(isReported({ ...change, eventName, requestParameters })).toBe(true);
  },
);

test("reports a telemetry pipeline, which can drop the trail's events, through EventBridge", () => {
  const record = { eventSource: "observabilityadmin.amazonaws.com", readOnly: false };
  expect(isReported({ ...record, eventName: "CreateTelemetryPipeline" })).toBe(true);
  expect(isReported({ ...record, eventName: "UpdateTelemetryPipeline" })).toBe(true);
});

test("leaves changes of other log groups and reads to the alarm", () => {
  const requestParameters = { logGroupName: serviceLogGroupName };
  expect(isReported({ ...change, eventName: "DeleteLogGroup", requestParameters })).toBe(false);
  const read = { ...change, eventName: "DescribeLogStreams" };
  expect(isReported({ ...read, requestParameters: { logGroupName: trailLogGroupName } })).toBe(
    false,
  );
});

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
test("has an event pattern within EventBridge's quota for the longest name of a log group", () => {
  const scope = createExampleScope("prod", "us-gov-west-1", { trailLogGroup: "g".repeat(512) });
  expect(JSON.stringify({ detail: detailOf(scope) }).length).toBeLessThan(2048 - 100);
});
