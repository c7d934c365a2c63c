import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AwsClient, createAwsClient } from "../../attack/aws-client.ts";
import { account, deploymentOf } from "../../testing/deployment.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { startTestAws } from "../../testing/start-aws.ts";
import type { Aws } from "../aws.ts";

const INSTANCE = "cipherwatch-dev-database";
const deployment = deploymentOf();

let folder: string;
let aws: Aws;
let client: AwsClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-recorded-"));
  aws = await startTestAws({ deployment, clock: manualClock(Date.UTC(2026, 2, 2, 9)), folder });
  client = createAwsClient({
    endpoint: aws.url,
    region: account.region,
    credentials: { accessKeyId: "mallory" },
    onCall: () => {},
  });
});
afterAll(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const lastRecord = () => aws.services.cloudTrail.recent(1)[0]?.event;

// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html
test("masks a password as CloudTrail does, and records booleans, numbers and lists with their types", async () => {
  await client.query("rds", "ModifyDBInstance", {
    DBInstanceIdentifier: INSTANCE,
    MasterUserPassword: "correct-horse",
    DeletionProtection: "false",
    BackupRetentionPeriod: "0",
    "VpcSecurityGroupIds.VpcSecurityGroupId.1": "sg-1",
  });
  expect(lastRecord()).toMatchObject({
    eventSource: "rds.amazonaws.com",
    requestParameters: {
      dBInstanceIdentifier: INSTANCE,
      masterUserPassword: "****",
      deletionProtection: false,
      backupRetentionPeriod: 0,
      vpcSecurityGroupIds: ["sg-1"],
    },
    responseElements: { dBInstanceIdentifier: INSTANCE },
  });
});

test("never writes a password or a secret to disk", async () => {
  const SecretId = deployment.access.databases[0]?.secretArn;
  await client.query("rds", "ModifyDBInstance", {
    DBInstanceIdentifier: INSTANCE,
    MasterUserPassword: "correct-horse",
  });
  await client.json("secretsmanager", "PutSecretValue", { SecretId, SecretString: "battery" });
  const { SecretString } = await client.json("secretsmanager", "GetSecretValue", { SecretId });
  const written = readFileSync(join(folder, "trail.jsonl"), "utf8");
  expect(written).toContain("PutSecretValue");
  for (const secret of ["correct-horse", "battery", JSON.parse(String(SecretString)).password]) {
    expect(written).not.toContain(secret);
  }
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
test("records calls of IAM in us-east-1, as AWS does for global services", async () => {
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  const RoleName = "cipherwatch-dev-execution";
  await client.query("iam", "AttachRolePolicy", { RoleName, PolicyArn });
  expect(lastRecord()).toMatchObject({
    awsRegion: "us-east-1",
    readOnly: false,
    requestParameters: { roleName: RoleName, policyArn: PolicyArn },
    responseElements: null,
  });
});

test.each<[string, () => Promise<unknown>, string]>([
  [
    "a missing parameter",
    () => client.query("rds", "CreateDBSnapshot", { DBInstanceIdentifier: INSTANCE }),
    "MissingParameter",
  ],
  [
    "a database that does not exist",
    () => client.query("rds", "DeleteDBInstance", { DBInstanceIdentifier: "orders" }),
    "DBInstanceNotFound",
  ],
  [
    "a role that does not exist",
    () => client.query("iam", "DeleteRole", { RoleName: "orders" }),
    "NoSuchEntity",
  ],
  [
    "a trust policy that the lab cannot evaluate",
    () =>
      client.query("iam", "UpdateAssumeRolePolicy", {
        RoleName: "cipherwatch-dev-service",
        PolicyDocument: '{"Statement":{"Effect":"Allow","Action":"*","NotPrincipal":{"AWS":"*"}}}',
      }),
    "MalformedPolicyDocument",
  ],
  [
    "a secret that does not exist",
    () => client.json("secretsmanager", "GetSecretValue", { SecretId: "orders" }),
    "ResourceNotFoundException",
  ],
])("rejects %s as AWS does", async (_, call, code) => {
  await expect(call()).rejects.toMatchObject({ code });
});

test("denies a role the actions that its policies do not allow", async () => {
  const { accessKeyId } = aws.assumeRole("cipherwatch-dev-execution", "task");
  const execution = createAwsClient({
    endpoint: aws.url,
    region: account.region,
    credentials: { accessKeyId },
    onCall: () => {},
  });
  const call = execution.json("ecs", "RegisterTaskDefinition", {
    family: "x",
    containerDefinitions: [],
  });
  await expect(call).rejects.toThrow(
    /not authorized to perform: ecs:RegisterTaskDefinition because no identity-based policy allows/,
  );
});
