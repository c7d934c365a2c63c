import { describe, expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";
import { settingsOf } from "../settings/testing.ts";
import type { TerraformJson } from "../terraform/json.ts";
import { synthesize } from "./synthesize.ts";
import { alarmOf } from "./testing/alarm-stack.ts";
import { containersOf } from "./testing/service-stack.ts";
import { ACCOUNT, PARTITION, resourceOf, statementOf } from "./testing/synthesized.ts";

const TRAIL = `arn:${PARTITION}:cloudtrail:ap-southeast-2:${ACCOUNT}:trail/cipherwatch-dev-trail`;
const READ_TRAIL = {
  actions: ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"],
  resources: [TRAIL],
};

const stacksOf = (variables: Readonly<Record<string, string>>) =>
  synthesize(settingsOf({ IMAGE_DIGEST: PLACEHOLDER_DIGEST, VPC_ENDPOINTS: "true", ...variables }));

const stacks = stacksOf({ DECRYPT_WITHOUT_TRAIL: "refuse-unknown", ERASURE_LEDGER: "true" });
const stackOf = (id: string) => stacks.get(id) as TerraformJson;
const [network, service, alarm] = [stackOf("network"), stackOf("service"), stackOf("alarm")];

describe("with CIPHERWATCH_DECRYPT_WITHOUT_TRAIL=refuse-unknown", () => {
  test("the service gets the trail and the policy", () => {
    const [, api] = containersOf(service);
    expect(api.environment).toContainEqual({
      name: "DECRYPT_WITHOUT_TRAIL",
      value: "refuse-unknown",
    });
    expect(api.environment).toContainEqual({ name: "TRAIL", value: "cipherwatch-dev-trail" });
  });

  test("its role and its VPC endpoint allow reading the state of this trail", () => {
    const { policy } = resourceOf(service, "aws_iam_role_policy", "ServiceRole");
    expect(statementOf(service, policy, "ReadTrail")).toMatchObject(READ_TRAIL);
    const endpoint = resourceOf(network, "aws_vpc_endpoint", "Endpoints_CloudTrail");
    expect(endpoint.service_name).toBe("com.amazonaws.ap-southeast-2.cloudtrail");
    expect(statementOf(network, endpoint.policy, "ReadTrail")).toMatchObject(READ_TRAIL);
  });

  // Otherwise the checks would keep this alarm on, and nobody would be notified of stolen credentials.
  test("the alarm on the service's credentials does not count the checks", () => {
    const filters = alarm.resource?.aws_cloudwatch_log_metric_filter ?? {};
    const patterns = Object.values(filters)
      .filter(({ name }) => name === "cipherwatch-dev-service-credentials-outside")
      .map(({ pattern }) => pattern);
    expect(patterns).toEqual([
      expect.stringContaining(
        '($.eventName != "GetTrailStatus" && $.eventName != "GetEventSelectors")',
      ),
    ]);
  });

  test("an alarm pages somebody at the first check that does not confirm the trail", () => {
    expect(alarmOf(alarm, "trail-unconfirmed")).toMatchObject({
      metric_name: "TrailUnconfirmed",
      dimensions: { Service: "api" },
      threshold: 1,
      alarm_actions: [expect.stringMatching(/^\$\{aws_sns_topic\.UrgentTopic_.+\.arn\}$/)],
    });
  });
});

describe("with CIPHERWATCH_ERASURE_LEDGER=true", () => {
  const NAME = "/cipherwatch/dev/erasures";

  test("its role and its VPC endpoint allow the service to add entries and to read them, but not to delete any", () => {
    const use = {
      actions: ["logs:CreateLogStream", "logs:FilterLogEvents", "logs:PutLogEvents"],
      resources: [`arn:${PARTITION}:logs:ap-southeast-2:${ACCOUNT}:log-group:${NAME}:*`],
    };
    const { policy } = resourceOf(service, "aws_iam_role_policy", "ServiceRole");
    expect(statementOf(service, policy, "UseLedger")).toMatchObject(use);
    const endpoint = resourceOf(network, "aws_vpc_endpoint", "Endpoints_Logs");
    expect(statementOf(network, endpoint.policy, "UseLedger")).toMatchObject(use);
    const [, api] = containersOf(service);
    expect(api.environment).toContainEqual({ name: "ERASURE_LOG_GROUP", value: NAME });
  });

  test.each([
    ["ledger-unapplied", "LedgerUnapplied"],
    ["record-returned", "ReturnedRecords"],
  ])("the alarm %s pages somebody", (id, metric_name) => {
    expect(alarmOf(alarm, id)).toMatchObject({
      metric_name,
      dimensions: { Service: "api" },
      threshold: 1,
      alarm_actions: [expect.stringMatching(/^\$\{aws_sns_topic\.UrgentTopic_.+\.arn\}$/)],
    });
  });
});

test("checks no trail and keeps no ledger by default", () => {
  expect(JSON.stringify([...stacksOf({})])).not.toMatch(
    /WITHOUT_TRAIL|ReadTrail|Endpoints_CloudTrail|trail-unconfirmed|ERASURE|Ledger|ledger|erasures/,
  );
});
