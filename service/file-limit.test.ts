import { expect, test } from "vitest";
import { connectionsForClients, openFileLimit } from "./file-limit.ts";

const files = { maxInFlight: 128, poolSize: 10 };

test("leaves room for the connections to KMS and to the database", () => {
  expect(connectionsForClients(65_535, files)).toBe(65_535 - 64 - 128 - 10);
  expect(connectionsForClients(Number.POSITIVE_INFINITY, files)).toBe(Number.POSITIVE_INFINITY);
  expect(connectionsForClients(234, files)).toBe(32);
});

test("rejects a limit that cannot work, and names the settings", () => {
  expect(() => connectionsForClients(233, files)).toThrow(
    "may have 233 open files, but needs 234 for MAX_IN_FLIGHT of 128 and DATABASE_POOL_SIZE of 10",
  );
});

test.runIf(process.platform === "linux")("reads the limit of this process", () => {
  expect(openFileLimit()).toBeGreaterThan(100);
});
