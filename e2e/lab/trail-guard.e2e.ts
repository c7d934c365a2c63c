import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CloudTrailClient,
  StartLoggingCommand,
  StopLoggingCommand,
} from "@aws-sdk/client-cloudtrail";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type SpawnedLab, send, spawnLab, waitFor } from "../../lab/testing/spawn-lab.ts";

/** Milliseconds. The service checks its trail every half minute. */
const PATIENCE = 180_000;

let folder: string;
let lab: SpawnedLab;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-trail-guard-"));
  lab = await spawnLab(join(folder, "data"), [], {
    env: { CIPHERWATCH_DECRYPT_WITHOUT_TRAIL: "refuse-unknown" },
  });
});

afterAll(async () => {
  await lab?.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
});

const post = (path: string, body: object) => send("POST", `${lab.service}${path}`, body);

it("refuses decrypts and sends an email while the trail is stopped, and decrypts again afterwards", async () => {
  const { Key } = JSON.parse(
    (await post("/encrypt", { Name: "Stephen", Text: "I love Pizza" })).body,
  ) as { readonly Key: string };
  const decrypt = () => post("/decrypt", { Name: "Stephen", Key });
  const waitForStatus = (status: number) =>
    waitFor(
      `a response with ${status}`,
      async () => {
        const response = await decrypt();
        return response.status === status ? response : undefined;
      },
      PATIENCE,
    );
  await waitForStatus(200);

  const cloudTrail = new CloudTrailClient({
    endpoint: lab.aws,
    region: "ap-southeast-2",
    credentials: { accessKeyId: "mallory", secretAccessKey: "secret" },
  });
  const trail = { Name: "cipherwatch-dev-trail" };
  await cloudTrail.send(new StopLoggingCommand(trail));
  expect(JSON.parse((await waitForStatus(503)).body)).toMatchObject({ Code: "TrailUnavailable" });
  expect((await post("/encrypt", { Name: "Stephen", Text: "again" })).status).toBe(200);
  await waitFor(
    "the email of the alarm trail-unconfirmed",
    async () => {
      const { inbox } = await lab.state();
      return inbox.find(({ subject }) => subject.includes("trail-unconfirmed"));
    },
    PATIENCE,
  );

  await cloudTrail.send(new StartLoggingCommand(trail));
  expect(JSON.parse((await waitForStatus(200)).body)).toEqual({ Text: "I love Pizza" });
});
