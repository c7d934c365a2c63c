import { expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";
import { settingsOf } from "../settings/testing.ts";
import { synthesize } from "./synthesize.ts";
import { resourcesOf } from "./testing/synthesized.ts";

/** Types, the attribute with the name, and the longest that AWS allows. */
const LIMITS = [
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
  ["aws_lb", "name", 32],
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  ["aws_s3_bucket", "bucket", 63],
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
  ["aws_db_instance", "identifier", 63],
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  ["aws_iam_role", "name", 64],
  ["aws_iam_policy", "name", 128],
  // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
  ["aws_cloudwatch_event_rule", "name", 64],
  ["aws_cloudwatch_event_api_destination", "name", 64],
  ["aws_cloudwatch_event_connection", "name", 64],
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
  ["aws_sqs_queue", "name", 80],
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-wafv2-webacl.html
  ["aws_wafv2_web_acl", "name", 128],
  // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html
  ["aws_cloudtrail", "name", 128],
] as const;

test("names fit the limits of AWS in the environment with the longest name", () => {
  const stacks = synthesize(
    settingsOf({
      ENV: "preproductio",
      SHAPE: "prod",
      IMAGE_DIGEST: PLACEHOLDER_DIGEST,
      DOMAIN_NAME: "vault.example.com",
      HOSTED_ZONE_ID: "Z0123456789ABCDEFGHIJ",
      GITHUB_REPOSITORY: "example-org/cipherwatch",
      STATE_BUCKET: "states",
      ALARM_QUEUE: "true",
      WEBHOOK_URL: "https://hooks.example.com/cipherwatch",
      DEPLOYMENT_STRATEGY: "canary",
    }),
  );
  for (const [type, attribute, longest] of LIMITS) {
    const names = [...stacks.values()]
      .flatMap((stack) => Object.values(resourcesOf(stack, type)))
      .map((block) => String(block[attribute]).replaceAll(/\$\{[^}]+\}/g, "111122223333"));
    expect(names, type).not.toEqual([]);
    for (const name of names) {
      expect.soft(name, type).toContain("cipherwatch-preproductio-");
      expect.soft(name.length, name).toBeLessThanOrEqual(longest);
    }
  }
  expect(JSON.stringify([...stacks.values()])).not.toMatch(/cipherwatch-(dev|prod)\b/);
});
