import { expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { settingsOf } from "../../settings/testing.ts";
import { readTerraform } from "../../terraform/reader.ts";
import { synthesize } from "../synthesize.ts";

const terraform = readTerraform(synthesize(settingsOf({ IMAGE_DIGEST: PLACEHOLDER_DIGEST })), {
  accountId: "111122223333",
  region: "ap-southeast-2",
});
const rules = terraform.resources("aws_cloudwatch_event_rule");
const targets = terraform.resources("aws_cloudwatch_event_target");

test("reports changes of every KMS key, by a metric filter or by a rule of its own", () => {
  const patterns = terraform
    .resources("aws_cloudwatch_log_metric_filter")
    .filter(({ get }) => String(get("name")).startsWith("cipherwatch-dev-kms-key-change"))
    .map(({ get }) => String(get("pattern")));
  const keys = terraform.resources("aws_kms_key");
  const reported = (arn: string) => ({
    byFilter: patterns.some((pattern) => pattern.includes(arn)),
    byRule: rules.some(
      ({ get }) =>
        String(get("name")).endsWith("-key-change") &&
        !String(get("name")).endsWith("-kms-key-change") &&
        String(get("event_pattern")).includes(arn),
    ),
  });
  expect(keys).toHaveLength(9);
  const byRule = keys.filter(({ address, get }) => {
    const { byFilter, byRule: hasRule } = reported(String(get("arn")));
    expect(byFilter !== hasRule, address).toBe(true);
    return hasRule;
  });
  expect(byRule.map(({ address }) => address.replace(/_[0-9A-F]{8}$/, ""))).toEqual([
    "bootstrap/aws_kms_key.StateKey",
    "service/aws_kms_key.LogsKey",
  ]);
});

test.each(["state", "service-logs"])(
  "the rule of the key %s notifies the urgent topic, and says that no alarm follows",
  (part) => {
    const name = `cipherwatch-dev-${part}-key-change`;
    const target = targets.find(({ get }) => get("rule") === name);
    expect(target?.get("arn")).toBe(
      "arn:aws:sns:ap-southeast-2:111122223333:cipherwatch-dev-urgent",
    );
    expect(target?.get("dead_letter_config")).toEqual({
      arn: "arn:aws:sqs:ap-southeast-2:111122223333:cipherwatch-dev-undelivered",
    });
    expect(JSON.stringify(target?.get("input_transformer"))).toContain("No alarm follows");
  },
);
