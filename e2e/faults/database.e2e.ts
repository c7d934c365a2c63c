import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { PATIENCE } from "./load.ts";
import {
  always,
  encryptUnderLoad,
  expectAllOpen,
  expectOnly,
  expectRecovery,
  LONG,
  SERVICE_ROLE,
  useTestbed,
} from "./testbed.ts";

const DEADLINE = 5_000;
const testbed = useTestbed({
  REQUEST_TIMEOUT: String(DEADLINE),
  DATABASE_STATEMENT_TIMEOUT: "1000",
  DATABASE_CONNECT_TIMEOUT: "1000",
});
const UNAVAILABLE = ["200", "DatabaseUnavailable", "DeadlineExceeded"];
const milliseconds = LONG ? 30_000 : 4_000;

/** A request ends at its deadline; the rest is what a busy machine may add. Without a deadline, it hangs. */
const LATEST = 4 * DEADLINE;

test("loses nothing while the database stops and starts", async () => {
  const { postgres } = testbed();
  const load = encryptUnderLoad(testbed(), { milliseconds });
  await delay(1_000);
  postgres.stop();
  await delay(1_000);
  postgres.start();
  const { tally, acknowledged, slowest } = await load;
  expectOnly(tally, UNAVAILABLE);
  expect(slowest).toBeLessThan(LATEST);
  await expectRecovery(testbed());
  await expectAllOpen(testbed(), acknowledged);
});

test("returns 503 in time while the database is slow, then recovers", async () => {
  const { admin } = testbed();
  const load = encryptUnderLoad(testbed(), { milliseconds });
  await delay(500);
  await admin.begin(async (sql) => {
    await sql`LOCK TABLE cipherwatch.records`;
    await delay(2_000);
  });
  const { tally, acknowledged, slowest } = await load;
  expectOnly(tally, UNAVAILABLE);
  expect(slowest).toBeLessThan(LATEST);
  await expectAllOpen(testbed(), acknowledged);
});

test("returns 503 in time while the database is silent, then recovers without leaking sockets", async () => {
  const { databaseProxy } = testbed();
  await expectRecovery(testbed());
  const { acknowledged } = await encryptUnderLoad(testbed(), { milliseconds: 500 });
  databaseProxy.mode = "silent";
  const { tally, slowest } = await encryptUnderLoad(testbed(), { milliseconds, until: always });
  expectOnly(tally, ["DatabaseUnavailable", "DeadlineExceeded"]);
  expect(slowest).toBeLessThan(LATEST);
  databaseProxy.mode = "pass";
  await expectRecovery(testbed());
  await expect.poll(databaseProxy.connections, { timeout: PATIENCE }).toBeLessThanOrEqual(10);
  await expectAllOpen(testbed(), acknowledged);
});

test("leaves a server that has become a read-only replica, and loses nothing", async () => {
  const { admin } = testbed();
  const load = encryptUnderLoad(testbed(), { milliseconds });
  await delay(500);
  // Open connections become read-only, new ones reach the new primary.
  await admin.unsafe(`ALTER ROLE ${SERVICE_ROLE} SET default_transaction_read_only = off`);
  await admin.unsafe("ALTER SYSTEM SET default_transaction_read_only = on");
  await admin`SELECT pg_reload_conf()`;
  try {
    const { tally, acknowledged } = await load;
    expectOnly(tally, UNAVAILABLE);
    await expectRecovery(testbed());
    await expectAllOpen(testbed(), acknowledged);
  } finally {
    await admin`SET default_transaction_read_only = off`;
    await admin.unsafe("ALTER SYSTEM RESET default_transaction_read_only");
    await admin`SELECT pg_reload_conf()`;
  }
});

describe("with a limit of 3 connections", () => {
  // Requests wait for a connection as long as it may take to connect.
  const testbed = useTestbed({ DATABASE_CONNECT_TIMEOUT: "30000", REQUEST_TIMEOUT: "60000" });

  test("serves everyone with the connections that the database grants", async () => {
    const { admin, service, restart } = testbed();
    await admin.unsafe(`ALTER ROLE ${SERVICE_ROLE} CONNECTION LIMIT 3`);
    await service.kill("SIGTERM");
    await restart();
    const { tally, acknowledged } = await encryptUnderLoad(testbed(), { lanes: 16, milliseconds });
    expectOnly(tally, ["200"]);
    await expectAllOpen(testbed(), acknowledged);
  });
});

test("loses nothing when the database fails over in the middle of transactions", async () => {
  const { admin, postgres } = testbed();
  const load = encryptUnderLoad(testbed(), { milliseconds: 2 * milliseconds });
  for (let n = 0; n < milliseconds / 200; n++) {
    await delay(100);
    await admin`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${SERVICE_ROLE}`;
  }
  postgres.stop();
  postgres.start();
  const { tally, acknowledged } = await load;
  expectOnly(tally, UNAVAILABLE);
  await expectRecovery(testbed());
  await expectAllOpen(testbed(), acknowledged);
});
