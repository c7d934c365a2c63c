import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { watchSettings } from "../settings/watch.ts";
import type { Block, TerraformJson } from "../terraform/json.ts";
import { monthlyCosts, totalOf } from "./costs/costs.ts";
import { synthesize } from "./synthesize.ts";
import { resourceOf, resourcesOf } from "./testing/synthesized.ts";
import { synthesizeWatch } from "./watch.ts";

const ROLE = "arn:aws:iam::111122223333:role/payments-api";
const KEYS = JSON.stringify([
  {
    name: "payments",
    key: "arn:aws:kms:ap-southeast-2:111122223333:key/7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815",
    roles: [ROLE],
    decryptLimit: 70,
  },
  {
    name: "crm",
    key: "arn:aws:kms:ap-southeast-2:111122223333:key/mrk-0123456789abcdef0123456789abcdef",
    roles: ["arn:aws:iam::111122223333:role/crm-*"],
  },
]);

function watchStacks(variables: Readonly<Record<string, string>> = {}) {
  return synthesizeWatch(watchSettings(settingsOf({ MONITORED_KEYS: KEYS, ...variables })));
}

const BOUNDARY = "arn:aws:iam::111122223333:policy/boundary";
const stacks = watchStacks();
const changed = watchStacks({ THRESHOLDS: "key-errors=3", PERMISSIONS_BOUNDARY: BOUNDARY });
const stackOf = (name: string, from = stacks): TerraformJson =>
  from.get(name) ?? expect.unreachable(`no stack ${name}`);
const alarm = stackOf("watch-alarm");

/** Name → arguments of all resources of a type, by the attribute that names them in AWS. */
function named(stack: TerraformJson, type: string, attribute: string): ReadonlyMap<string, Block> {
  const resources = Object.values(resourcesOf(stack, type));
  return new Map(resources.map((values) => [String(values[attribute]), values]));
}

const alarms = named(alarm, "aws_cloudwatch_metric_alarm", "alarm_name");
const filters = named(alarm, "aws_cloudwatch_log_metric_filter", "name");

test("consists of a trail and the alarms, with states of their own", () => {
  expect([...stacks.keys()]).toEqual(["watch-trail", "watch-alarm"]);
  expect(alarm.terraform?.backend).toEqual({
    local: { path: "../../../tfstate/watch-dev/watch-alarm.tfstate" },
  });
  expect(resourceOf(stackOf("watch-trail"), "aws_cloudtrail")).toMatchObject({
    name: "cipherwatch-watch-dev-trail",
    is_multi_region_trail: true,
  });
});

test("names the commands of this deployment in the alarm of a silent trail", () => {
  const { alarm_description: text } = alarms.get("cipherwatch-watch-dev-trail-silent") ?? {};
  expect(text).toContain("npm run diff -- watch");
  expect(text).not.toContain("npm run diff trail");
});

test("has the alarms of each key, those of the trail and the alarms, and no alarm of the service", () => {
  expect([...alarms.keys()].sort()).toEqual(
    [
      ...["payments", "crm"].flatMap((key) => [
        `key-errors-${key}`,
        `key-outsider-${key}`,
        `key-volume-${key}`,
        `key-volume-${key}-anomaly`,
      ]),
      ...["alarm-change", "key-change", "trail-change"],
      ...["kms-silent", "trail-silent", "undelivered", "urgent-failed", "routine-failed"],
    ]
      .map((name) => `cipherwatch-watch-dev-${name}`)
      .sort(),
  );
});

test("costs what docs/monitoring-keys.md says", () => {
  const page = readFileSync(new URL("../docs/monitoring-keys.md", import.meta.url), "utf8");
  expect(page).toContain(`$${totalOf(monthlyCosts(stacks)).toFixed(2)} with two keys`);
});

describe("a key's alarm", () => {
  test("names the key, pages somebody at one use and links to the runbook of its kind", () => {
    const outsider = alarms.get("cipherwatch-watch-dev-key-outsider-payments");
    expect(outsider).toMatchObject({
      namespace: "Cipherwatch/watch-dev/Detections",
      metric_name: "key-outsider-payments",
      threshold: 1,
      alarm_actions: [expect.stringMatching(/aws_sns_topic\.UrgentTopic/)],
    });
    expect(outsider?.alarm_description).toMatch(
      /^An unexpected caller used the KMS key payments \(critical\)[\s\S]+docs\/runbooks\/key-outsider\.md$/,
    );
  });

  test("counts what the key's roles do not do", () => {
    const pattern = filters.get("cipherwatch-watch-dev-key-outsider-payments")?.pattern;
    expect(pattern).toContain(`$.userIdentity.sessionContext.sessionIssuer.arn != "${ROLE}"`);
    expect(pattern).toContain("7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815");
  });

  test("has the threshold of the key, or of the settings", () => {
    expect(alarms.get("cipherwatch-watch-dev-key-volume-payments")?.threshold).toBe(70);
    expect(alarms.get("cipherwatch-watch-dev-key-volume-crm")?.threshold).toBe(1000);
    const changedAlarms = named(
      stackOf("watch-alarm", changed),
      "aws_cloudwatch_metric_alarm",
      "alarm_name",
    );
    expect(changedAlarms.get("cipherwatch-watch-dev-key-errors-crm")?.threshold).toBe(3);
  });
});

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
test("notifies within seconds of changes of the keys, with an event pattern that EventBridge accepts", () => {
  const rule = named(alarm, "aws_cloudwatch_event_rule", "name").get(
    "cipherwatch-watch-dev-key-change",
  );
  expect(String(rule?.event_pattern)).toContain(
    '{"suffix":"/7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815"}',
  );
});

test("alarms while the trail delivers no KMS events, because it has no canary", () => {
  expect(alarms.get("cipherwatch-watch-dev-kms-silent")).toMatchObject({
    comparison_operator: "LessThanThreshold",
    treat_missing_data: "breaching",
    period: 3600,
    evaluation_periods: 24,
    datapoints_to_alarm: 24,
  });
  expect(filters.get("cipherwatch-watch-dev-kms-events")?.metric_transformation).not.toHaveProperty(
    "default_value",
  );
});

test("reads an existing trail's log group, of any number of accounts, and creates no trail", () => {
  const existing = watchStacks({ TRAIL_LOG_GROUP: "org-trail", ACCOUNT_ID: "999900001111" });
  expect([...existing.keys()]).toEqual(["watch-alarm"]);
  const existingFilters = named(
    stackOf("watch-alarm", existing),
    "aws_cloudwatch_log_metric_filter",
    "name",
  );
  for (const { log_group_name } of existingFilters.values())
    expect(log_group_name).toBe("org-trail");
  const accountsIn = (name: string) =>
    String(existingFilters.get(`cipherwatch-watch-dev-${name}`)?.pattern).match(
      /(?<=recipientAccountId = ")[^"]+/g,
    );
  const [deployed] = accountsIn("trail-change") ?? [];
  expect(deployed).toMatch(/aws_caller_identity/);
  expect(accountsIn("kms-events")).toEqual([deployed, "111122223333"]); // also the account of the keys
  expect(accountsIn("key-volume-crm")).toEqual(["111122223333"]);
  expect(accountsIn("key-errors-crm")).toBeNull(); // a denied call is recorded in the caller's account only
});

test("shares no name with a deployment of the service in the same account and environment", () => {
  const variables = { MONITORED_KEYS: KEYS, IMAGE_DIGEST: `sha256:${"1".repeat(64)}` };
  const NAMES = /^(name|alarm_name|dashboard_name|bucket|alarm_rule|display_name)$/;
  const namesIn = (all: ReadonlyMap<string, TerraformJson>) =>
    [...all.values()].flatMap(({ resource = {} }) =>
      Object.entries(resource).flatMap(([type, resources]) =>
        // A role's inline policy has a name within the role only.
        (type === "aws_iam_role_policy" ? [] : Object.values(resources)).flatMap((values) =>
          Object.entries(values)
            .filter(
              ([attribute, value]) => NAMES.test(attribute) && !/\$\{aws_/.test(String(value)),
            )
            .map(([, value]) => `${type} ${value}`),
        ),
      ),
    );
  const service = new Set(namesIn(synthesize(settingsOf(variables))));
  const watch = namesIn(stacks);
  expect(watch.length).toBeGreaterThan(40);
  expect(watch.filter((name) => service.has(name))).toEqual([]);
});

test("stays within AWS's limits with the most and longest keys and the CIS pack", () => {
  const keys = Array.from({ length: 16 }, (_, index) => ({
    name: `k${String(index).padStart(2, "0")}-${"x".repeat(20)}`,
    key: `arn:aws:kms:ap-southeast-2:111122223333:key/${String(index).padStart(8, "0")}-4b8f-4a63-92d7-e0f3a6b9c815`,
    roles: [ROLE],
    aliases: ["a", "b", "c"].map((letter) => `alias/${letter.repeat(94)}`),
  }));
  const variables = { ENV: "prod", MONITORED_KEYS: JSON.stringify(keys), CIS_PACK: "true" };
  const largest = stackOf("watch-alarm", watchStacks(variables));
  const count = (type: string) => Object.keys(resourcesOf(largest, type)).length;
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
  expect(count("aws_cloudwatch_log_metric_filter")).toBeLessThanOrEqual(100);
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
  const body = JSON.parse(String(resourceOf(largest, "aws_cloudwatch_dashboard").dashboard_body));
  expect(body.widgets[0].properties.alarms.length).toBeLessThanOrEqual(100);
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
  const rule = String(resourceOf(largest, "aws_cloudwatch_composite_alarm").alarm_rule);
  expect(rule.length).toBeLessThanOrEqual(10_240);
  expect(new Set(rule.match(/ALARM\("[^"]+"\)/g)).size).toBeLessThanOrEqual(100);
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
  const rules = named(largest, "aws_cloudwatch_event_rule", "name");
  const pattern = String(rules.get("cipherwatch-watch-prod-key-change")?.event_pattern);
  const TRAIL_KEY =
    "arn:aws:kms:ap-southeast-2:111122223333:key/7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815";
  expect(pattern.replaceAll(/\$\{[^}]+\}/g, TRAIL_KEY).length).toBeLessThanOrEqual(2048);
});

test("sets the permissions boundary of the settings on its roles", () => {
  const roles = Object.values(resourcesOf(stackOf("watch-trail", changed), "aws_iam_role"));
  expect(roles.map(({ permissions_boundary }) => permissions_boundary)).toEqual([BOUNDARY]);
});
