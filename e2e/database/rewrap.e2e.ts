import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { rewrapRoleName, serviceRoleName } from "../../common/naming.ts";
import type { Aws } from "../../lab/aws/aws.ts";
import { clientEnvironment } from "../../lab/process/client-environment.ts";
import { deployedScope } from "../../lab/scope.ts";
import { account, deploymentOf } from "../../lab/testing/deployment.ts";
import { manualClock } from "../../lab/testing/manual-clock.ts";
import { startTestAws } from "../../lab/testing/start-aws.ts";
import { connect } from "../../service/database.ts";
import { grantRewrap } from "../../service/migrate.ts";
import { type ServiceProcess, startService } from "../faults/service-process.ts";
import { migrateAsInRds } from "./migrate-as-in-rds.ts";
import { type RealPostgres, startRealPostgres } from "./postgres.ts";

const SERVICE_USER = "cipherwatch_service";
const REWRAP_USER = "cipherwatch_rewrap";
const RECORDS = 200;
const worker = fileURLToPath(new URL("../../service/rewrap.ts", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "cipherwatch-rewrap-"));
let postgres: RealPostgres;
let admin: Sql;

beforeAll(async () => {
  postgres = await startRealPostgres();
  admin = connect({ kind: "url", url: postgres.url() }, { max: 1 });
  await migrateAsInRds(admin, SERVICE_USER);
  await grantRewrap(admin, REWRAP_USER);
});

afterAll(async () => {
  await admin?.end({ timeout: 1 });
  postgres?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the lab's AWS with its journals of before, and the service, which uses its roles. */
async function start(variables: Readonly<Record<string, string>>) {
  const deployment = deploymentOf(variables);
  const aws = await startTestAws({ deployment, clock: manualClock(Date.now()), folder });
  const scope = deployedScope("dev", deployment);
  const environmentOf = (role: string, user: string) => ({
    ...clientEnvironment({
      endpoint: aws.url,
      region: account.region,
      credentials: aws.assumeRole(role, "task"),
    }),
    KMS_KEY_ARN: scope.keyArn,
    KMS_PREVIOUS_KEY_ARNS: scope.previousKeyArns.join(","),
    DATABASE_URL: postgres.url(user),
  });
  const service = await startService({
    databaseUrl: postgres.url(SERVICE_USER),
    kmsUrl: aws.url,
    environment: environmentOf(serviceRoleName("dev"), SERVICE_USER),
  });
  const rewrap = (...args: readonly string[]) => {
    const env = { PATH: process.env.PATH, ...environmentOf(rewrapRoleName("dev"), REWRAP_USER) };
    const child = spawn(process.execPath, [worker, ...args], { env });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => (output += data));
    return { child, exited: once(child, "exit"), output: () => output };
  };
  const stop = async () => {
    await service.kill("SIGTERM");
    await aws.close();
  };
  return { aws, scope, service, rewrap, stop };
}

async function post(service: ServiceProcess, path: string, body: object) {
  const response = await fetch(`http://127.0.0.1:${service.port}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as { readonly Key?: string; readonly Text?: string };
}

/** Decrypts all records, a few at a time. */
async function textsOf(service: ServiceProcess, keys: readonly string[]): Promise<unknown[]> {
  const texts: unknown[] = [];
  for (const Key of keys) texts.push((await post(service, "/decrypt", { Name: "n", Key })).Text);
  return texts;
}

const countUnder = async (keyArn: string): Promise<number> => {
  const rows = await admin`
    SELECT count(*)::int AS records FROM cipherwatch.records WHERE kms_key_arn = ${keyArn}`;
  return rows[0]?.records;
};

const recordsOf = (aws: Aws, role: string) =>
  aws.services.cloudTrail
    .recent(5_000)
    .map(({ event }) => event)
    .filter(({ userIdentity }) => JSON.stringify(userIdentity).includes(`role/${role}`));

it("moves every record to a new KMS key although the worker is killed, while all Keys open", async () => {
  const before = await start({});
  const keys: string[] = [];
  for (let index = 0; index < RECORDS; index++) {
    const { Key = "" } = await post(before.service, "/encrypt", { Name: "n", Text: `${index}` });
    keys.push(Key);
  }
  const texts = keys.map((_, index) => `${index}`);
  await before.stop();

  const { aws, scope, service, rewrap, stop } = await start({ KEY_GENERATIONS: "1,2" });
  expect(scope.previousKeyArns).toEqual([before.scope.keyArn]);
  const counted = rewrap("--dry-run");
  expect((await counted.exited)[0], counted.output()).toBe(0);
  expect(counted.output()).toContain(`"records":${RECORDS},"kmsKey":"previous"`);
  expect(await countUnder(scope.keyArn)).toBe(0);

  const killed = rewrap("--rate", "50");
  await expect.poll(() => countUnder(scope.keyArn), { timeout: 60_000 }).toBeGreaterThan(20);
  killed.child.kill("SIGKILL");
  await killed.exited;
  const left = await countUnder(before.scope.keyArn);
  expect(left).toBeGreaterThan(0);
  expect(await textsOf(service, keys)).toEqual(texts);

  const resumed = rewrap("--rate", "1000");
  expect(await textsOf(service, keys)).toEqual(texts);
  expect((await resumed.exited)[0], resumed.output()).toBe(0);
  expect(await countUnder(scope.keyArn)).toBe(RECORDS);
  expect(await textsOf(service, keys)).toEqual(texts);

  const calls = recordsOf(aws, rewrapRoleName("dev"));
  expect(new Set(calls.map(({ eventName }) => eventName))).toEqual(new Set(["ReEncrypt"]));
  // A call whose result the killed worker did not store is repeated.
  expect(calls.length).toBeGreaterThanOrEqual(RECORDS);
  expect(calls.length).toBeLessThanOrEqual(RECORDS + 8);
  await stop();
}, 120_000);
