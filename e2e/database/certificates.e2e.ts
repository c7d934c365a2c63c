import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../service/database.ts";
import { createCertificate } from "../../service/testing/certificate.ts";
import { type KmsEndpoint, startKmsEndpoint } from "../../service/testing/kms-endpoint.ts";
import { KEY_ARN } from "../../service/testing/memory-kms.ts";
import { createClient } from "../faults/load.ts";
import { type FaultyProxy, type ProxyMode, startProxy } from "../faults/proxy.ts";
import { startService } from "../faults/service-process.ts";
import { migrateAsInRds } from "./migrate-as-in-rds.ts";
import { overTls } from "./over-tls.ts";
import { type RealPostgres, startRealPostgres } from "./postgres.ts";

const SERVICE = "cipherwatch_service";
const certificate = createCertificate();

let postgres: RealPostgres;
let kms: KmsEndpoint;
let admin: Sql;

beforeAll(async () => {
  [postgres, kms] = await Promise.all([startRealPostgres(certificate), startKmsEndpoint()]);
  admin = connect({ kind: "url", url: postgres.url() }, { max: 1 });
  await migrateAsInRds(admin, SERVICE);
});

afterAll(async () => {
  await kms?.close();
  await admin?.end({ timeout: 1 });
  postgres?.remove();
});

const start = (host: string, isTrusted: boolean) =>
  startService({
    kmsUrl: kms.url,
    environment: {
      ...overTls({
        ...{ host, port: Number(new URL(postgres.url()).port), user: SERVICE },
        authorities: isTrusted ? [certificate.cert] : [],
      }),
      // Requests wait for a connection as long as it may take to connect.
      DATABASE_CONNECT_TIMEOUT: "30000",
      REQUEST_TIMEOUT: "60000",
    },
  });

it.each([
  ["connects to a server of an authority in the bundle", "localhost", true, 200],
  ["rejects a server of an unknown authority", "localhost", false, 503],
  ["rejects a server with the certificate of another host", "127.0.0.1", true, 503],
] as const)("%s", async (_, host, isTrusted, expected) => {
  const service = await start(host, isTrusted);
  const { send, close } = createClient(service.port);
  const { status, text } = await send("/encrypt", { Name: "n", Text: "t" });
  expect({ status, text }).toMatchObject({ status: expected });
  if (expected !== 200) expect(JSON.parse(text).Code).toBe("DatabaseUnavailable");
  close();
  await service.kill("SIGTERM");
});

describe.each([["migrate"], ["rewrap", "--dry-run"]])("the program %s", (program, ...args) => {
  const path = fileURLToPath(new URL(`../../service/${program}.ts`, import.meta.url));
  let proxy: FaultyProxy;

  beforeAll(async () => {
    proxy = await startProxy(Number(new URL(postgres.url()).port));
  });
  afterAll(() => proxy?.close());

  /** @returns the exit code */
  const run = () => {
    const env = {
      ...overTls({ port: proxy.port, user: "postgres", authorities: [certificate.cert] }),
      DATABASE_USER: SERVICE,
      DATABASE_SECRET: JSON.stringify({ username: "postgres", password: "not checked" }),
      AWS_REGION: "ap-southeast-2",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      KMS_KEY_ARN: KEY_ARN,
    };
    const child = spawn(process.execPath, [path, ...args], { env, stdio: "ignore" });
    return once(child, "exit").then(([code]) => code);
  };

  it("connects to a server of an authority in the bundle", async () => {
    expect(await run()).toBe(0);
  });

  it.each<ProxyMode>([
    "closes before TLS",
    "has no TLS",
    "closes in the TLS handshake",
    "closes its end",
  ])("ends with an error after one attempt when the network %s", async (mode) => {
    proxy.mode = mode;
    const opened = proxy.opened();
    expect(await run()).toBe(1);
    expect(proxy.opened() - opened).toBe(1);
  });
});

it("serves everyone while the server refuses most connections", async () => {
  await admin.unsafe(`ALTER ROLE ${SERVICE} CONNECTION LIMIT 2`);
  const service = await start("localhost", true);
  const { send, close } = createClient(service.port);
  for (let times = 0; times < 10; times += 1) {
    const requests = Array.from({ length: 16 }, () => send("/encrypt", { Name: "n", Text: "t" }));
    for (const { status, text } of await Promise.all(requests)) expect(status, text).toBe(200);
  }
  close();
  await service.kill("SIGTERM");
});
