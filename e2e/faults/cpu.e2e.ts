import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TASK_CPUS } from "../../common/fargate.ts";
import { connect } from "../../service/database.ts";
import { migrate, readMigrations } from "../../service/migrate.ts";
import { MIGRATIONS } from "../../service/testing/postgres-server.ts";
import { type RealPostgres, startRealPostgres } from "../database/postgres.ts";
import type { ControlGroup } from "./control-group.ts";
import { limitCpu } from "./cpu-limit.ts";
import { type KmsProcess, startKmsProcess } from "./kms-process.ts";
import { createClient, inLanes, Tally } from "./load.ts";
import { type ServiceProcess, startService } from "./service-process.ts";

/** The smallest share of a vCPU that Fargate offers. */
const CPUS = Math.min(...TASK_CPUS) / 1_024;

/** Limits of requests in progress: the configured one, and the least that overload lowers it to. */
const [MAX_IN_FLIGHT, LOWEST] = [128, 32];

const CLIENTS = 256;
const MILLISECONDS = 3_000;

const probe = limitCpu(CPUS);
probe?.remove();
if (probe === undefined) console.log("NOT RUN: this user may not create CPU control groups.");

describe.skipIf(probe === undefined)("a service with a quarter of a vCPU", () => {
  let postgres: RealPostgres;
  let kms: KmsProcess;
  let group: ControlGroup;
  let service: ServiceProcess;
  /** The limits in the log lines about rejections. */
  let limits: unknown[];

  beforeAll(async () => {
    [postgres, kms] = await Promise.all([startRealPostgres(), startKmsProcess()]);
    const admin = connect({ kind: "url", url: postgres.url() }, { max: 1 });
    await migrate(admin, readMigrations(MIGRATIONS));
    await admin.end();
    group = limitCpu(CPUS) as ControlGroup;
    service = await startService({
      databaseUrl: postgres.url(),
      kmsUrl: kms.url,
      environment: {
        MAX_IN_FLIGHT: String(MAX_IN_FLIGHT),
        // Connecting takes CPU, which the load of the tests leaves little of.
        DATABASE_CONNECT_TIMEOUT: "30000",
      },
      procs: group.procs,
      onLine: ({ msg, limit }) => msg === "requests rejected" && limits.push(limit),
    });
  });

  afterAll(async () => {
    await service?.kill("SIGKILL");
    group?.remove();
    kms?.close();
    postgres?.remove();
  });

  /** Sends requests from more clients than there are slots, until `isEnough`. */
  async function overload(isEnough: () => boolean): Promise<Tally> {
    limits = [];
    const { send, close } = createClient(service.port);
    const tally = new Tally();
    await inLanes(
      CLIENTS,
      MILLISECONDS,
      async () => {
        const { status, headers } = await send("/encrypt", { Name: "n", Text: "t" });
        if (status === 429) expect(headers["retry-after"]).toBe("1");
        tally.add(status);
      },
      isEnough,
    );
    close();
    console.log(tally.counts, "limits", limits);
    return tally;
  }

  test("works on 32 requests at a time while more arrive than it has CPU time for", async () => {
    const { counts } = await overload(() => limits.includes(LOWEST));
    expect(limits).toContain(LOWEST);
    // Code that V8 has not compiled yet is slow enough for the first requests to miss their deadline on a busy machine.
    expect(["200", "429", "503"]).toEqual(expect.arrayContaining(Object.keys(counts)));
    expect(counts[200]).toBeGreaterThan(0);
  });

  test("works on 128 requests at a time again while they wait for KMS and rejections use the CPU", async () => {
    await kms.setDelay(1_000);
    const { counts } = await overload(() => limits.at(-1) === MAX_IN_FLIGHT);
    await kms.setDelay(0);
    expect(limits.at(-1)).toBe(MAX_IN_FLIGHT);
    expect(counts[200]).toBeGreaterThan(0);
  });
});
