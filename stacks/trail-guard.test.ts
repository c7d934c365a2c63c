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

const stacksOf = (DECRYPT_WITHOUT_TRAIL: string) =>
  synthesize(
    settingsOf({ IMAGE_DIGEST: PLACEHOLDER_DIGEST, VPC_ENDPOINTS: "true", DECRYPT_WITHOUT_TRAIL }),
  );

describe("with CIPHERWATCH_DECRYPT_WITHOUT_TRAIL=refuse-unknown", () => {
  const stacks = stacksOf("refuse-unknown");
  const [network, service, alarm] = ["network", "service", "alarm"].map(
    (id) => stacks.get(id) as TerraformJson,
  ) as [TerraformJson, TerraformJson, TerraformJson];

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

  test("an alarm pages somebody at the first check that does not confirm the trail", () => {
    expect(alarmOf(alarm, "trail-unconfirmed")).toMatchObject({
      metric_name: "TrailUnconfirmed",
      dimensions: { Service: "api" },
      threshold: 1,
      alarm_actions: [expect.stringMatching(/^\$\{aws_sns_topic\.UrgentTopic_.+\.arn\}$/)],
    });
  });
});

test("checks no trail by default", () => {
  expect(JSON.stringify([...stacksOf("allow")])).not.toMatch(
    /WITHOUT_TRAIL|ReadTrail|Endpoints_CloudTrail|trail-unconfirmed/,
  );
});
