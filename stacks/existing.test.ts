import { describe, expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";
import { settingsOf } from "../settings/testing.ts";
import { synthesize } from "./synthesize.ts";
import { alarmStack } from "./testing/alarm-stack.ts";
import { permissionsOfRole } from "./testing/pipeline-permissions.ts";
import {
  conditionsOf,
  type PolicyStatement,
  resourceOf,
  resourcesOf,
  statementOf,
  statementsOf,
} from "./testing/synthesized.ts";

const TRAIL_LOG_GROUP = "aws-cloudtrail-logs-111122223333-1a2b3c4d";
const TRAIL_ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
const VPC = {
  VPC_ID: "vpc-0a1b2c3d4e5f60718",
  PUBLIC_SUBNET_IDS: "subnet-0a1b2c3d4e5f60711,subnet-0a1b2c3d4e5f60712",
  PRIVATE_SUBNET_IDS: "subnet-0a1b2c3d4e5f60713,subnet-0a1b2c3d4e5f60714",
};
const URGENT = "arn:aws:sns:ap-southeast-2:111122223333:pages";
const ROUTINE = "arn:aws:sns:ap-southeast-2:111122223333:alerts";
const DATA_KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/records";
const TOPIC_KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/topics";
const stacks = synthesize(
  settingsOf({
    TRAIL_LOG_GROUP,
    TRAIL_BUCKET: "example-trail",
    TRAIL_ARN,
    DECRYPT_WITHOUT_TRAIL: "refuse",
    ...VPC,
    NAT_ADDRESSES: "198.51.100.7",
    URGENT_TOPIC_ARN: URGENT,
    ROUTINE_TOPIC_ARN: ROUTINE,
    TOPIC_KEY_ARN: TOPIC_KEY,
    ROLE_PATH: "/platform/",
    KEY_GENERATIONS: "1,2",
    EXISTING_KEYS: `2=${DATA_KEY}`,
    CIS_PACK: "true",
    IMAGE_DIGEST: PLACEHOLDER_DIGEST,
    GITHUB_REPOSITORY: "example-org/cipherwatch",
  }),
);
const alarm = stacks.get("alarm") ?? {};
const bootstrap = stacks.get("bootstrap") ?? {};

describe("an existing trail", () => {
  test("deploys no trail", () => {
    expect([...stacks.keys()]).not.toContain("trail");
  });

  test("puts every metric filter into its log group, for events of this account only", () => {
    const filters = Object.values(resourcesOf(alarm, "aws_cloudwatch_log_metric_filter"));
    expect(filters.length).toBeGreaterThan(40);
    for (const { name, pattern, log_group_name } of filters) {
      expect.soft(log_group_name, String(name)).toBe(TRAIL_LOG_GROUP);
      expect
        .soft(pattern, String(name))
        .toMatch(
          / && \$\.recipientAccountId = "\$\{data\.aws_caller_identity\.\w+\.account_id\}" \}$/,
        );
    }
  });

  test("shows events of this account only in the saved queries of the trail", () => {
    const queries = Object.values(resourcesOf(alarm, "aws_cloudwatch_query_definition")).filter(
      ({ log_group_names }) => JSON.stringify(log_group_names).includes(TRAIL_LOG_GROUP),
    );
    expect(queries.length).toBeGreaterThan(10);
    for (const { query_string } of queries) {
      expect(query_string).toMatch(
        /^filter recipientAccountId in \["\$\{data\.aws_caller_identity\.\w+\.account_id\}"\]\n\| /,
      );
    }
  });

  test("alarms when its log group receives no events", () => {
    expect(resourceOf(alarm, "aws_cloudwatch_metric_alarm", "Silence_TrailSilent")).toMatchObject({
      dimensions: { LogGroupName: TRAIL_LOG_GROUP },
      alarm_description: expect.not.stringContaining("npm run diff trail"),
    });
  });

  test("fails the plan if its log group is elsewhere or supports no metric filters", () => {
    const conditionOf = (type: string) =>
      JSON.stringify(Object.values(alarm.data?.[type] ?? {}).map(({ lifecycle }) => lifecycle));
    expect(conditionOf("aws_cloudwatch_log_groups")).toContain(
      `contains(self.log_group_names, \\"${TRAIL_LOG_GROUP}\\")`,
    );
    expect(conditionOf("aws_cloudwatch_log_group")).toContain("self.log_group_class");
  });

  test("lets the pipeline change its metric filters, and nothing else of it", () => {
    const actions = permissionsOfRole(bootstrap, "Deploy")
      .filter(({ resources = [] }) => resources.some((arn) => arn.endsWith(`:${TRAIL_LOG_GROUP}`)))
      .flatMap((statement) => statement.actions);
    expect(new Set(actions)).toEqual(
      new Set([
        "logs:DeleteMetricFilter",
        "logs:DescribeMetricFilters",
        "logs:ListTagsForResource",
        "logs:PutMetricFilter",
      ]),
    );
  });

  test("is the trail that the service checks", () => {
    const service = JSON.stringify(stacks.get("service"));
    expect(service).toContain(TRAIL_ARN);
    expect(service).not.toContain("trail/cipherwatch-dev-trail");
  });
});

describe("an existing VPC", () => {
  const network = stacks.get("network") ?? {};

  test("gets the security group of the tasks only", () => {
    expect(Object.keys(network.resource ?? {})).toEqual(["aws_security_group"]);
    expect(resourceOf(network, "aws_security_group")).toMatchObject({
      vpc_id: expect.stringMatching(/^\$\{data\.aws_vpc\.\w+\.id\}$/),
    });
  });

  test("fails the plan if it resolves no names, or a subnet is elsewhere or alone in its zone", () => {
    expect(Object.values(network.data?.aws_vpc ?? {})).toMatchObject([
      {
        id: VPC.VPC_ID,
        lifecycle: { postcondition: [{ condition: "${self.enable_dns_support}" }] },
      },
    ]);
    const subnets = Object.values(network.data?.aws_subnet ?? {});
    expect(subnets.map(({ id }) => id).sort()).toEqual(
      `${VPC.PUBLIC_SUBNET_IDS},${VPC.PRIVATE_SUBNET_IDS}`.split(","),
    );
    for (const { vpc_id } of subnets) expect(vpc_id).toMatch(/^\$\{data\.aws_vpc\.\w+\.id\}$/);
    expect(JSON.stringify(subnets).match(/> 1\}/g)).toHaveLength(2);
  });

  test("has no alarm on rejected traffic, because its flow logs are its owner's", () => {
    expect(JSON.stringify(alarm.resource)).not.toContain("rejected-traffic");
  });

  test("has NAT gateways whose addresses the calls of the service are compared with", () => {
    expect(JSON.stringify(alarm.resource?.aws_cloudwatch_log_metric_filter)).toContain(
      '$.sourceIPAddress != \\"198.51.100.7\\"',
    );
  });

  test("lets the pipeline create security groups in it, although it lacks our tags", () => {
    const inVpc = permissionsOfRole(bootstrap, "Deploy").filter(({ resources = [] }) =>
      resources.some((arn) => arn.endsWith(`:vpc/${VPC.VPC_ID}`)),
    );
    expect(inVpc.flatMap(({ actions }) => actions).sort()).toEqual([
      "ec2:CreateSecurityGroup",
      "ec2:DescribeVpcAttribute",
      "ec2:GetSecurityGroupsForVpc",
    ]);
    expect(inVpc.flatMap(({ condition = [] }) => condition)).toEqual([]);
  });

  test("has the database in its private subnets", () => {
    expect(resourceOf(stacks.get("database") ?? {}, "aws_db_subnet_group")).toMatchObject({
      subnet_ids: [
        expect.stringContaining("PrivateSubnet1"),
        expect.stringContaining("PrivateSubnet2"),
      ],
    });
  });
});

describe("existing topics", () => {
  const kindsOf = (type: string) => Object.values(resourcesOf(alarm, type));
  const outputOf = (name: string) =>
    statementsOf(alarm, Object(alarm.output?.[name]).value) as readonly PolicyStatement[];

  test("get every notification, also those of the other stacks", () => {
    const alarms = [...stacks.values()].flatMap((stack) =>
      Object.values(resourcesOf(stack, "aws_cloudwatch_metric_alarm")),
    );
    const actions = new Set(alarms.flatMap(({ alarm_actions }) => alarm_actions));
    expect(actions).toEqual(new Set([URGENT, ROUTINE]));
    const targets = [...stacks.values()].flatMap((stack) =>
      Object.values(resourcesOf(stack, "aws_cloudwatch_event_target")),
    );
    expect(targets.length).toBeGreaterThan(4);
    expect(new Set(targets.map(({ arn }) => arn))).toEqual(new Set([URGENT, ROUTINE]));
  });

  test("replace topics, subscriptions and key of our own, except the canary's topic", () => {
    expect(kindsOf("aws_sns_topic")).toMatchObject([
      { name: "cipherwatch-dev-canary", kms_master_key_id: TOPIC_KEY },
    ]);
    expect(kindsOf("aws_sns_topic_subscription")).toEqual([]);
    expect(kindsOf("aws_kms_key")).toEqual([]);
    expect(alarm).not.toHaveProperty("check");
    expect(kindsOf("aws_sqs_queue")).toMatchObject([{ kms_master_key_id: TOPIC_KEY }]);
  });

  test("fail the plan if they are in another account or region", () => {
    const topics = Object.values(alarm.data?.aws_sns_topic ?? {});
    expect(topics.map(({ name }) => name)).toEqual(["pages", "alerts"]);
    expect(JSON.stringify(topics)).toContain(`self.arn == \\"${URGENT}\\"`);
  });

  test("get a policy that admits our alarms and rules, as an output shows", () => {
    const statements = outputOf("TopicPolicyStatements");
    expect(statements.map(({ sid, actions, resources }) => [sid, actions, resources])).toEqual([
      ["AlarmsPublish", ["sns:Publish"], [URGENT, ROUTINE]],
      ["RulesPublish", ["sns:Publish"], [URGENT, ROUTINE]],
    ]);
  });

  test("have a key that alarms, rules, the canary and the queues can use, as an output shows", () => {
    const statements = outputOf("TopicKeyPolicyStatements");
    expect(statements.map(({ sid }) => sid)).toEqual([
      "AlarmsEncryptMessages",
      "RulesEncryptMessages",
      "RulesEncryptEvents",
      "ReadersDecryptThroughSqs",
    ]);
    expect(JSON.stringify(statements[1]?.condition)).toContain(ROUTINE);
    expect(JSON.stringify(statements[1]?.condition)).toContain("cipherwatch-dev-canary");
  });

  test("have changes and failures that alarms report", () => {
    const patterns = kindsOf("aws_cloudwatch_log_metric_filter").map(({ pattern }) => pattern);
    expect(patterns.join("\n")).toContain('$.requestParameters.subscriptionArn = "*:pages:*"');
    expect(patterns.join("\n")).toContain(TOPIC_KEY);
    expect(resourceOf(alarm, "aws_cloudwatch_metric_alarm", "Silence_UrgentFailed")).toMatchObject({
      dimensions: { TopicName: "pages" },
      alarm_actions: [ROUTINE],
    });
  });

  test("are found by the pipeline, and not changed", () => {
    const actions = permissionsOfRole(bootstrap, "Deploy")
      .filter(({ resources = [] }) => resources.includes(URGENT))
      .flatMap((statement) => statement.actions);
    expect(actions).toEqual(["sns:ListTagsForResource"]);
  });

  test("can be one topic, which reports its own failures once", () => {
    const stack = alarmStack({
      variables: { URGENT_TOPIC_ARN: URGENT, ROUTINE_TOPIC_ARN: URGENT },
    });
    expect(stack.data?.aws_sns_topic).toSatisfy((topics) => Object.keys(topics).length === 1);
    expect(Object.keys(resourcesOf(stack, "aws_kms_key"))).toHaveLength(1);
    const names = Object.values(resourcesOf(stack, "aws_cloudwatch_metric_alarm")).map(
      ({ alarm_name }) => String(alarm_name),
    );
    expect(names.filter((name) => name.endsWith("-failed"))).toEqual([
      "cipherwatch-dev-urgent-failed",
    ]);
  });
});

describe("a path of roles and policies", () => {
  test("is that of every role and policy; those of the pipeline are in a path within it", () => {
    for (const [id, stack] of stacks) {
      for (const [name, { path }] of Object.entries({
        ...resourcesOf(stack, "aws_iam_role"),
        ...resourcesOf(stack, "aws_iam_policy"),
      })) {
        const expected = id === "bootstrap" ? "/platform/bootstrap/" : "/platform/";
        expect.soft(path, `${id} ${name}`).toBe(expected);
      }
    }
  });

  test("is in every ARN of a role or policy", () => {
    const arns = JSON.stringify([...stacks.values()]).match(/:(role|policy)\/[\w/*-]+/g) ?? [];
    const foreign = /^:(role\/aws-service-role|policy\/AWSDenyAll)/;
    const ours = arns.filter((arn) => !foreign.test(arn));
    expect(ours.length).toBeGreaterThan(30);
    expect(new Set(ours.map((arn) => arn.slice(0, arn.indexOf("cipherwatch-"))))).toEqual(
      new Set([":role/platform/", ":role/platform/bootstrap/", ":policy/platform/bootstrap/"]),
    );
  });
});

describe("an existing key for the records", () => {
  const kms = stacks.get("kms") ?? {};
  const service = stacks.get("service") ?? {};

  test("is used instead of a new one, for its generation only", () => {
    expect(Object.values(resourcesOf(kms, "aws_kms_alias"))).toMatchObject([
      { name: "alias/cipherwatch-dev" },
    ]);
    expect(Object.values(resourcesOf(kms, "aws_kms_key"))).toHaveLength(1);
    const tasks = Object.values(resourcesOf(service, "aws_ecs_task_definition")).map(
      ({ container_definitions }) => container_definitions,
    );
    expect(tasks.join()).toContain(`{"name":"KMS_KEY_ARN","value":"${DATA_KEY}"}`);
  });

  test("fails the plan if it is in another account or cannot encrypt", () => {
    const [key] = Object.values(kms.data?.aws_kms_key ?? {});
    expect(key).toMatchObject({ key_id: DATA_KEY });
    expect(JSON.stringify(key)).toContain(
      "${self.aws_account_id == data.aws_caller_identity.Account.account_id}",
    );
    expect(JSON.stringify(key)).toContain('self.key_usage == \\"ENCRYPT_DECRYPT\\"');
  });

  test("needs the key policy that a new key would have, as an output shows", () => {
    const needed = statementsOf(kms, Object(kms.output?.KeyPolicyStatements2).value);
    expect(needed.map(({ sid, actions }) => [sid, actions])).toEqual([
      ["SealAndOpenRecords", ["kms:Decrypt", "kms:GenerateDataKey"]],
      ["DescribeDataKey", ["kms:DescribeKey"]],
      ["MoveRecordsTo", ["kms:ReEncryptTo"]],
    ]);
    for (const statement of needed) {
      expect(conditionsOf(statement).join()).toMatch(
        /ArnEquals aws:PrincipalArn \S+:role\/platform\/cipherwatch-dev-(service|rewrap)/,
      );
    }
  });

  test("is named by the policies of the roles, their boundary and the detections", () => {
    const boundary = resourceOf(bootstrap, "aws_iam_policy", "Pipeline_Boundary");
    expect(statementOf(bootstrap, boundary.policy, "UseExistingKeys").actions).toContain(
      "kms:ReEncryptTo",
    );
    const role = resourceOf(service, "aws_iam_role_policy", "ServiceRole");
    expect(statementOf(service, role.policy, "SealAndOpenRecords").resources).toEqual([DATA_KEY]);
    const named = Object.values(resourcesOf(alarm, "aws_cloudwatch_log_metric_filter"))
      .filter(({ pattern }) => String(pattern).includes(DATA_KEY))
      .map(({ name }) => name);
    expect(named).toEqual(
      expect.arrayContaining(
        ["kms-outsider", "kms-volume", "kms-key-change"].map((id) => `cipherwatch-dev-${id}`),
      ),
    );
  });
});
