import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serviceRoleName } from "../../common/naming.ts";
import { AwsCallError, createAwsClient } from "../../lab/attack/aws-client.ts";
import type { Aws } from "../../lab/aws/aws.ts";
import type { KmsEntry } from "../../lab/aws/kms/keys.ts";
import { clientEnvironment } from "../../lab/process/client-environment.ts";
import { deployedScope } from "../../lab/scope.ts";
import { readJournal } from "../../lab/state/journal.ts";
import { deploymentOf } from "../../lab/testing/deployment.ts";
import { type ManualClock, manualClock } from "../../lab/testing/manual-clock.ts";
import { startTestAws } from "../../lab/testing/start-aws.ts";
import { connect } from "../../service/database.ts";
import { type ServiceProcess, startService } from "../faults/service-process.ts";
import { migrateAsInRds } from "./migrate-as-in-rds.ts";
import { type RealPostgres, startRealPostgres } from "./postgres.ts";

/** Acts out docs/failover.md between the labs of two Regions, with a PostgreSQL server in each. */
const FIRST = "ap-southeast-2";
const SECOND = "ap-southeast-1";
const SERVICE_USER = "cipherwatch_service";
const MINUTE = 60_000;

const folder = mkdtempSync(join(tmpdir(), "cipherwatch-failover-"));
let first: RealPostgres;
let second: RealPostgres;
let isFirstStopped = false;

beforeAll(async () => {
  [first, second] = await Promise.all([startRealPostgres(), startRealPostgres()]);
  const admin = connect({ kind: "url", url: first.url() }, { max: 1 });
  await migrateAsInRds(admin, SERVICE_USER);
  await admin.end({ timeout: 1 });
});

afterAll(() => {
  if (isFirstStopped) first.start();
  first?.remove();
  second?.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface Region {
  readonly aws: Aws;
  readonly clock: ManualClock;
  readonly keyArn: string;
  readonly service: ServiceProcess;
  readonly stop: () => Promise<void>;
}

const started: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const stop of started) await stop();
});

interface RegionProps {
  readonly region: string;
  /** The environment in the names of resources. */
  readonly env: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly postgres: RealPostgres;
}

/** Starts the AWS of a Region with its journals of before, and the service as its stacks configure it. */
async function startRegion({ region, env, variables, postgres }: RegionProps): Promise<Region> {
  const deployment = deploymentOf({ REGION: region, ...variables });
  const clock = manualClock(Date.now());
  const aws = await startTestAws({
    deployment,
    clock,
    folder: join(folder, region),
    ...(region === SECOND && {
      primaryKmsEntries: readJournal<KmsEntry>(join(folder, FIRST, "kms.jsonl")),
    }),
  });
  const scope = deployedScope(env, deployment);
  const { keyArn } = scope;
  const service = await startService({
    databaseUrl: postgres.url(SERVICE_USER),
    kmsUrl: aws.url,
    environment: {
      ...clientEnvironment({
        endpoint: aws.url,
        region,
        credentials: aws.assumeRole(serviceRoleName(env), "task"),
      }),
      KMS_KEY_ARN: keyArn,
      KMS_PREVIOUS_KEY_ARNS: scope.previousKeyArns.join(","),
      DATABASE_URL: postgres.url(SERVICE_USER),
    },
  });
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await service.kill("SIGKILL");
    await aws.close();
  };
  started.push(stop);
  return { aws, clock, keyArn, service, stop };
}

const startFirst = () =>
  startRegion({
    region: FIRST,
    env: "dev",
    variables: { REPLICA_REGION: SECOND },
    postgres: first,
  });

const startSecond = (primaryKeyArn: string) =>
  startRegion({
    region: SECOND,
    env: "replica-dev",
    variables: { PRIMARY_KEY_ARNS: primaryKeyArn },
    postgres: second,
  });

/** Replaces the database of one server by that of another, as a restored backup does. */
function restore(from: RealPostgres, to: RealPostgres): void {
  const program = (name: string, args: readonly string[], input = "") => {
    const { status, stdout, stderr } = spawnSync(name, args, {
      input,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
    return stdout;
  };
  const dump = program("pg_dumpall", ["--clean", "--if-exists", "--dbname", from.url()]);
  program("psql", ["--quiet", "--dbname", to.url()], dump);
}

async function post(service: ServiceProcess, path: string, body: object) {
  const response = await fetch(`http://127.0.0.1:${service.port}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ Name: "n", ...body }),
  });
  const { RequestId: _, ...json } = (await response.json()) as {
    readonly RequestId?: string;
    readonly Key?: string;
    readonly Text?: string;
  };
  return { status: response.status, ...json };
}

async function encrypt(service: ServiceProcess, Text: string): Promise<string> {
  const { Key = "" } = await post(service, "/encrypt", { Text });
  expect(Key).toMatch(/^cwk_/);
  return Key;
}

async function keyArnsOf(postgres: RealPostgres): Promise<readonly string[]> {
  const admin = connect({ kind: "url", url: postgres.url() }, { max: 1 });
  const rows = await admin<{ kms_key_arn: string }[]>`
    SELECT kms_key_arn FROM cipherwatch.records ORDER BY created`;
  await admin.end({ timeout: 1 });
  return rows.map(({ kms_key_arn }) => kms_key_arn);
}

const kmsRecordsOf = ({ aws }: Region, eventName: string) =>
  aws.services.cloudTrail
    .recent(1_000)
    .map(({ event }) => event)
    .filter((event) => event.eventName === eventName);

/** The names of alarms in ALARM, once CloudTrail has delivered. */
async function alarmsOf({ aws, clock }: Region): Promise<readonly string[]> {
  for (let minute = 0; minute < 8; minute++) clock.advance(MINUTE);
  const { alarms } = aws.services.cloudWatch.state();
  return alarms.flatMap(({ alarm, state }) => (state.value === "ALARM" ? [alarm.name] : []));
}

const clientOf = ({ aws }: Region, region: string, accessKeyId: string) =>
  createAwsClient({ endpoint: aws.url, region, credentials: { accessKeyId }, onCall: () => {} });

it("fails over to the second Region and back: every Key opens its record in both", async () => {
  const before = await startFirst();
  const texts = new Map<string, string>();
  for (let index = 0; index < 20; index++) {
    texts.set(await encrypt(before.service, `first ${index}`), `first ${index}`);
  }
  const forgotten = await encrypt(before.service, "forgotten");
  expect((await post(before.service, "/forget", { Key: forgotten })).status).toBe(200);
  expect(before.keyArn).toMatch(`arn:aws:kms:${FIRST}:111122223333:key/mrk-`);

  // The first Region fails.
  await before.stop();
  restore(first, second);
  first.stop();
  isFirstStopped = true;

  const during = await startSecond(before.keyArn);
  expect(during.keyArn).toBe(before.keyArn.replace(FIRST, SECOND));
  for (const [Key, text] of texts) {
    expect((await post(during.service, "/decrypt", { Key })).Text).toBe(text);
  }
  const wrong = await post(during.service, "/decrypt", { Key: `cwk_${"A".repeat(64)}` });
  expect(await post(during.service, "/decrypt", { Key: forgotten })).toEqual(wrong);
  for (let index = 0; index < 5; index++) {
    texts.set(await encrypt(during.service, `second ${index}`), `second ${index}`);
  }
  expect(new Set(await keyArnsOf(second))).toEqual(new Set([before.keyArn, during.keyArn]));
  for (const eventName of ["Decrypt", "GenerateDataKey"]) {
    for (const event of kmsRecordsOf(during, eventName)) {
      expect(event).toMatchObject({ awsRegion: SECOND });
      expect(JSON.stringify(event.userIdentity)).toContain("role/cipherwatch-replica-dev-service");
      if (event.errorCode === undefined) {
        expect(event.resources?.map(({ ARN }) => ARN)).toEqual([during.keyArn]);
      }
    }
  }
  await during.stop();

  // Fail back.
  first.start();
  isFirstStopped = false;
  restore(second, first);
  const after = await startFirst();
  expect(after.keyArn).toBe(before.keyArn);
  for (const [Key, text] of texts) {
    expect((await post(after.service, "/decrypt", { Key })).Text).toBe(text);
  }
  await encrypt(after.service, "first again");
  expect((await keyArnsOf(first)).at(-1)).toBe(before.keyArn);
  await after.stop();
}, 180_000);

it("detects that the key is replicated, and that the replica is used by others than its service", async () => {
  const primary = await startFirst();
  const eve = clientOf(primary, FIRST, "eve");
  const KeyId = primary.keyArn;
  await expect(
    eve.json("kms", "ReplicateKey", { KeyId, ReplicaRegion: "eu-west-1" }),
  ).rejects.toThrow(AwsCallError);
  await eve.json("kms", "ReplicateKey", { KeyId, ReplicaRegion: SECOND });
  expect(await alarmsOf(primary)).toContain("cipherwatch-dev-kms-key-change");
  await primary.stop();

  const replica = await startSecond(primary.keyArn);
  await encrypt(replica.service, "used by the service");
  expect(await alarmsOf(replica)).not.toContain("cipherwatch-replica-dev-kms-outsider");
  const outsider = clientOf(replica, SECOND, "eve");
  const use = { KeyId: replica.keyArn, KeySpec: "AES_256" };
  await expect(outsider.json("kms", "GenerateDataKey", use)).rejects.toThrow(/AccessDenied/);
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: {
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::111122223333:root" },
      Action: "kms:*",
      Resource: "*",
    },
  });
  await outsider.json("kms", "PutKeyPolicy", { KeyId: replica.keyArn, Policy });
  await outsider.json("kms", "GenerateDataKey", use);
  expect(await alarmsOf(replica)).toEqual(
    expect.arrayContaining([
      "cipherwatch-replica-dev-kms-key-change",
      "cipherwatch-replica-dev-kms-outsider",
    ]),
  );
  await replica.stop();
}, 120_000);
