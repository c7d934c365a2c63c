import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { createHarness, DENIED, type Harness, type HarnessSettings } from "./harness.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";

export interface ServiceFixture {
  readonly postgres: PostgresServer;
  readonly service: Harness;
  /** Rows of the records table, oldest first. */
  readonly records: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** Runs one service and its PostgreSQL for all tests of a file, with an empty table for each test. */
export function useService(settings: Omit<HarnessSettings, "databaseUrl"> = {}): ServiceFixture {
  let postgres: PostgresServer | undefined;
  let service: Harness | undefined;

  beforeAll(async () => {
    postgres = await startPostgres();
    service = createHarness({ databaseUrl: postgres.url, ...settings });
    await service.vault.prepare(AbortSignal.timeout(60_000));
  });

  afterEach(async () => {
    const { service, postgres } = fixture;
    service.kms.interrupt = undefined;
    service.draining.value = false;
    service.mayDecrypt.value = true;
    service.clock.now += 60_000;
    service.lines.length = 0;
    await postgres.sql`
      TRUNCATE cipherwatch.records, cipherwatch.forgotten, cipherwatch.quota_usage, cipherwatch.expiries,
        cipherwatch.erasure_progress`;
  });

  afterAll(async () => {
    await service?.database.close(1_000);
    await postgres?.close();
  });

  const fixture: ServiceFixture = {
    get postgres() {
      return started(postgres);
    },
    get service() {
      return started(service);
    },
    records: async () =>
      await fixture.postgres.sql`SELECT * FROM cipherwatch.records ORDER BY created`,
  };
  return fixture;
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The service runs only during the tests of a file.");
  return value;
}

/** Asserts the response to every Key that does not open the record. */
export async function expectDenied(
  response: Promise<{ status: number; json: object }>,
): Promise<void> {
  expect(await response).toMatchObject({
    status: 403,
    json: { Message: DENIED, Code: "DecryptionFailed" },
  });
}
