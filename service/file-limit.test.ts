import { expect, test } from "vitest";
import { connectionsForClients, openFileLimit } from "./file-limit.ts";
import { LISTENING_SOCKETS } from "./listening-sockets.ts";

const files = { maxInFlight: 128, poolSize: 10 };

/** For 32 clients. */
const least = 64 + LISTENING_SOCKETS + 128 + 10 + 32;

test("leaves room for listening sockets and the connections to KMS and to the database", () => {
  expect(connectionsForClients(65_535, files)).toBe(65_535 - 64 - LISTENING_SOCKETS - 128 - 10);
  expect(connectionsForClients(Number.POSITIVE_INFINITY, files)).toBe(Number.POSITIVE_INFINITY);
  expect(connectionsForClients(least, files)).toBe(32);
});

test("rejects a limit that cannot work, and names the settings", () => {
  expect(() => connectionsForClients(least - 1, files)).toThrow(
    `may have ${least - 1} open files, but needs ${least} for MAX_IN_FLIGHT of 128 and DATABASE_POOL_SIZE of 10`,
  );
});

test.runIf(process.platform === "linux")("reads the limit of this process", () => {
  expect(openFileLimit()).toBeGreaterThan(100);
});
