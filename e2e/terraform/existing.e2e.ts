import { afterAll, beforeAll, expect, test } from "vitest";
import { createAwsClient } from "../../lab/attack/aws-client.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { describeChanges, terraform } from "./terraform.ts";
import {
  makeWorkspace,
  type SettingsVariables,
  type SynthOutput,
  type Workspace,
} from "./workspace.ts";

/** Plans and applies what reads resources that the account had before, in this Region or another. */
const REGION = "ap-southeast-2";
const SECOND_REGION = "ap-southeast-1";
const TRAIL_LOG_GROUP = "aws-cloudtrail-logs-123456789012-1a2b3c4d";
const NAMES_OF_GROUPS = "data.aws_cloudwatch_log_groups.ExistingTrail_Names_4720EBC8";

let emulator: Emulator;
let workspace: Workspace;
let settings: SettingsVariables;
let existing: SynthOutput;

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
  const [publicA, publicB, privateA, privateB] = subnets;
  settings = {
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    CIPHERWATCH_TRAIL_LOG_GROUP: TRAIL_LOG_GROUP,
    CIPHERWATCH_VPC_ID: vpcId,
    CIPHERWATCH_PUBLIC_SUBNET_IDS: `${publicA},${publicB}`,
    CIPHERWATCH_PRIVATE_SUBNET_IDS: `${privateA},${privateB}`,
  };
});

afterAll(async () => {
  await emulator?.stop();
  workspace?.remove();
});

test("applies the network in an existing VPC, and then changes nothing", async () => {
  existing = await workspace.synth("existing", settings);
  const network = terraform(existing, "network");
  await network.init();
  await network.plan();
  await network.apply();
  const again = await network.plan();
  expect(describeChanges(again.changes)).toEqual([]);
  expect(again.hasChanges).toBe(false);
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

test("replicates a multi-Region key to a second Region, and keeps a key that is not multi-Region", async () => {
  const plain = (text: string) => text.replaceAll(/[\s│]+/g, " ");
  const ALERTS = { CIPHERWATCH_ALERT_EMAIL: "security@example.com" };
  const applyKms = async (output: SynthOutput) => {
    const kms = terraform(output, "kms");
    await kms.init();
    await kms.plan();
    await kms.apply();
    return kms;
  };
  const applyWithoutRemainder = async (output: SynthOutput) => {
    const kms = await applyKms(output);
    expect(describeChanges((await kms.plan()).changes)).toEqual([]);
    return String((await kms.outputs()).KeyArn);
  };
  await applyKms(await workspace.synth("one-region", ALERTS));
  const primary = { ...ALERTS, CIPHERWATCH_REPLICA_REGION: SECOND_REGION };
  const refused = terraform(await workspace.synth("refused", primary), "kms");
  await refused.init();
  expect(plain(String(await refused.plan().catch(String)))).toMatch(
    /alias\/cipherwatch-dev exists and is a single-Region key\. KMS cannot make it a multi-Region key\. Append a number to CIPHERWATCH_KEY_GENERATIONS/,
  );
  const generations = { ...primary, CIPHERWATCH_KEY_GENERATIONS: "1,2" };
  const keyArn = await applyWithoutRemainder(await workspace.synth("primary", generations));
  expect(keyArn).toMatch(/^arn:aws:kms:ap-southeast-2:\d{12}:key\/mrk-/);

  const replica = {
    ...ALERTS,
    CIPHERWATCH_REGION: SECOND_REGION,
    CIPHERWATCH_KEY_GENERATIONS: "2",
    CIPHERWATCH_PRIMARY_KEY_ARNS: keyArn,
    CIPHERWATCH_SOURCE_DATABASE_ARN: `arn:aws:rds:${REGION}:123456789012:db:cipherwatch-dev-database`,
  };
  const second = await workspace.synth("replica", replica);
  expect(await applyWithoutRemainder(second)).toBe(keyArn.replace(REGION, SECOND_REGION));

  const restored = terraform(second, "database");
  await restored.init();
  await restored.validate();
  const inStandby = await workspace.synth("standby", { ...replica, CIPHERWATCH_STANDBY: "true" });
  const standby = terraform(inStandby, "database");
  await standby.init();
  const copies = "-target=aws_db_instance_automated_backups_replication.BackupCopies";
  await standby.plan(copies);
  await standby.apply();
  expect(describeChanges((await standby.plan(copies)).changes)).toEqual([]);
});

test("finds the log group of an existing trail, and says where it is missing", async () => {
  const found = terraform(existing, "alarm");
  await found.init();
  await found.plan(`-target=${NAMES_OF_GROUPS}`);
  const elsewhere = { ...settings, CIPHERWATCH_TRAIL_LOG_GROUP: "of-another-account" };
  const missing = terraform(await workspace.synth("missing", elsewhere), "alarm");
  await missing.init();
  const failure = String(await missing.plan(`-target=${NAMES_OF_GROUPS}`).catch(String));
  expect(failure.replaceAll(/[\s│]+/g, " ")).toMatch(
    /Account 123456789012 has no log group of-another-account in ap-southeast-2/,
  );
});
