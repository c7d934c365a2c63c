import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../common/run.ts";
import { attacks, runAttack } from "../../lab/attack/attack.ts";
import { connectToLab, type LabClient, readLabUrls } from "../../lab/attack/lab-client.ts";
import { type SpawnedLab, spawnLab, waitFor } from "../../lab/testing/spawn-lab.ts";
import { clientIdOf } from "../../service/client-id.ts";

const MALLORY = clientIdOf("https://login.example.com", "mallory");

/** The quota of a lab with identity. */
const DECRYPTS_PER_DAY = 400;

let folder: string;
let spawned: SpawnedLab;
let lab: LabClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-identity-"));
  spawned = await spawnLab(join(folder, "data"), ["--identity"]);
  lab = await connectToLab(readLabUrls(join(folder, "data")));
});

afterAll(async () => {
  await spawned?.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
});

interface CountedEvents {
  readonly events: readonly { readonly client?: string; readonly message: string }[];
  readonly callers: readonly { readonly clients: readonly string[] }[];
}

async function countedBy(id: string): Promise<CountedEvents> {
  const url = `${spawned.console}/api/alarms/cipherwatch-dev-${id}/events`;
  return (await (await fetch(url)).json()) as CountedEvents;
}

/** The client that an alarm's email names. */
const contributorOf = (body = "") => /^Contributor Attributes:\n- Client +(.+)$/m.exec(body)?.[1];

async function awsCli(operation: string, args: readonly string[]) {
  const { stdout } = await run(["aws", "cloudwatch", operation, "--output", "json", ...args], {
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: lab.urls.aws,
      AWS_ACCESS_KEY_ID: "analyst",
      AWS_SECRET_ACCESS_KEY: "any",
      AWS_DEFAULT_REGION: lab.region,
    },
  });
  return JSON.parse(stdout) as Readonly<Record<string, readonly Record<string, unknown>[]>>;
}

async function attackWith(id: string) {
  const attack = attacks.find((candidate) => candidate.id === id);
  if (attack === undefined) throw new Error(`There is no attack ${id}.`);
  return await runAttack(lab, attack, 120);
}

describe("a lab with identity", () => {
  it("rejects a request without a token", async () => {
    const body = JSON.stringify({ Name: "Stephen", Text: "t" });
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(`${spawned.service}/encrypt`, { method: "POST", headers, body });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ Code: "Unauthorized" });
  });

  it("reports a foreign Key by email, and names the client whose token it came with", async () => {
    const { email, steps } = await attackWith("kms-errors");
    expect(email?.subject).toContain("cipherwatch-dev-kms-errors");
    expect(steps.map(({ scenario }) => scenario.description)).toContainEqual(
      expect.stringContaining("alice's Key with an access token of her own"),
    );
    const { callers } = await waitFor("mallory's call among the counted ones", async () => {
      const counted = await countedBy("kms-errors");
      return counted.events.some(({ client }) => client === MALLORY) ? counted : undefined;
    });
    expect(callers[0]?.clients).toContain(MALLORY);
    const log = readFileSync(join(folder, "data/state/service.log"), "utf8");
    expect(log).toContain(`"client":"${MALLORY}"`);
    expect(log).not.toContain("mallory");
  });

  it("ends a slow copy of records by the day's quota, and emails name the client", async () => {
    const { email } = await attackWith("client-volume");
    expect(email?.body).toContain("A client decrypts unusually much");
    const alarm = "cipherwatch-dev-quota-exceeded";
    const rejected = await waitFor("the email about the quota", async () => {
      const { inbox } = await lab.state();
      return inbox.find(({ subject }) => subject.startsWith(`ALARM: "${alarm}"`));
    });
    const events = await waitFor("the rejected request", async () => {
      const counted = await countedBy("quota-exceeded");
      return counted.events.length > 0 ? counted.events : undefined;
    });
    const [client = "", ...others] = new Set(events.map((event) => event.client));
    expect(client).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(others).toEqual([]);
    expect(contributorOf(email?.body)).toBe(client);
    expect(contributorOf(rejected.body)).toBe(client);
    const { AlarmHistoryItems: history } = await awsCli("describe-alarm-history", [
      ...["--alarm-name", alarm],
      ...["--history-item-type", "AlarmContributorStateUpdate"],
    ]);
    expect(history).toContainEqual(
      expect.objectContaining({
        HistorySummary: "Contributor state updated to ALARM",
        AlarmContributorAttributes: { Client: client },
      }),
    );
    const { AlarmContributors } = await awsCli("describe-alarm-contributors", [
      ...["--alarm-name", alarm],
    ]);
    for (const { ContributorAttributes } of AlarmContributors as readonly Record<string, object>[])
      expect(ContributorAttributes).toEqual({ Client: client });
    const lines = readFileSync(join(folder, "data/state/service.log"), "utf8").split("\n");
    const decrypts = lines.filter((line) => line.includes(client) && line.includes('"Decrypts":1'));
    // Twice as many at most, if midnight of lab time passes meanwhile.
    expect(decrypts.length).toBeGreaterThanOrEqual(DECRYPTS_PER_DAY);
    expect(decrypts.length).toBeLessThan(2 * DECRYPTS_PER_DAY);
  });

  it("prints commands that a shell can run", async () => {
    const [, lines = ""] = /From a terminal:\n([\s\S]*?)\n\n/.exec(spawned.output()) ?? [];
    const { stdout } = await run(["bash", "-c", lines]);
    expect(stdout).toContain('{"Text":"I love Pizza"}');
    expect(stdout).toContain('"Code":"DecryptionFailed"');
  });
});
