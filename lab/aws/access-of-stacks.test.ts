import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { rewrapRoleName } from "../../common/naming.ts";
import { type AwsClient, createAwsClient } from "../attack/aws-client.ts";
import { withServiceRole } from "../attack/role-scenarios.ts";
import { deployedScope } from "../scope.ts";
import { deploymentFor, NOW, startAccess } from "../testing/access.ts";
import { account } from "../testing/deployment.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { startTestAws } from "../testing/start-aws.ts";

const DEV = {};
const PIPELINE = { GITHUB_REPOSITORY: "example/cipherwatch" };
const PRODUCTION = {
  ...PIPELINE,
  ENV: "prod",
  ACCOUNT_ID: account.accountId,
  STATE_BUCKET: "states",
  ROLE_PATH: "/platform/",
  DOMAIN_NAME: "api.example.com",
  HOSTED_ZONE_ID: "Z1234567890ABCDEFGHIJ",
};

const inContext = (EncryptionContext: object) => ({ EncryptionContext, KeySpec: "AES_256" });
const RECORD = { app: "cipherwatch", record: "r" };

test.each([
  ["dev", DEV],
  ["dev with the pipeline's permissions boundary", PIPELINE],
  ["prod", PRODUCTION],
])("lets the service use its key for records only, in %s", async (_, variables) => {
  const { scope, clientOf } = await startAccess(variables);
  const service = clientOf(scope.serviceRoleName);
  const KeyId = scope.keyArn;
  const { CiphertextBlob } = await service.json("kms", "GenerateDataKey", {
    KeyId,
    ...inContext(RECORD),
  });
  const decrypt = { CiphertextBlob, KeyId, EncryptionContext: RECORD };
  expect(await service.json("kms", "Decrypt", decrypt)).toMatchObject({ KeyId });
  expect(await service.json("kms", "DescribeKey", { KeyId })).toHaveProperty("KeyMetadata");
  for (const call of [
    service.json("kms", "GenerateDataKey", { KeyId, ...inContext({ app: "other" }) }),
    service.json("kms", "Encrypt", { KeyId, Plaintext: "eA==", EncryptionContext: RECORD }),
    service.json("kms", "GenerateDataKey", { KeyId: scope.trailKeyArn, ...inContext(RECORD) }),
    service.json("kms", "DisableKey", { KeyId }),
    service.json("secretsmanager", "BatchGetSecretValue"),
    service.query("iam", "GetRole", { RoleName: scope.serviceRoleName }),
    service.json("cloudtrail", "StopLogging", { Name: "cipherwatch" }),
    service.json("logs", "FilterLogEvents", { logGroupName: scope.trailLogGroupName }),
  ]) {
    await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/^AccessDenied/) });
  }
});

const EXISTING_KEY = `arn:aws:kms:${account.region}:${account.accountId}:key/1a2b3c4d`;

test.each([
  ["a new key", { KEY_GENERATIONS: "1,2" }],
  [
    "an existing key, with the pipeline's permissions boundary",
    { ...PIPELINE, KEY_GENERATIONS: "1,2", EXISTING_KEYS: `2=${EXISTING_KEY}` },
  ],
])(
  "lets the rewrap worker move records of format 2 to %s, without reading them",
  async (_, variables) => {
    const { lab, scope, deployment, clientOf, lastRecord } = await startAccess(variables);
    expect(scope.keyArn === EXISTING_KEY).toBe("EXISTING_KEYS" in variables);
    const [KeyId = ""] = scope.previousKeyArns;
    const service = clientOf(scope.serviceRoleName);
    const worker = clientOf(rewrapRoleName("dev"));
    const context = { app: "cipherwatch", format: "2", record: "r", key: "k" };
    const older = { app: "cipherwatch", record: "r", key: "k" };

    // Let an administrator encrypt records under the previous key, as the service did while that key was current.
    const { Policy } = await lab.attacker.json("kms", "GetKeyPolicy", { KeyId });
    const changed = String(Policy).replace('"kms:CreateAlias"', '"kms:Encrypt"');
    await lab.attacker.json("kms", "PutKeyPolicy", { KeyId, Policy: changed });
    const encrypted = async (EncryptionContext: object) => {
      const request = { KeyId, Plaintext: "eA==", EncryptionContext };
      return (await lab.attacker.json("kms", "Encrypt", request)).CiphertextBlob;
    };
    const move = (CiphertextBlob: unknown, context: object, keys: { from: string; to: string }) =>
      worker.json("kms", "ReEncrypt", {
        CiphertextBlob,
        SourceKeyId: keys.from,
        SourceEncryptionContext: context,
        DestinationKeyId: keys.to,
        DestinationEncryptionContext: context,
      });
    const keys = { from: KeyId, to: scope.keyArn };

    const moved = await move(await encrypted(context), context, keys);
    expect(moved).toMatchObject({ SourceKeyId: KeyId, KeyId: scope.keyArn });
    expect(moved).not.toHaveProperty("Plaintext");
    const record = lastRecord() ?? {};
    // https://docs.aws.amazon.com/kms/latest/developerguide/ct-reencrypt.html
    expect(record).toMatchObject({
      eventName: "ReEncrypt",
      readOnly: true,
      requestParameters: {
        sourceEncryptionContext: context,
        destinationEncryptionContext: context,
      },
      resources: [{ ARN: KeyId }, { ARN: scope.keyArn }],
    });
    const { CiphertextBlob } = moved;
    const ofVersion1 = await encrypted(older);
    expect(
      await service.json("kms", "Decrypt", { CiphertextBlob, EncryptionContext: context }),
    ).toMatchObject({ KeyId: scope.keyArn, Plaintext: "eA==" });

    for (const denied of [
      move(CiphertextBlob, context, { from: scope.keyArn, to: KeyId }),
      move(CiphertextBlob, context, { from: scope.keyArn, to: scope.keyArn }),
      move(ofVersion1, older, keys),
      worker.json("kms", "Decrypt", { CiphertextBlob, EncryptionContext: context }),
      worker.json("kms", "GenerateDataKey", { KeyId: scope.keyArn, ...inContext(context) }),
      service.json("kms", "GenerateDataKey", { KeyId, ...inContext(context) }),
    ]) {
      await expect(denied).rejects.toMatchObject({ code: "AccessDeniedException" });
    }

    const outsider = deployment.metricFilters.filter(({ name }) => name.endsWith("kms-outsider"));
    expect(outsider).toHaveLength(1);
    const counts = (event: object) =>
      matches(parsePattern(outsider[0]?.pattern ?? ""), JSON.stringify(event));
    expect(counts(record)).toBe(false);
    expect(counts({ ...record, eventName: "Decrypt" })).toBe(true);
    const other = JSON.stringify(record).replaceAll("dev-rewrap", "dev-other");
    expect(counts(JSON.parse(other))).toBe(true);
  },
);

// docs/decisions/0002-administrators-do-not-decrypt.md
test("denies an administrator the use of the key until she changes its policy, and records both calls", async () => {
  const { lab, scope, lastRecord } = await startAccess(DEV);
  const { attacker } = lab;
  const KeyId = scope.keyArn;
  const encrypt = () => attacker.json("kms", "Encrypt", { KeyId, Plaintext: "eA==" });
  const reason = `User: ${lab.attackerArn} is not authorized to perform: kms:Encrypt on resource: ${KeyId} because no resource-based policy allows the kms:Encrypt action`;
  await expect(encrypt()).rejects.toThrow(reason);
  expect(lastRecord()).toMatchObject({
    eventName: "Encrypt",
    errorCode: "AccessDenied",
    errorMessage: reason,
    requestParameters: null,
    responseElements: null,
  });
  expect(lastRecord()).not.toHaveProperty("resources");

  const { Policy } = await attacker.json("kms", "GetKeyPolicy", { KeyId });
  const changed = JSON.parse(String(Policy));
  changed.Statement.push({
    Effect: "Allow",
    Principal: { AWS: lab.attackerArn },
    Action: ["kms:Encrypt", "kms:Decrypt"],
    Resource: "*",
  });
  await attacker.json("kms", "PutKeyPolicy", { KeyId, Policy: JSON.stringify(changed) });
  // https://docs.aws.amazon.com/kms/latest/developerguide/ct-putkeypolicy.html
  expect(lastRecord()).toMatchObject({
    eventName: "PutKeyPolicy",
    readOnly: false,
    requestParameters: { keyId: KeyId, policy: JSON.stringify(changed) },
    resources: [{ ARN: KeyId }],
  });
  expect(await encrypt()).toHaveProperty("CiphertextBlob");
  expect(lastRecord()).toMatchObject({ eventName: "Encrypt", resources: [{ ARN: KeyId }] });
});

test("rejects a key policy that denies the caller further changes, or that the lab cannot evaluate", async () => {
  const { lab, scope } = await startAccess(DEV);
  const put = (statement: object) =>
    lab.attacker.json("kms", "PutKeyPolicy", {
      KeyId: scope.keyArn,
      Policy: JSON.stringify({ Statement: [{ Effect: "Allow", Resource: "*", ...statement }] }),
    });
  const Principal = { AWS: lab.attackerArn };
  await expect(put({ Principal, Action: "kms:Decrypt" })).rejects.toThrow(
    /MalformedPolicyDocumentException.+will not allow you to update the key policy in the future/,
  );
  const Condition = { StringEqualsIgnoringCase: { "kms:ViaService": "rds" } };
  await expect(put({ Principal, Action: "kms:*", Condition })).rejects.toThrow(
    /MalformedPolicyDocumentException.+does not evaluate the condition operator/,
  );
});

test("lets a grantee decrypt with the granted context, until the grant is revoked", async () => {
  const { lab, scope, clientOf, lastRecord } = await startAccess(DEV);
  const { attacker } = lab;
  const KeyId = scope.keyArn;
  const { CiphertextBlob } = await clientOf(scope.serviceRoleName).json("kms", "GenerateDataKey", {
    KeyId,
    ...inContext(RECORD),
  });
  const decrypt = () =>
    attacker.json("kms", "Decrypt", { CiphertextBlob, EncryptionContext: RECORD });
  const grant = (record: string) => ({
    KeyId,
    GranteePrincipal: lab.attackerArn,
    Operations: ["Decrypt"],
    Constraints: { EncryptionContextSubset: { record } },
  });
  // Administrators may not create grants.
  await expect(attacker.json("kms", "CreateGrant", grant("r"))).rejects.toMatchObject({
    code: "AccessDeniedException",
  });
  const { Policy } = await attacker.json("kms", "GetKeyPolicy", { KeyId });
  const changed = String(Policy).replace('"kms:CreateAlias"', '"kms:CreateGrant"');
  await attacker.json("kms", "PutKeyPolicy", { KeyId, Policy: changed });

  await attacker.json("kms", "CreateGrant", grant("other"));
  await expect(decrypt()).rejects.toThrow(
    /kms:Decrypt on the resource associated with this ciphertext because no resource-based policy/,
  );
  const { GrantId } = await attacker.json("kms", "CreateGrant", grant("r"));
  expect(lastRecord()).toMatchObject({
    eventName: "CreateGrant",
    requestParameters: {
      keyId: KeyId,
      granteePrincipal: lab.attackerArn,
      operations: ["Decrypt"],
      constraints: { encryptionContextSubset: { record: "r" } },
    },
    responseElements: { grantId: GrantId, keyId: KeyId },
  });
  expect(JSON.stringify(lastRecord())).not.toContain("grantToken");
  expect(await decrypt()).toHaveProperty("Plaintext");
  const { Grants } = await attacker.json("kms", "ListGrants", { KeyId });
  expect(Grants).toHaveLength(2);
  await attacker.json("kms", "RevokeGrant", { KeyId, GrantId });
  await expect(decrypt()).rejects.toMatchObject({ code: "AccessDeniedException" });
});

test.each([
  ["dev: anywhere", DEV, "allowed"],
  ["prod: within the VPC only", PRODUCTION, "denied"],
])("stolen credentials of the service decrypt in %s", async (_, variables, expected) => {
  const { lab, scope, clientOf, lastRecord } = await startAccess(variables);
  const KeyId = scope.keyArn;
  const service = clientOf(scope.serviceRoleName);
  const { CiphertextBlob } = await service.json("kms", "GenerateDataKey", {
    KeyId,
    ...inContext(RECORD),
  });
  const isInVpc = lastRecord()?.vpcEndpointId !== undefined;
  expect(isInVpc).toBe(expected === "denied");
  await withServiceRole(lab, async (session) => {
    const decrypt = session.json("kms", "Decrypt", { CiphertextBlob, EncryptionContext: RECORD });
    const outcome = await decrypt.then(
      () => "allowed",
      () => "denied",
    );
    expect(outcome).toBe(expected);
    expect(lastRecord()?.vpcEndpointId).toBeUndefined();
  });
});

test("lets only the execution role and administrators read the master secret", async () => {
  const { lab, scope, clientOf, deployment, lastRecord } = await startAccess(PRODUCTION);
  const [database] = deployment.access.databases;
  const SecretId = database?.secretArn;
  const execution = clientOf(scope.executionRoleName);
  expect(await execution.json("secretsmanager", "GetSecretValue", { SecretId })).toMatchObject({
    ARN: SecretId,
  });
  expect(lastRecord()).toMatchObject({
    eventSource: "secretsmanager.amazonaws.com",
    eventName: "GetSecretValue",
    readOnly: true,
    requestParameters: { secretId: SecretId },
    responseElements: null,
    vpcEndpointId: expect.stringMatching(/^vpce-/),
  });
  const read = clientOf(scope.serviceRoleName).json("secretsmanager", "GetSecretValue", {
    SecretId,
  });
  await expect(read).rejects.toThrow(/because no VPC endpoint policy allows/);

  // Disable the secret's KMS key: then even an administrator cannot read the secret.
  await lab.attacker.json("kms", "DisableKey", { KeyId: database?.secretKeyArn });
  await expect(lab.attacker.json("secretsmanager", "GetSecretValue", { SecretId })).rejects.toThrow(
    /AccessDeniedException.+Access to KMS is not allowed/,
  );
});

test("lets the execution role, within its boundary, read a master secret with an AWS managed key", async () => {
  const { scope, clientOf, deployment } = await startAccess({
    ...PIPELINE,
    CUSTOMER_MANAGED_KEYS: "records",
  });
  expect(deployment.keys.map(({ arn }) => arn)).toEqual([scope.keyArn]);
  const SecretId = deployment.access.databases[0]?.secretArn;
  const read = (role: string) =>
    clientOf(role).json("secretsmanager", "GetSecretValue", { SecretId });
  expect(await read(scope.executionRoleName)).toMatchObject({ ARN: SecretId });
  await expect(read(scope.serviceRoleName)).rejects.toThrow(/AccessDenied/);
});

test("keeps changed policies across a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-access-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const deployment = deploymentFor(DEV);
  const scope = deployedScope("dev", deployment);
  const run = async (task: (attacker: AwsClient) => Promise<unknown>) => {
    const aws = await startTestAws({ deployment, clock: manualClock(NOW), folder });
    const credentials = { accessKeyId: "mallory" };
    await task(
      createAwsClient({
        endpoint: aws.url,
        region: account.region,
        credentials,
        onCall: () => {},
      }),
    ).finally(aws.close);
  };
  const allow = (statement: object) =>
    JSON.stringify({ Statement: { Effect: "Allow", Principal: { AWS: "*" }, ...statement } });
  await run(async (attacker) => {
    const Policy = allow({ Action: "kms:*", Resource: "*" });
    await attacker.json("kms", "PutKeyPolicy", { KeyId: scope.keyArn, Policy });
    const PolicyDocument = allow({ Action: "sts:AssumeRole" });
    const RoleName = scope.serviceRoleName;
    await attacker.query("iam", "UpdateAssumeRolePolicy", { RoleName, PolicyDocument });
  });
  await run(async (attacker) => {
    await attacker.json("kms", "Encrypt", { KeyId: scope.keyArn, Plaintext: "eA==" });
    const RoleArn = scope.serviceRoleArn;
    await attacker.query("sts", "AssumeRole", { RoleArn, RoleSessionName: "mallory" });
  });
});
