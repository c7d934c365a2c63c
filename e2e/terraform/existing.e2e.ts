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

/** Plans and applies what reads resources that the account had before. */
const REGION = "ap-southeast-2";
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
