import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { watchEnvironment } from "../common/naming.ts";
import { filterPatterns } from "../detections/exclusions.ts";
import { monitoringDetections } from "../detections/monitored-keys/index.ts";
import { createExampleScope, type MonitoringScope } from "../detections/scope.ts";
import { loadSettings } from "./index.ts";
import { MAX_KEYS, settings } from "./monitored-keys.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";
import { loadWatchSettings, watchSettings } from "./watch.ts";

const ACCOUNT = "111122223333";
const keyArn = (id: number, account = ACCOUNT) =>
  `arn:aws:kms:ap-southeast-2:${account}:key/${String(id).padStart(8, "0")}-4b8f-4a63-92d7-e0f3a6b9c815`;
const replica = (region: string) =>
  `arn:aws:kms:${region}:${ACCOUNT}:key/mrk-0123456789abcdef0123456789abcdef`;
const role = `arn:aws:iam::${ACCOUNT}:role/payments-api`;
const payments = { name: "payments", key: keyArn(1), roles: [role] };
const json = (...entries: readonly object[]) => JSON.stringify(entries);
const withEntry = (changes: object) => json({ ...payments, ...changes });

testSettings(settings, {
  monitoredKeys: [
    "MONITORED_KEYS",
    json(payments, {
      name: "crm",
      key: replica("eu-west-1"),
      roles: [`arn:aws:iam::${ACCOUNT}:role/aws:ec2-infrastructure`],
      users: [`arn:aws:iam::${ACCOUNT}:user/crm`],
      services: ["rds.amazonaws.com"],
      accounts: ["444455556666"],
      decryptLimit: 50,
      aliases: ["alias/crm"],
    }),
    [
      {
        name: "payments",
        arn: keyArn(1),
        aliases: [],
        roles: [role],
        users: [],
        services: [],
        accounts: [],
      },
      {
        name: "crm",
        arn: replica("eu-west-1"),
        aliases: ["alias/crm"],
        roles: [`arn:aws:iam::${ACCOUNT}:role/aws:ec2-infrastructure`],
        users: [`arn:aws:iam::${ACCOUNT}:user/crm`],
        services: ["rds.amazonaws.com"],
        accounts: ["444455556666"],
        decryptLimit: 50,
      },
    ],
    {
      "no/such/keys.json": /^is not a file that can be read: ENOENT/,
      "[{]": /^is not valid JSON: /,
      "{}": /^must be a list of keys in JSON$/,
      "[]": /^lists no key$/,
      "[1]": /^entry 1 must be an object$/,
      [withEntry({ name: "Payments" })]: /^entry 1 \(Payments\): name must consist of lower-case/,
      [withEntry({ name: "a".repeat(25) })]: /^entry 1 .*: name must have at most 24 characters$/,
      [withEntry({ key: "alias/payments" })]:
        /^entry 1 \(payments\): key must be the ARN of a KMS key, not "alias\/payments": `aws kms describe-key/,
      [withEntry({ roles: undefined })]: /^entry 1 \(payments\): roles must be a list$/,
      [withEntry({ roles: [role, "payments-api"] })]:
        /^entry 1 \(payments\): roles\.1 must be the ARN of a role, which can end with \*, not "payments-api"$/,
      [withEntry({ roles: [`arn:aws:sts::${ACCOUNT}:assumed-role/payments-api/i-0a1b2c3d`] })]:
        /roles\.0 must be the ARN of the role, not of its session: arn:aws:iam::111122223333:role\/payments-api, with the role's path/,
      [withEntry({
        roles: [`arn:aws:sts::${ACCOUNT}:assumed-role/AWSReservedSSO_Admin_1a2b/jordan`],
      })]:
        /not of its session: arn:aws:iam::111122223333:role\/aws-reserved\/sso\.amazonaws\.com\/…\/AWSReservedSSO_Admin_1a2b, where … is the Region of IAM Identity Center/,
      [withEntry({ roles: [`arn:aws:iam::${ACCOUNT}:role/AWSServiceRoleForAutoScaling`] })]:
        /roles\.0 must have the path that AWS gives this role: `aws iam get-role --role-name AWSServiceRoleForAutoScaling` shows its ARN$/,
      [withEntry({ roles: [`arn:aws:iam::${ACCOUNT}:root`] })]:
        /roles\.0 .+, not "arn:aws:iam::111122223333:root"$/,
      [withEntry({ roles: ["arn:aws-us-gov:iam::111122223333:role/payments-api"] })]:
        /expects arn:aws-us-gov:iam::111122223333:role\/payments-api of the partition aws-us-gov, but the key is in aws$/,
      [withEntry({ aliases: ["alias/aws/s3"] })]: /aliases\.0 must be an alias that you created/,
      [withEntry({ services: ["rds"] })]: /services\.0 must be an AWS service/,
      [withEntry({ accounts: [444455556666] })]: /accounts\.0 must be an AWS account ID/,
      [withEntry({ accounts: [ACCOUNT] })]:
        /^entry 1 \(payments\) has the key's own account 111122223333 in accounts, so every caller in this account would be expected/,
      [withEntry({ decryptLimit: 0 })]: /decryptLimit must be an integer above 0$/,
      [withEntry({ rules: [] })]:
        /^entry 1 \(payments\) has the unknown member rules\. Allowed: name, key, roles/,
      [json(payments, { ...payments, name: "pay-ments", key: keyArn(2) })]:
        /^entry 2 \(pay-ments\) has the name of an earlier entry$/,
      [json(payments, { ...payments, name: "orders" })]:
        /^entry 2 \(orders\) has the key of an earlier entry$/,
      [json(
        { ...payments, key: replica("ap-southeast-2") },
        { ...payments, key: replica("eu-west-1"), name: "payments-eu" },
      )]:
        /^entry 2 \(payments-eu\) has a replica of the key of an earlier entry, whose alarms count every replica: list the callers of all replicas there$/,
      [withEntry({ roles: ["arn:aws:iam::444455556666:role/api"] })]:
        /^entry 1 \(payments\) expects arn:aws:iam::444455556666:role\/api of another account.+list 444455556666 in accounts$/,
      [json(
        ...Array.from({ length: MAX_KEYS + 1 }, (_, index) => ({
          ...payments,
          name: `key-${index}`,
          key: keyArn(index),
        })),
      )]: /^lists more than 16 keys$/,
      [withEntry({
        roles: Array.from({ length: 6 }, (_, index) => `${role}-${"x".repeat(20)}${index}`),
      })]: /^makes the filter pattern of key-outsider-payments too long: \d{4} characters$/,
    },
  ],
});

test.each(["", "\ufeff"])("reads the keys from a file that begins with %j", (mark) => {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-settings-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "keys.json");
  writeFileSync(file, mark + json(payments));
  expect(settingsOf({ MONITORED_KEYS: file }).monitoredKeys).toMatchObject([{ name: "payments" }]);
});

describe("the settings of `npm run deploy -- watch`", () => {
  test("have an environment and resource names of their own", () => {
    const watch = watchSettings(settingsOf({ ENV: "prod", MONITORED_KEYS: json(payments) }));
    expect(watch.env).toBe("watch-prod");
  });

  test("allow only the account of the keys", () => {
    const watch = watchSettings(settingsOf({ MONITORED_KEYS: json(payments) }));
    expect(watch.accountId).toBe(ACCOUNT);
    const other = settingsOf({ ACCOUNT_ID: "444455556666", MONITORED_KEYS: json(payments) });
    expect(() => watchSettings(other)).toThrow(
      /has the key payments in account 111122223333, but the trail records only 444455556666/,
    );
  });

  test("allow keys of sixteen accounts with the trail of an organization", () => {
    const keys = Array.from({ length: MAX_KEYS }, (_, index) => {
      const account = String(444400000000 + index);
      const roles = [`arn:aws:iam::${account}:role/payments-api`];
      return { name: `payments-${index}`, key: keyArn(index, account), roles };
    });
    expect(
      watchSettings(settingsOf({ MONITORED_KEYS: json(...keys), TRAIL_LOG_GROUP: "org-trail" }))
        .monitoredKeys,
    ).toHaveLength(MAX_KEYS);
  });

  test("keep sixteen keys with three aliases and the CIS pack within 100 metric filters", () => {
    const keys = Array.from({ length: MAX_KEYS }, (_, index) => ({
      name: `payments-${index}`,
      key: keyArn(index),
      roles: [role],
      aliases: [0, 1, 2].map((alias) => `alias/payments-${index}-${alias}`),
    }));
    const watch = watchSettings(settingsOf({ MONITORED_KEYS: json(...keys), CIS_PACK: "true" }));
    const scope: MonitoringScope = createExampleScope(watchEnvironment("dev"), "ap-southeast-2");
    const patterns = monitoringDetections(watch.monitoredKeys, watch).flatMap((detection) =>
      detection.source === "trail" ? filterPatterns(detection, scope) : [],
    );
    expect(patterns.length).toBeLessThanOrEqual(100);
  });

  test("allow keys of other accounts and the service's trail, if they name an existing trail", () => {
    const variables = {
      CIPHERWATCH_ALERT_EMAIL: "security@example.com",
      CIPHERWATCH_ACCOUNT_ID: "444455556666",
      CIPHERWATCH_MONITORED_KEYS: json(payments),
      CIPHERWATCH_TRAIL_LOG_GROUP: "/cipherwatch/dev/trail",
    };
    expect(loadWatchSettings(variables)).toMatchObject({ accountId: "444455556666" });
    expect(() => loadSettings(variables)).toThrow(
      /is the log group of this environment's own trail/,
    );
  });

  test("need at least one key", () => {
    expect(() => watchSettings(settingsOf())).toThrow(
      /CIPHERWATCH_MONITORED_KEYS\n {4}error: {3}must be set/,
    );
  });

  test("accept thresholds and exclusions of the detections on keys, by their kind", () => {
    expect(settingsOf({ THRESHOLDS: "key-errors=3" }).thresholds).toEqual({ "key-errors": 3 });
    expect(issuesOf({ THRESHOLDS: "key-error=3" })).toMatchObject([
      { message: 'Unknown detection "key-error". Did you mean key-errors?' },
    ]);
  });
});
