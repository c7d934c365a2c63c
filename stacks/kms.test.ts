import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { synthStack } from "../terraform/cdktf/synthesize.ts";
import { KmsStack } from "./kms.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  statementOf,
  statementsOf,
} from "./testing/synthesized.ts";

const stackOf = (variables: Readonly<Record<string, string>> = {}) =>
  synthStack(
    (app) => new KmsStack(app, "kms", { settings: settingsOf(variables), vpcId: "vpc-1" }),
  );

const ROOT = `arn:${PARTITION}:iam::${ACCOUNT}:root`;
const SERVICE_ROLE = `arn:${PARTITION}:iam::${ACCOUNT}:role/cipherwatch-dev-service`;

test("configures rotation, deletion window and alias of the service's key", () => {
  const stack = stackOf({ KEY_ROTATION_DAYS: "90", KEY_DELETION_DAYS: "14" });
  expect(resourceOf(stack, "aws_kms_key")).toMatchObject({
    enable_key_rotation: true,
    rotation_period_in_days: 90,
    deletion_window_in_days: 14,
  });
  expect(resourceOf(stack, "aws_kms_alias")).toMatchObject({
    name: "alias/cipherwatch-dev",
    target_key_id: expect.stringMatching(/^\$\{aws_kms_key\..+\.key_id\}$/),
  });
});

test("protects the key from deletion in prod, but not in dev", () => {
  const lifecycle = (env: string) => resourceOf(stackOf({ ENV: env }), "aws_kms_key").lifecycle;
  expect(lifecycle("prod")).toEqual({ prevent_destroy: true });
  expect(lifecycle("dev")).toBeUndefined();
});

describe("the key policy", () => {
  const stack = stackOf();
  const { policy } = resourceOf(stack, "aws_kms_key");

  test("only lets the service's role encrypt and decrypt, and only records of this application", () => {
    const users = statementsOf(stack, policy).filter(({ actions }) =>
      actions.some((action) => /Decrypt|Encrypt|DataKey|CreateGrant|Sign|Mac/.test(action)),
    );
    expect(users).toHaveLength(1);
    const [use] = users;
    expect(use?.actions).toEqual(["kms:Decrypt", "kms:GenerateDataKey"]);
    expect(use && conditionsOf(use)).toEqual([
      `ArnEquals aws:PrincipalArn ${SERVICE_ROLE}`,
      "StringEquals kms:EncryptionContext:app cipherwatch",
    ]);
  });

  test("refuses the service's credentials outside the VPC, if there are VPC endpoints", () => {
    const closed = stackOf({ VPC_ENDPOINTS: "true" });
    const { policy } = resourceOf(closed, "aws_kms_key");
    for (const sid of ["SealAndOpenRecords", "DescribeDataKey"]) {
      expect(conditionsOf(statementOf(closed, policy, sid))).toContain(
        "StringEquals aws:SourceVpc vpc-1",
      );
    }
  });

  test("lets the role describe the key without an encryption context, which DescribeKey lacks", () => {
    const describeKey = statementOf(stack, policy, "DescribeDataKey");
    expect(describeKey.actions).toEqual(["kms:DescribeKey"]);
    expect(conditionsOf(describeKey)).toEqual([`ArnEquals aws:PrincipalArn ${SERVICE_ROLE}`]);
  });

  test("lets the account administer the key", () => {
    const administer = statementOf(stack, policy, "AccountAdministersKey");
    expect(administer.principals).toEqual([{ type: "AWS", identifiers: [ROOT] }]);
    expect(administer.actions).toEqual(
      expect.arrayContaining(["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource"]),
    );
  });

  test("lets the service only decrypt with previous keys, and only the rewrap worker move records between keys", () => {
    const two = stackOf({ KEY_GENERATIONS: "1,2" });
    const useOf = (name: string) =>
      statementsOf(two, resourceOf(two, "aws_kms_key", name).policy)
        .filter(({ sid }) => sid !== "AccountAdministersKey")
        .map((statement) => [...statement.actions, ...conditionsOf(statement)]);
    const rewrap = [
      `ArnEquals aws:PrincipalArn arn:${PARTITION}:iam::${ACCOUNT}:role/cipherwatch-dev-rewrap`,
      "StringEquals kms:EncryptionContext:app cipherwatch",
      "StringEquals kms:EncryptionContext:format 2",
    ];
    const service = `ArnEquals aws:PrincipalArn ${SERVICE_ROLE}`;
    const record = "StringEquals kms:EncryptionContext:app cipherwatch";
    expect(useOf("DataKey_")).toEqual([
      ["kms:Decrypt", service, record],
      ["kms:ReEncryptFrom", ...rewrap],
    ]);
    expect(useOf("DataKey2_")).toEqual([
      ["kms:Decrypt", "kms:GenerateDataKey", service, record],
      ["kms:DescribeKey", service],
      ["kms:ReEncryptTo", ...rewrap],
    ]);
    const adding = stackOf({ KEY_GENERATIONS: "1,2", CURRENT_KEY_GENERATION: "1" });
    const actionsOf = (name: string) =>
      statementsOf(adding, resourceOf(adding, "aws_kms_key", name).policy).map(
        ({ actions }) => actions,
      );
    expect(actionsOf("DataKey_")).toContainEqual(["kms:Decrypt", "kms:GenerateDataKey"]);
    expect(actionsOf("DataKey2_")).toContainEqual(["kms:Decrypt"]);
    expect(resourceOf(two, "aws_kms_alias", "DataKey2").name).toBe("alias/cipherwatch-dev-2");
    expect(Object.values(two.output ?? {})).toContainEqual(
      expect.objectContaining({ value: expect.stringMatching(/^\$\{aws_kms_key\.DataKey2_/) }),
    );
  });

  const SECOND = "ap-southeast-1";
  const PRIMARY_ARN = `arn:aws:kms:${SECOND}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab`;

  test("lets the account replicate the key to the second Region only, and only the newest is multi-Region", () => {
    const replicated = stackOf({ REPLICA_REGION: SECOND, KEY_GENERATIONS: "1,2" });
    for (const name of ["DataKey_", "DataKey2_"]) {
      const key = resourceOf(replicated, "aws_kms_key", name);
      const replicate = statementOf(replicated, key.policy, "AccountReplicatesKey");
      expect(replicate.actions).toEqual(["kms:ReplicateKey"]);
      expect(conditionsOf(replicate)).toEqual([`StringEquals kms:ReplicaRegion ${SECOND}`]);
    }
    const [older, newest] = ["DataKey_", "DataKey2_"].map((name) =>
      resourceOf(replicated, "aws_kms_key", name),
    );
    expect(older?.multi_region).toBeUndefined();
    expect(newest).toMatchObject({
      multi_region: true,
      lifecycle: {
        ignore_changes: ["multi_region"],
        postcondition: [
          {
            condition: "${self.multi_region}",
            error_message: expect.stringContaining("exists and is a single-Region key"),
          },
        ],
      },
    });
    const prod = resourceOf(stackOf({ ENV: "prod", REPLICA_REGION: SECOND }), "aws_kms_key");
    expect(prod.lifecycle).toMatchObject({
      prevent_destroy: true,
      ignore_changes: ["multi_region"],
    });
  });

  test("of a replica has the same separation of duties, for the roles and the VPC of its Region", () => {
    const replica = stackOf({ PRIMARY_KEY_ARNS: PRIMARY_ARN, VPC_ENDPOINTS: "true" });
    expect(replica.resource?.aws_kms_key).toBeUndefined();
    const key = resourceOf(replica, "aws_kms_replica_key");
    expect(key).toMatchObject({ primary_key_arn: PRIMARY_ARN, deletion_window_in_days: 7 });
    const withoutSource = (stacks: Parameters<typeof statementsOf>[0], policy: unknown) =>
      statementsOf(stacks, policy).map(({ sid, actions, ...rest }) => [
        sid,
        actions,
        conditionsOf({ sid, actions, ...rest }),
      ]);
    const closed = stackOf({ VPC_ENDPOINTS: "true" });
    expect(withoutSource(replica, key.policy)).toEqual(
      withoutSource(closed, resourceOf(closed, "aws_kms_key").policy),
    );
    expect(resourceOf(replica, "aws_kms_alias")).toMatchObject({ name: "alias/cipherwatch-dev" });
  });

  test("names no principal that may not exist yet", () => {
    for (const { principals = [] } of statementsOf(stack, policy)) {
      for (const { identifiers } of principals) expect(identifiers).toEqual([ROOT]);
    }
  });
});
