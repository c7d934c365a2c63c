import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createAwsClient } from "../../lab/attack/aws-client.ts";
import { type SpawnedLab, send, spawnLab, waitFor } from "../../lab/testing/spawn-lab.ts";

/** Runs the commands of docs/failover.md for two labs. */
const SECOND = "ap-southeast-1";
const ARGS = ["--speed", "120", "--trail-delay", "10"];

const folder = mkdtempSync(join(tmpdir(), "cipherwatch-regions-"));
const first = join(folder, "first");
const second = join(folder, "second");
const labs: SpawnedLab[] = [];

async function start(...props: Parameters<typeof spawnLab>): Promise<SpawnedLab> {
  const lab = await spawnLab(...props);
  labs.push(lab);
  return lab;
}

afterAll(async () => {
  for (const lab of labs) await lab.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const decrypt = async ({ service }: SpawnedLab, Key: string) =>
  JSON.parse((await send("GET", `${service}/decrypt`, { Name: "Stephen", Key })).body);

it("opens a record in a lab of the second Region, where a wrong Key raises the alarm of the replica", async () => {
  const lab = await start(first, ARGS, { env: { CIPHERWATCH_REPLICA_REGION: SECOND } });
  const record = { Name: "Stephen", Text: "I love Pizza" };
  const { Key } = JSON.parse((await send("POST", `${lab.service}/encrypt`, record)).body);
  const aws = createAwsClient({
    endpoint: lab.aws,
    region: "ap-southeast-2",
    credentials: { accessKeyId: "operator" },
    onCall: () => {},
  });
  const { KeyMetadata } = await aws.json("kms", "DescribeKey", { KeyId: "alias/cipherwatch-dev" });
  const { Arn } = KeyMetadata as { readonly Arn: string };
  await lab.kill("SIGINT");
  cpSync(join(first, "state/database"), join(second, "state/database"), { recursive: true });

  const replica = await start(second, [...ARGS, "--replica-of", first], {
    env: { CIPHERWATCH_REGION: SECOND, CIPHERWATCH_PRIMARY_KEY_ARNS: Arn },
  });
  expect(await decrypt(replica, Key)).toEqual({ Text: "I love Pizza" });
  expect(await decrypt(replica, "wrong")).toMatchObject({ Code: "DecryptionFailed" });
  const email = await waitFor("the email of the second Region", async () =>
    (await replica.state()).inbox.find(({ subject }) =>
      subject.includes("cipherwatch-replica-dev-kms-errors"),
    ),
  );
  expect(email.subject).toContain("Asia Pacific (Singapore)");
});

it("refuses to start with records under a key that is not in the settings, and keeps the key that is", async () => {
  const data = join(folder, "single");
  const lab = await start(data, ARGS);
  const record = { Name: "Stephen", Text: "I love Pizza" };
  const { Key } = JSON.parse((await send("POST", `${lab.service}/encrypt`, record)).body);
  await lab.kill("SIGINT");

  const env = { CIPHERWATCH_REPLICA_REGION: SECOND };
  await expect(spawnLab(data, ARGS, { env })).rejects.toThrow(
    /single has a record under a KMS key that is not in the settings[\s\S]*unset CIPHERWATCH_REPLICA_REGION/,
  );
  const both = { ...env, CIPHERWATCH_KEY_GENERATIONS: "1,2" };
  expect(await decrypt(await start(data, ARGS, { env: both }), Key)).toEqual({
    Text: "I love Pizza",
  });
}, 120_000);

it("refuses to start as a replica of a lab without its key", async () => {
  const env = {
    CIPHERWATCH_REGION: SECOND,
    CIPHERWATCH_PRIMARY_KEY_ARNS: `arn:aws:kms:ap-southeast-2:111122223333:key/mrk-${"0".repeat(32)}`,
  };
  const args = ["--replica-of", first];
  await expect(spawnLab(join(folder, "third"), args, { env })).rejects.toThrow(
    /There is no primary key arn:.*Start the lab of its Region first/,
  );
  await expect(spawnLab(join(folder, "third"), args)).rejects.toThrow(
    /needs both --replica-of, .* and CIPHERWATCH_PRIMARY_KEY_ARNS/,
  );
});
