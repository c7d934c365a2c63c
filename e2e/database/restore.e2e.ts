import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { erasureLogGroupName, serviceRoleName } from "../../common/naming.ts";
import type { Aws } from "../../lab/aws/aws.ts";
import { clientEnvironment } from "../../lab/process/client-environment.ts";
import { deployedScope } from "../../lab/scope.ts";
import { adjustableClock } from "../../lab/state/clock.ts";
import { account, deploymentOf } from "../../lab/testing/deployment.ts";
import { startTestAws } from "../../lab/testing/start-aws.ts";
import { connect } from "../../service/database.ts";
import { type ServiceProcess, startService } from "../faults/service-process.ts";
import { migrateAsInRds } from "./migrate-as-in-rds.ts";
import { type RealPostgres, startRealPostgres } from "./postgres.ts";

const SERVICE_USER = "cipherwatch_service";
const HOUR = 3_600_000;
const PATIENCE = { timeout: 60_000, interval: 100 };

/** More than a batch, so that a pass over the ledger can be interrupted between two. */
const FORGOTTEN = 130;
const KEPT = 20;
const EXPIRING = 20;

const folder = mkdtempSync(join(tmpdir(), "cipherwatch-restore-"));
const backup = join(folder, "backup");
const clock = adjustableClock(1, Date.now());
const deployment = deploymentOf({ ERASURE_LEDGER: "true" });
const processes: ServiceProcess[] = [];

let postgres: RealPostgres;
let admin: Sql;
let aws: Aws;
let kept: readonly string[];
let forgotten: readonly string[];
let expired: readonly string[];

beforeAll(async () => {
  postgres = await startRealPostgres();
  admin = connect({ kind: "url", url: postgres.url() }, { max: 2 });
  await migrateAsInRds(admin, SERVICE_USER);
  aws = await startTestAws({ deployment, clock, folder });
});

afterAll(async () => {
  for (const service of processes) await service.kill("SIGKILL");
  await aws?.close();
  await admin?.end({ timeout: 1 });
  postgres?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a task of the service with the permissions of its role. */
async function startTask(environment: Readonly<Record<string, string>> = {}) {
  const service = await startService({
    databaseUrl: postgres.url(SERVICE_USER),
    kmsUrl: aws.url,
    environment: {
      ...clientEnvironment({
        endpoint: aws.url,
        region: account.region,
        credentials: aws.assumeRole(serviceRoleName("dev"), "task"),
      }),
      KMS_KEY_ARN: deployedScope("dev", deployment).keyArn,
      ERASURE_LOG_GROUP: erasureLogGroupName("dev"),
      ...environment,
    },
  });
  processes.push(service);
  sendTime(service);
  return service;
}

function sendTime({ child }: ServiceProcess): void {
  child.send(`clock ${clock.now()} 1`);
}

async function post({ port }: ServiceProcess, path: string, members: object) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ Name: "n", ...members }),
  });
  const json = (await response.json()) as {
    readonly Key?: string;
    readonly Text?: string;
    readonly Code?: string;
  };
  return { status: response.status, ...json };
}

async function encrypt(service: ServiceProcess, count: number, members = {}): Promise<string[]> {
  const keys: string[] = [];
  for (let index = 0; index < count; index++) {
    const { Key = "" } = await post(service, "/encrypt", { Text: "text", ...members });
    keys.push(Key);
  }
  return keys;
}

/** Decrypts with each Key. @returns the distinct responses: a Text or a code of an error */
async function decryptAll(service: ServiceProcess, keys: readonly string[]) {
  const responses = new Set<string | undefined>();
  for (const Key of keys) {
    const { Text, Code } = await post(service, "/decrypt", { Key });
    responses.add(Text ?? Code);
  }
  return [...responses].sort();
}

/** Waits until the service decrypts, which it refuses until it has applied the ledger. */
async function waitUntilApplied(service: ServiceProcess): Promise<void> {
  const decrypts = async () => (await decryptAll(service, kept.slice(0, 1)))[0] === "text";
  await vi.waitUntil(decrypts, PATIENCE);
}

/** Replaces all tables by those of the backup, in one transaction, while the service runs. */
function restore(): void {
  const options = ["--clean", "--if-exists", "--single-transaction", "--dbname", postgres.url()];
  execFileSync("pg_restore", [...options, backup]);
}

const countRecords = async (keys: readonly string[]): Promise<number> => {
  const [row] = await admin`
    SELECT count(*)::integer AS records FROM cipherwatch.records WHERE id IN ${admin(keys.map(idOf))}`;
  return row?.records;
};

async function expectForgottenStayForgotten(service: ServiceProcess): Promise<void> {
  expect(await decryptAll(service, kept)).toEqual(["text"]);
  expect(await decryptAll(service, forgotten)).toEqual(["DecryptionFailed"]);
  expect(await decryptAll(service, expired)).toEqual(["DecryptionFailed"]);
}

describe("a backup that is restored after records were forgotten and others expired", () => {
  let task: ServiceProcess;
  let later: readonly string[];

  beforeAll(async () => {
    task = await startTask();
    kept = await encrypt(task, KEPT);
    forgotten = await encrypt(task, FORGOTTEN);
    const ExpiresAt = new Date(clock.now() + HOUR).toISOString();
    expired = await encrypt(task, EXPIRING, { ExpiresAt });
    await waitUntilApplied(task);
    execFileSync("pg_dump", ["--format=custom", "--file", backup, postgres.url()]);
    for (const Key of forgotten) {
      expect(await post(task, "/forget", { Key })).toMatchObject({ status: 200 });
    }
    later = await encrypt(task, 1);
    expect(await decryptAll(task, later)).toEqual(["text"]);
    clock.advance(2 * HOUR);
    sendTime(task);
    await expectForgottenStayForgotten(task);
  }, 120_000);

  it("brings none of them back for a task that runs meanwhile, which refuses decrypts until the ledger is applied", async () => {
    restore();
    const seen = new Set<string>();
    for (let isApplied = false; !isApplied; ) {
      for (const response of await decryptAll(task, forgotten.slice(0, 10)))
        seen.add(`${response}`);
      isApplied = (await decryptAll(task, kept.slice(0, 1)))[0] === "text";
    }
    expect(
      [...seen].filter((code) => code !== "ErasuresPending" && code !== "DecryptionFailed"),
    ).toEqual([]);
    await expectForgottenStayForgotten(task);
    // The database is the backup: it lacks what was encrypted later.
    expect(await decryptAll(task, later)).toEqual(["DecryptionFailed"]);
    await task.kill("SIGTERM");
  }, 120_000);

  it("brings none of them back for a task that starts afterwards and is killed while it applies the ledger", async () => {
    restore();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const [last] = forgotten.slice(-1);
    const id = idOf(last ?? "");
    let locked = () => {};
    const isLocked = new Promise<void>((resolve) => {
      locked = resolve;
    });
    const lock = admin.begin(async (sql) => {
      await sql`SELECT FROM cipherwatch.records WHERE id = ${id} FOR UPDATE`;
      locked();
      await released;
    });
    await isLocked;
    const killed = await startTask({ DATABASE_STATEMENT_TIMEOUT: "60000" });
    await expect.poll(() => countRecords(forgotten), PATIENCE).toBe(FORGOTTEN - 100);
    expect(await decryptAll(killed, [...kept, ...forgotten.slice(-1)])).toEqual([
      "ErasuresPending",
    ]);
    await killed.kill("SIGKILL");
    release();
    await lock;

    const resumed = await startTask();
    await waitUntilApplied(resumed);
    await expectForgottenStayForgotten(resumed);
    expect(await countRecords(forgotten)).toBe(0);
    await resumed.kill("SIGTERM");
  }, 120_000);

  it("opens nothing while the ledger is unavailable, and /forget deletes nothing", async () => {
    const before = await startTask();
    await waitUntilApplied(before);
    await before.kill("SIGTERM");
    restore();
    const cut = await startTask({ AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: "http://127.0.0.1:9" });
    expect(await decryptAll(cut, [...kept, ...forgotten])).toEqual(["ErasuresPending"]);
    const [Key] = kept;
    expect(await post(cut, "/forget", { Key })).toMatchObject({ status: 503 });
    expect(await encrypt(cut, 1)).toEqual([expect.stringMatching(/^cwk_/)]);
    expect(await countRecords(kept)).toBe(KEPT);
  }, 120_000);
});

/** The record's id, which is the beginning of its Key. */
function idOf(key: string): string {
  const digits = Buffer.from(key.slice("cwk_".length), "base64url").toString("hex", 0, 16);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
