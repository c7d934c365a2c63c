import { describe, expect, test } from "vitest";
import { allOf, cheapDev, stackOf } from "./testing/cheap-dev.ts";
import { permissionsOfRole } from "./testing/pipeline-permissions.ts";
import { conditionsOf, resourceOf, resourcesOf, statementsOf } from "./testing/synthesized.ts";

describe("CIPHERWATCH_CUSTOMER_MANAGED_KEYS=records", () => {
  test("creates no KMS key other than that of the records", () => {
    const keys = [...cheapDev].flatMap(([id, stack]) =>
      Object.keys(resourcesOf(stack, "aws_kms_key")).map((name) => `${id} ${name.split("_")[0]}`),
    );
    expect(keys).toEqual(["kms DataKey"]);
  });

  test("encrypts the database, its insights and its secret with AWS managed keys", () => {
    const database = resourceOf(stackOf("database"), "aws_db_instance");
    expect(database).toMatchObject({
      storage_encrypted: true,
      performance_insights_enabled: true,
      manage_master_user_password: true,
    });
    expect(Object.keys(database).filter((attribute) => /kms/.test(attribute))).toEqual([]);
  });

  test("encrypts buckets, the trail, images, log groups and queues with AWS owned keys", () => {
    const encryption = allOf("aws_s3_bucket_server_side_encryption_configuration");
    expect(encryption).toHaveLength(allOf("aws_s3_bucket").length);
    for (const { rule } of encryption) {
      expect(rule).toEqual([
        { apply_server_side_encryption_by_default: { sse_algorithm: "AES256" } },
      ]);
    }
    expect(resourceOf(stackOf("trail"), "aws_cloudtrail")).not.toHaveProperty("kms_key_id");
    expect(resourceOf(stackOf("registry"), "aws_ecr_repository")).toMatchObject({
      encryption_configuration: [{ encryption_type: "AES256" }],
    });
    for (const logGroup of allOf("aws_cloudwatch_log_group")) {
      expect(logGroup, String(logGroup.name)).not.toHaveProperty("kms_key_id");
    }
    for (const queue of allOf("aws_sqs_queue")) {
      expect(queue).toMatchObject({ sqs_managed_sse_enabled: true });
      expect(queue).not.toHaveProperty("kms_master_key_id");
    }
  });

  test("gives topics no key, because alarms cannot use the AWS managed key for SNS", () => {
    const topics = allOf("aws_sns_topic");
    expect(topics.length).toBeGreaterThan(1);
    for (const topic of topics) expect(topic).not.toHaveProperty("kms_master_key_id");
  });

  test("logs sessions of ECS Exec, which has no key for them", () => {
    const { configuration } = resourceOf(stackOf("service"), "aws_ecs_cluster");
    expect(configuration).toEqual({
      execute_command_configuration: {
        logging: "OVERRIDE",
        log_configuration: {
          cloud_watch_encryption_enabled: false,
          cloud_watch_log_group_name: expect.stringMatching(/aws_cloudwatch_log_group\.ExecLogs/),
        },
      },
    });
  });

  test("grants no task the use of another key", () => {
    const service = stackOf("service");
    const keyUses = Object.values(resourcesOf(service, "aws_iam_role_policy"))
      .flatMap(({ policy }) => statementsOf(service, policy))
      .filter(({ actions }) => actions.some((action) => action.startsWith("kms:")));
    expect(keyUses.map(({ sid }) => sid)).toEqual(["SealAndOpenRecords", "DescribeDataKey"]);
  });

  test("lets the deploy role find the keys of RDS, and the boundary admit that of the secret", () => {
    const bootstrap = stackOf("bootstrap");
    const statement = permissionsOfRole(bootstrap, "Deploy").find(
      ({ sid }) => sid === "ReadKeysOfRds",
    );
    expect(statement?.actions).toEqual(["kms:DescribeKey"]);
    expect(statement && conditionsOf(statement)).toEqual([
      "ForAnyValue:StringEquals kms:ResourceAliases alias/aws/rds,alias/aws/secretsmanager",
    ]);
    const boundary = statementsOf(
      bootstrap,
      resourceOf(bootstrap, "aws_iam_policy", "Pipeline_Boundary").policy,
    ).find(({ sid }) => sid === "DecryptMasterSecret");
    expect(boundary && conditionsOf(boundary)).toEqual([
      "ForAnyValue:StringEquals kms:ResourceAliases alias/aws/secretsmanager",
      "StringEquals kms:ViaService secretsmanager.ap-southeast-2.amazonaws.com",
    ]);
  });

  test("detects changes of the records' key, the only one that somebody can change", () => {
    const filters = allOf("aws_cloudwatch_log_metric_filter").filter(({ name }) =>
      String(name).includes("kms-key-change"),
    );
    expect(filters).toHaveLength(1);
    expect(filters[0]?.pattern).toMatch(/resources\[\*\]\.ARN = /);
    const names = allOf("aws_cloudwatch_event_rule").map(({ name }) => String(name));
    expect(names.filter((name) => name.includes("key-change"))).toEqual([
      "cipherwatch-dev-kms-key-change",
    ]);
  });

  test("refuses to replace the database and the images of a deployed environment", () => {
    const markers = allOf("terraform_data");
    expect(markers).toHaveLength(2);
    for (const marker of markers) {
      expect(marker).toMatchObject({
        input: { customerManagedKeys: "records" },
        lifecycle: {
          ignore_changes: ["input"],
          postcondition: [{ condition: '${self.input.customerManagedKeys == "records"}' }],
        },
      });
    }
  });

  test("refuses to delete the keys of an environment that has data under them", () => {
    const guarded = [
      ...allOf("aws_s3_bucket_server_side_encryption_configuration"),
      ...allOf("aws_cloudwatch_log_group"),
      ...allOf("aws_ecr_repository"),
    ];
    for (const { lifecycle } of guarded) {
      expect(lifecycle).toMatchObject({
        ignore_changes: [expect.stringMatching(/^(rule|kms_key_id|encryption_configuration)$/)],
        postcondition: [
          { error_message: expect.stringMatching(/cannot become records in a deployed/) },
        ],
      });
    }
  });
});
