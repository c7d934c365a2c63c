import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PATIENCE } from "./load.ts";
import type { ProxyMode } from "./proxy.ts";
import {
  type Acknowledged,
  always,
  encryptUnderLoad,
  expectAllOpen,
  expectDesigned,
  expectOnly,
  expectRecovery,
  LONG,
  SERVICE_ROLE,
  type Testbed,
  useTestbed,
} from "./testbed.ts";

const DEADLINE = 5_000;
const POOL_SIZE = 10;

/** Attempts to connect in a run. They come up to a second apart; a service that tries again at once makes thousands. */
const MAX_ATTEMPTS = LONG ? 1_000 : 300;

const UNAVAILABLE = ["DatabaseUnavailable", "DeadlineExceeded"];
const milliseconds = LONG ? 30_000 : 1_500;

const testbed = useTestbed({
  REQUEST_TIMEOUT: String(DEADLINE),
  DATABASE_STATEMENT_TIMEOUT: "1000",
  DATABASE_CONNECT_TIMEOUT: "1000",
});

/** Asserts that the service has neither ended nor kept a connection that failed, and serves again. */
async function expectUnharmed(
  testbed: Testbed,
  acknowledged: readonly Acknowledged[],
): Promise<void> {
  const { service, databaseProxy } = testbed;
  expect(service.errors()).toBe("");
  expect([service.child.exitCode, service.child.signalCode]).toEqual([null, null]);
  await expectRecovery(testbed);
  await expect
    .poll(() => countSockets(databaseProxy.port), { timeout: PATIENCE })
    .toBeLessThanOrEqual(POOL_SIZE);
  await expectAllOpen(testbed, acknowledged);
}

/**
 * Number of sockets that are connected to a port and that a process has not closed, whatever the other end did.
 * https://docs.kernel.org/networking/proc_net_tcp.html
 */
function countSockets(port: number): number {
  const [, ...rows] = readFileSync("/proc/net/tcp", "latin1").trim().split("\n");
  return rows.filter((row) => {
    const fields = row.trim().split(/ +/);
    const [remote, inode] = [fields[2] ?? "", fields[9]];
    return Number.parseInt(remote.slice(remote.indexOf(":") + 1), 16) === port && inode !== "0";
  }).length;
}

describe.each<ProxyMode>([
  "closes before TLS",
  "has no TLS",
  "never answers the TLS handshake",
  "closes in the TLS handshake",
  "resets in the TLS handshake",
  "answers the TLS handshake with something else",
  "closes its end",
  "changes requests",
  "changes responses",
])("while the network to the database %s", (mode) => {
  test("returns 503, ends and leaks nothing, and recovers", async () => {
    const { databaseProxy } = testbed();
    const { acknowledged } = await encryptUnderLoad(testbed(), { milliseconds: 500 });
    const load = encryptUnderLoad(testbed(), { milliseconds, until: always });
    databaseProxy.mode = mode;
    const opened = databaseProxy.opened();
    const { tally, acknowledged: meanwhile } = await load;
    expect(databaseProxy.opened() - opened).toBeLessThan(MAX_ATTEMPTS);
    databaseProxy.mode = "pass";
    expectOnly(tally, ["200", ...UNAVAILABLE]);
    await expectUnharmed(testbed(), [...acknowledged, ...meanwhile]);
  });
});

/** How the server refuses new connections of the service, and accepts them again. */
const REFUSALS = {
  "presents an expired certificate": [
    ({ postgres, expired }: Testbed) => postgres.setCertificate(expired),
    ({ postgres, certificate }: Testbed) => postgres.setCertificate(certificate),
  ],
  "rejects tokens": [
    ({ postgres }: Testbed) => postgres.setSignIn("password"),
    ({ postgres }: Testbed) => postgres.setSignIn("trust"),
  ],
  "rejects the role": [
    ({ postgres }: Testbed) => postgres.setSignIn("reject"),
    ({ postgres }: Testbed) => postgres.setSignIn("trust"),
  ],
} as const;

describe("with the connections that it has", () => {
  const testbed = useTestbed({ REQUEST_TIMEOUT: "60000", DATABASE_STATEMENT_TIMEOUT: "30000" });

  test.each(Object.entries(REFUSALS))(
    "serves while the database %s, returns 503 without them, and recovers",
    async (_, [refuse, accept]) => {
      const { admin, restart, send, service } = testbed();
      await service.kill("SIGTERM");
      await restart();
      await expectRecovery(testbed());
      refuse(testbed());
      const { tally, acknowledged } = await encryptUnderLoad(testbed(), { milliseconds });
      expectOnly(tally, ["200"]);
      await admin`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${SERVICE_ROLE}`;
      const encrypt = () => send("/encrypt", { Name: "n", Text: "t" });
      // A connection may have been opened before the server had read its configuration.
      await expect.poll(async () => (await encrypt()).status, { timeout: PATIENCE }).toBe(503);
      expectDesigned(await encrypt());
      accept(testbed());
      await expectUnharmed(testbed(), acknowledged);
    },
  );
});
