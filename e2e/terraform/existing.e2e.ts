import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAwsClient } from "../../lab/attack/aws-client.ts";
import { inDependencyOrder } from "./dependency-order.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { describeChanges, terraform } from "./terraform.ts";
import { startTimings } from "./timings.ts";
import {
  makeWorkspace,
  type SettingsVariables,
  type SynthOutput,
  type Workspace,
} from "./workspace.ts";

/**
 * Applies a whole deployment into resources that the account had before. Nothing in it has a new KMS key: that of
 * the records exists, and AWS owned and AWS managed keys encrypt the rest.
 */
const CONCURRENCY = 4;
const REGION = "ap-southeast-2";
const TRAIL_LOG_GROUP = "aws-cloudtrail-logs-123456789012-1a2b3c4d";
const NAMES_OF_GROUPS = "data.aws_cloudwatch_log_groups.ExistingTrail_Names_4720EBC8";

const timings = startTimings(CONCURRENCY);
let emulator: Emulator;
let workspace: Workspace;
let settings: SettingsVariables;
let existing: SynthOutput;
/** Another environment, whose data has customer managed keys. */
let other: SettingsVariables;

beforeAll(async () => {
  emulator = await startEmulator(REGION);
  workspace = makeWorkspace(emulator);
  const account = createAwsClient({
    endpoint: emulator.url,
    region: REGION,
    credentials: { accessKeyId: "emulator" },
    onCall: () => {},
  });
  const idIn = (xml: string, element: string) =>
    new RegExp(`<${element}>([^<]+)</${element}>`).exec(xml)?.[1] ?? "";
  const vpcId = idIn(
    await account.query("ec2", "CreateVpc", { CidrBlock: "10.0.0.0/16" }),
    "vpcId",
  );
  const subnets: string[] = [];
  for (const [index, zone] of ["a", "b", "a", "b"].entries()) {
    const subnet = {
      VpcId: vpcId,
      CidrBlock: `10.0.${index}.0/24`,
      AvailabilityZone: REGION + zone,
    };
    subnets.push(idIn(await account.query("ec2", "CreateSubnet", subnet), "subnetId"));
  }
  await account.json("logs", "CreateLogGroup", { logGroupName: TRAIL_LOG_GROUP });
  const topicOf = async (Name: string) =>
    idIn(await account.query("sns", "CreateTopic", { Name }), "TopicArn");
  const keyOf = async () => {
    const { KeyMetadata } = await account.json("kms", "CreateKey", {
      KeyUsage: "ENCRYPT_DECRYPT",
    });
    return String(Object(KeyMetadata).Arn);
  };
  const [publicA, publicB, privateA, privateB] = subnets;
  settings = {
    CIPHERWATCH_ENV: "staging",
    CIPHERWATCH_SHAPE: "dev",
    CIPHERWATCH_ALLOWED_CIDRS: "203.0.113.0/24",
    CIPHERWATCH_IMAGE_DIGEST: `sha256:${"1".repeat(64)}`,
    CIPHERWATCH_GITHUB_REPOSITORY: "example-org/cipherwatch",
    CIPHERWATCH_TAGS: "Owner=payments",
    CIPHERWATCH_ROLE_PATH: "/platform/",
    CIPHERWATCH_CUSTOMER_MANAGED_KEYS: "records",
    CIPHERWATCH_OPERATING_HOURS: "Mon-Fri 07:00-19:00 Australia/Sydney",
    CIPHERWATCH_MONITORING_CANARY: "false",
    CIPHERWATCH_EXISTING_KEYS: `1=${await keyOf()}`,
    CIPHERWATCH_URGENT_TOPIC_ARN: await topicOf("pages"),
    CIPHERWATCH_ROUTINE_TOPIC_ARN: await topicOf("alerts"),
    CIPHERWATCH_TOPIC_KEY_ARN: await keyOf(),
    CIPHERWATCH_TRAIL_LOG_GROUP: TRAIL_LOG_GROUP,
    CIPHERWATCH_VPC_ID: vpcId,
    CIPHERWATCH_PUBLIC_SUBNET_IDS: `${publicA},${publicB}`,
    CIPHERWATCH_PRIVATE_SUBNET_IDS: `${privateA},${privateB}`,
  };
  existing = await workspace.synth("existing", settings);
  const { CIPHERWATCH_GITHUB_REPOSITORY: _, ...withoutPipeline } = settings;
  other = { ...withoutPipeline, CIPHERWATCH_ENV: "other" };
  // One after another: concurrent `terraform init` commands can corrupt a shared plugin cache.
  for (const stack of existing.dependencies.keys()) await terraform(existing, stack).init();
});

afterAll(async () => {
  await emulator?.stop();
  workspace?.remove();
  console.log(`\nTerraform into existing resources\n${timings.table()}`);
});

describe("a whole deployment into an existing trail, VPC, topics and KMS keys, with a role path", () => {
  let applied: ReadonlyMap<string, Promise<unknown>>;
  beforeAll(() => {
    applied = inDependencyOrder(existing.dependencies, CONCURRENCY, async (stack) => {
      const tf = terraform(existing, stack);
      await timings.measure(stack, "plan", () => tf.plan());
      await timings.measure(stack, "apply", tf.apply);
    });
  });

  test("applies every stack, and has no stack for the trail", async () => {
    expect([...existing.dependencies.keys()].sort()).toEqual(
      ["alarm", "bootstrap", "database", "kms", "network", "registry", "service"].sort(),
    );
    for (const stack of applied.values()) await stack;
  });

  test("changes nothing when it is planned again", async () => {
    const stacks = new Map([...existing.dependencies.keys()].map((stack) => [stack, []]));
    const plans = inDependencyOrder(stacks, CONCURRENCY, (stack) =>
      timings.measure(stack, "second plan", () => terraform(existing, stack).plan()),
    );
    for (const [stack, planned] of plans) {
      const plan = await planned;
      expect.soft(describeChanges(plan.changes), stack).toEqual([]);
      expect.soft(plan.hasChanges, plan.output).toBe(false);
    }
  });

  test("notifies the existing topics only, and gives every role the path", async () => {
    const { alarms, filters } = await emulator.monitoring();
    // Not the alarms that Application Auto Scaling creates for its policies.
    const ours = alarms.filter(({ name }) => name.startsWith("cipherwatch-staging-"));
    const actions = new Set(ours.flatMap((alarm) => alarm.actions));
    const { CIPHERWATCH_URGENT_TOPIC_ARN: urgent, CIPHERWATCH_ROUTINE_TOPIC_ARN: routine } =
      settings;
    expect(actions).toEqual(new Set([urgent, routine]));
    expect(new Set(filters.map(({ logGroupName }) => logGroupName))).toEqual(
      new Set([TRAIL_LOG_GROUP]),
    );
    const { DeployRoleArn } = await terraform(existing, "bootstrap").outputs();
    expect(DeployRoleArn).toBe(
      "arn:aws:iam::123456789012:role/platform/bootstrap/cipherwatch-staging-deploy",
    );
  });

  test("shows the statements that the policies of the topics and keys need", async () => {
    const { KeyPolicyStatements } = await terraform(existing, "kms").outputs();
    expect(KeyPolicyStatements).toContain("role/platform/cipherwatch-staging-service");
    const { TopicPolicyStatements, TopicKeyPolicyStatements } = await terraform(
      existing,
      "alarm",
    ).outputs();
    expect(TopicPolicyStatements).toContain(settings.CIPHERWATCH_URGENT_TOPIC_ARN);
    expect(TopicKeyPolicyStatements).toContain("cipherwatch-staging-canary");
  });
});

describe("CIPHERWATCH_CUSTOMER_MANAGED_KEYS of a deployed environment", () => {
  const refusal = async (output: SynthOutput, stack: string) => {
    const tf = terraform(output, stack);
    await tf.init();
    const message = String(await tf.plan().catch(String));
    return message.replaceAll(/[\s│]+/g, " ");
  };

  test("cannot become records, which would delete the keys of states and images", async () => {
    const all = await workspace.synth("other-all", {
      ...other,
      CIPHERWATCH_CUSTOMER_MANAGED_KEYS: "all",
    });
    const type = "aws_s3_bucket_server_side_encryption_configuration";
    const { resource } = JSON.parse(all.configuration("bootstrap"));
    const ofStates = Object.keys(resource[type]).find((name) => name.startsWith("StateBucket_"));
    const targets = { bootstrap: [`-target=${type}.${ofStates}`], registry: [] };
    for (const [stack, args] of Object.entries(targets)) {
      const tf = terraform(all, stack);
      await tf.init();
      await tf.plan(...args);
      await tf.apply();
    }
    const records = await workspace.synth("other-records", other);
    for (const stack of Object.keys(targets)) {
      expect
        .soft(await refusal(records, stack), stack)
        .toMatch(/CUSTOMER_MANAGED_KEYS cannot become records in a deployed environment/);
    }
  });

  test("cannot become all, which would replace the database and the repository", async () => {
    const all = await workspace.synth("existing-all", {
      ...settings,
      CIPHERWATCH_CUSTOMER_MANAGED_KEYS: "all",
    });
    for (const stack of ["database", "registry"]) {
      expect
        .soft(await refusal(all, stack), stack)
        .toMatch(/CUSTOMER_MANAGED_KEYS cannot become all in a deployed environment/);
    }
  });
});

test("rejects a topic that the account does not have", async () => {
  const missing = await workspace.synth("no-topic", {
    ...settings,
    CIPHERWATCH_URGENT_TOPIC_ARN: `arn:aws:sns:${REGION}:444455556666:pages`,
  });
  const alarm = terraform(missing, "alarm");
  await alarm.init();
  const failure = String(await alarm.plan().catch(String));
  expect(failure.replaceAll(/[\s│]+/g, " ")).toMatch(
    /arn:aws:sns:ap-southeast-2:444455556666:pages is not a topic of account 123456789012/,
  );
});

test("rejects subnets of one zone, and a subnet of another VPC", async () => {
  const [first = "", second = ""] = String(settings.CIPHERWATCH_PUBLIC_SUBNET_IDS).split(",");
  const [third = ""] = String(settings.CIPHERWATCH_PRIVATE_SUBNET_IDS).split(",");
  const oneZone = await workspace.synth("one-zone", {
    ...settings,
    CIPHERWATCH_PUBLIC_SUBNET_IDS: `${first},${third}`,
    CIPHERWATCH_PRIVATE_SUBNET_IDS: `${second},subnet-0a1b2c3d4e5f60714`,
  });
  const network = terraform(oneZone, "network");
  await network.init();
  const failure = await network.plan().catch(String);
  expect(failure).toMatch(/All subnets of\s+CIPHERWATCH_PUBLIC_SUBNET_IDS\s+are in\s+one/);
  expect(failure).toMatch(/PrivateSubnet2/);
});

test("finds the log group of an existing trail, and says where it is missing", async () => {
  const found = terraform(existing, "alarm");
  await found.plan(`-target=${NAMES_OF_GROUPS}`);
  const elsewhere = { ...settings, CIPHERWATCH_TRAIL_LOG_GROUP: "of-another-account" };
  const missing = terraform(await workspace.synth("missing", elsewhere), "alarm");
  await missing.init();
  const failure = String(await missing.plan(`-target=${NAMES_OF_GROUPS}`).catch(String));
  expect(failure.replaceAll(/[\s│]+/g, " ")).toMatch(
    /Account 123456789012 has no log group of-another-account in ap-southeast-2/,
  );
});
