import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keyAlias, serviceRoleName } from "../../common/naming.ts";
import { type SpawnedLab, send, spawnLab, waitFor } from "../../lab/testing/spawn-lab.ts";
import { ACCOUNT, type BuiltImage, IMAGE, PATIENCE, REGION, task } from "./built-image.ts";
import { type Container, startContainer, waitUntilListening } from "./container.ts";
import { type PausableProxy, startPausableProxy } from "./pausable-proxy.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { startTaskCredentials, type TaskCredentials } from "./task-credentials.ts";

/** The migration and the service of a task, with real dependencies. */
export function testTask(image: () => BuiltImage): void {
  let lab: SpawnedLab;
  let database: Postgres;
  let credentials: TaskCredentials;
  let kmsProxy: PausableProxy;
  let api: Container;
  let url: string;

  beforeAll(async () => {
    lab = await spawnLab(join(image().folder, "lab"));
    const keyArn = await dataKeyArn(lab.aws);
    credentials = await startTaskCredentials(
      lab.aws,
      `arn:aws:iam::${ACCOUNT}:role/${serviceRoleName("dev")}`,
    );
    const { hostname, port } = new URL(lab.aws);
    kmsProxy = await startPausableProxy({ host: hostname, port: Number(port) });
    const migrate = task.container("migrate");
    const user = migrate.environment.find(({ name }) => name === "DATABASE_USER")?.value ?? "";
    database = await startPostgres(user);
    console.log(`Database: ${database.name}`);

    const network = "host";
    for (const message of ["schema migrated", "schema is up to date"]) {
      const migration = startContainer(image().engine, {
        ...{ image: IMAGE, task, definition: migrate, network },
        environment: { DATABASE_HOST: undefined, DATABASE_URL: database.masterUrl },
      });
      expect(await migration.exited, migration.output()).toBe(0);
      expect(migration.lines().map(({ msg }) => msg)).toContain(message);
    }

    const environment = {
      DATABASE_HOST: undefined,
      DATABASE_URL: database.serviceUrl,
      ...credentials.environment,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${kmsProxy.port}`,
      KMS_KEY_ARN: keyArn,
      HOST: "127.0.0.1",
      PORT: "0",
      // Long enough to pause a request on a slow machine.
      KMS_TIMEOUT: "20000",
      REQUEST_TIMEOUT: "20000",
    };
    api = startContainer(image().engine, {
      ...{ image: IMAGE, task, definition: task.container("api"), network },
      environment,
    });
    url = `http://127.0.0.1:${(await waitUntilListening(api)).port}`;
  }, 5 * 60_000);

  afterAll(async () => {
    await api?.remove();
    await database?.close();
    await kmsProxy?.close();
    await credentials?.close();
    await lab?.kill("SIGINT");
  });

  const Name = `Stephen-${randomUUID()}`;
  const Text = `I love Pizza ${randomUUID()}`;
  let Key: string;

  it("is ready", async () => {
    const { status, body } = await send("GET", `${url}/readyz`);
    expect({ status, body }).toMatchObject({ status: 200 });
  });

  it("encrypts, decrypts with GET and a body, and denies a wrong Key, which leads to an email", async () => {
    const encrypted = await send("POST", `${url}/encrypt`, { Name, Text });
    expect(encrypted.status, encrypted.body).toBe(200);
    ({ Key } = JSON.parse(encrypted.body));
    const decrypted = await send("GET", `${url}/decrypt`, { Name, Key });
    expect({ ...decrypted, body: JSON.parse(decrypted.body) }).toEqual({
      status: 200,
      body: { Text },
    });
    const alarms = async () =>
      (await lab.state()).inbox.filter(({ subject }) => /ALARM.*kms-errors/.test(subject));
    expect(await alarms()).toEqual([]);
    for (let time = 0; time < 3; time += 1) {
      const denied = await send("GET", `${url}/decrypt`, { Name, Key: "some-random-false-key" });
      expect(denied.status).toBe(403);
      expect(JSON.parse(denied.body)).toMatchObject({
        Message: "Data decryption failed, make sure you have the correct key",
      });
    }
    await waitFor("an email", async () => (await alarms())[0], PATIENCE);
    expect(credentials.requests()).toBeGreaterThan(0);
  });

  it("finishes the request in progress after SIGTERM, accepts no more, and exits with 0", async () => {
    const { stopTimeout = 0 } = task.container("api");
    kmsProxy.pause();
    const inFlight = send("POST", `${url}/decrypt`, { Name, Key });
    await waitFor("a call to KMS", async () => kmsProxy.heldChunks() || undefined, PATIENCE);

    const stoppedAt = performance.now();
    const stopped = api.stop();
    const line = await waitFor(
      "the stop",
      async () => api.lines().find(({ msg }) => msg === "stopping"),
      PATIENCE,
    );
    expect(line).toMatchObject({ signal: "SIGTERM", inProgress: 1 });
    await expect(send("GET", `${url}/healthz`)).rejects.toThrow(/ECONNREFUSED/);
    kmsProxy.resume();

    const { status, body } = await inFlight;
    expect({ status, body: JSON.parse(body) }).toEqual({ status: 200, body: { Text } });
    expect(await api.exited).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(stopTimeout * 1000);
    await stopped;
    expect(api.lines().at(-1)).toMatchObject({ msg: "stopped" });
  });

  it("logs its requests and no secret", () => {
    const output = api.output();
    expect(api.lines().filter(({ route }) => route === "/decrypt").length).toBeGreaterThan(4);
    for (const secret of [Name, Text, Key, ...credentials.secrets, ...database.secrets]) {
      expect(output).not.toContain(secret);
    }
  });
}

async function dataKeyArn(endpoint: string): Promise<string> {
  const kms = new KMSClient({
    endpoint,
    region: REGION,
    credentials: { accessKeyId: "image", secretAccessKey: "image" },
  });
  try {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyAlias("dev") }));
    return KeyMetadata?.Arn ?? "";
  } finally {
    kms.destroy();
  }
}
