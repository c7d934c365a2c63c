import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ATTACK_STEPS } from "../../detections/testing/attack-steps.ts";
import type { Aws } from "../aws/aws.ts";
import { fixedDelay } from "../aws/cloudtrail/deliveries.ts";
import { createActions } from "../console/actions.ts";
import { type Console, startConsole } from "../console/server.ts";
import { networkOf } from "../scope.ts";
import { adjustableClock } from "../state/clock.ts";
import { consoleSources } from "../testing/console.ts";
import { deploymentOf } from "../testing/deployment.ts";
import { startTestAws } from "../testing/start-aws.ts";
import { type Attack, attacks, defaultTimeout, runAttack } from "./attack.ts";
import { createAwsClient, elementOf } from "./aws-client.ts";
import { connectToLab, type LabClient, readLabUrls } from "./lab-client.ts";
import { readOptions } from "./options.ts";
import { createSpeedControl } from "./speed.ts";

const APPLICATION_ROLE = "arn:aws:iam::111122223333:role/payments-api";
const MONITORED_KEY = {
  name: "payments",
  key: "arn:aws:kms:ap-southeast-2:111122223333:key/7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815",
  roles: [APPLICATION_ROLE],
};

/** An alarm lists the events of 15 lab minutes. At this speed these take 3 s, which a slow machine polls in time. */
const SPEED = 300;
const TIMEOUT_SECONDS = 30;

let folder: string;
let aws: Aws;
let consoleServer: Console;
let lab: LabClient;
let clock: ReturnType<typeof adjustableClock>;

// Start the AWS endpoint and the console, without the service and its database.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-attack-"));
  clock = adjustableClock(SPEED, Date.now());
  const deployment = deploymentOf({ MONITORED_KEYS: JSON.stringify([MONITORED_KEY]) });
  aws = await startTestAws({ deployment, clock, folder, trailDeliveries: fixedDelay(30) });
  const sources = consoleSources(aws, deployment, clock);
  consoleServer = await startConsole({
    port: 0,
    sources,
    actions: createActions(sources, () => Promise.reject(new Error("The test runs the attacks."))),
    state: () => ({
      clock: { now: new Date(clock.now()).toISOString(), speed: SPEED },
      ...aws.state(),
      trailArn: deployment.trail.arn,
      existing: networkOf(sources.scope),
    }),
  });
  lab = await connectToLab({ service: "", aws: aws.url, console: consoleServer.url });
});
afterAll(async () => {
  await consoleServer.close();
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

function attackWithId(id: string): Attack {
  const attack = attacks.find((candidate) => candidate.id === id);
  if (attack === undefined) throw new Error(`There is no attack ${id}.`);
  return attack;
}

test.each([
  ["kms-outsider", "live"],
  ["kms-key-change", "live"],
  ["role-change", "live"],
  ["database-copy", "live"],
  ["database-change", "live"],
  ["secret-access", "live"],
  ["denied-api", "live"],
  ["service-credentials-outside", "live"],
  ["trail-change", "live"],
  ["role-borrowed", "live"],
  ["ecs-change", "live"],
  ["image-change", "live"],
  ["ingress-change", "live"],
  ["network-change", "live"],
  ["tampered-record", "injected"],
])("%s (%s) results in an email, and the alarm counts every scenario", async (id, kind) => {
  const attack = attackWithId(id);
  expect(new Set(attack.steps.map(({ scenario }) => scenario.kind))).toEqual(new Set([kind]));
  const { email, steps } = await runAttack(lab, attack, TIMEOUT_SECONDS);
  expect(steps.filter(({ detected }) => !detected)).toEqual([]);
  expect(email).toMatchObject({
    to: "security@example.com",
    subject: `ALARM: "cipherwatch-dev-${id}" in Asia Pacific (Sydney)`,
    body: expect.stringContaining(attack.title),
  });
});

describe("monitored keys", () => {
  test.each([
    ["key-outsider", "key-outsider-payments"],
    ["key-errors", "key-errors-payments"],
    ["key-change", "key-change"],
  ])("%s results in an email of %s, and the alarm counts every scenario", async (id, alarm) => {
    const { email, steps } = await runAttack(lab, attackWithId(id), TIMEOUT_SECONDS);
    expect(email?.subject).toBe(`ALARM: "cipherwatch-watch-dev-${alarm}" in Asia Pacific (Sydney)`);
    expect(steps.filter(({ detected }) => !detected)).toEqual([]);
  });

  test("the use of a key by its expected role is not counted", async () => {
    const response = await lab.attacker.query("sts", "AssumeRole", {
      RoleArn: APPLICATION_ROLE,
      RoleSessionName: "application",
    });
    const application = lab.clientFor(elementOf(response, "AccessKeyId"));
    const KeyId = MONITORED_KEY.key;
    lab.takeRequestIds();
    const { CiphertextBlob } = await application.json("kms", "Encrypt", {
      KeyId,
      Plaintext: "eA==",
    });
    await application.json("kms", "Decrypt", { CiphertextBlob });
    const [, decrypt = ""] = lab.takeRequestIds();
    const outsider = "cipherwatch-watch-dev-key-outsider-payments";
    await vi.waitFor(
      () => {
        const delivered = aws.services.cloudTrail.recent(100).map(({ event }) => event.requestID);
        expect(delivered).toContain(decrypt);
      },
      { timeout: TIMEOUT_SECONDS * 1000 },
    );
    // Run an attack by an unexpected role, so that the alarm counts its use and would count the earlier one.
    await runAttack(lab, attackWithId("key-outsider"), TIMEOUT_SECONDS);
    const counted = await lab.alarmEventIds(outsider);
    expect(counted.length).toBeGreaterThan(0);
    expect(counted).not.toContain(decrypt);
  });
});

/** Attack steps without a live scenario, with the reason. */
const NOT_LIVE: Readonly<Record<string, string>> = {
  "let others write plans for the pipeline": "the lab does not speak the REST protocol of S3",
  "delete the configuration of the Slack channel": "the lab has no chat, whose protocol is REST",
};

test("live scenarios cover every attack step that a detection must report", async () => {
  const recorded = () => aws.services.cloudTrail.recent(5_000).map(({ event }) => event);
  const made = new Set<string>();
  // These need the service, and ATTACK_STEPS has no step for them.
  const withoutService = [
    "kms-errors",
    "decrypt-denied",
    "kms-volume",
    "client-volume",
    "quota-exceeded",
    // Changes the speed of the lab, which the console of this test ignores.
    "key-volume",
  ];
  for (const { id, steps } of attacks.filter((attack) => !withoutService.includes(attack.id))) {
    const before = new Set(recorded().map(({ eventID }) => eventID));
    for (const { scenario } of steps) if (scenario.kind === "live") await scenario.run(lab, 1);
    for (const { eventID, eventSource, eventName } of recorded()) {
      if (!before.has(eventID)) made.add(`${id}: ${eventSource} ${eventName}`);
    }
  }
  const missing = ATTACK_STEPS.filter(
    ([step, id, { eventSource, eventName }]) =>
      !made.has(`${id}: ${eventSource} ${eventName}`) && !Object.hasOwn(NOT_LIVE, step),
  );
  expect(missing.map(([step, id]) => `${id}: ${step}`)).toEqual([]);
});

test("attack-under-way waits until earlier alarms return to OK, then results in an email", async () => {
  const { email } = await runAttack(lab, attackWithId("attack-under-way"), TIMEOUT_SECONDS);
  expect(email?.body).toContain("Alarm Rule:");
});

test("returns no email if the alarm's actions are disabled", async () => {
  const alarm = { AlarmNames: ["cipherwatch-dev-secret-access"] };
  await lab.attacker.json("cloudwatch", "DisableAlarmActions", alarm);
  const { email, seconds } = await runAttack(lab, attackWithId("secret-access"), 0.5);
  expect(email).toBeUndefined();
  expect(seconds).toBeGreaterThanOrEqual(0.5);
});

test.each([0, SPEED])("restores a speed of %d after a task at another one", async (speed) => {
  clock.setSpeed(speed);
  const { atSpeed } = createSpeedControl(lab.urls.console, async () => clock.speed());
  try {
    await atSpeed(5, async () => expect(clock.speed()).toBe(5));
    expect(clock.speed()).toBe(speed);
  } finally {
    clock.setSpeed(SPEED);
  }
});

test("waits longer for the email of a slower lab, and refuses to wait while lab time is paused", async () => {
  const atSpeed = (speed: number): LabClient => ({
    ...lab,
    state: async () => ({ ...(await lab.state()), clock: { now: "", speed } }),
  });
  await expect(defaultTimeout(atSpeed(60))).resolves.toBe(80);
  await expect(defaultTimeout(atSpeed(1))).resolves.toBe(1260);
  await expect(defaultTimeout(atSpeed(0))).rejects.toThrow(
    `Lab time is paused, so no alarm is evaluated and no email arrives. Click Resume in the console, ${lab.urls.console},`,
  );
});

test("names the setting that enables a missing alarm", async () => {
  await expect(runAttack(lab, attackWithId("cis-root-use"), TIMEOUT_SECONDS)).rejects.toThrow(
    /no alarm cipherwatch-dev-cis-root-use\. Start the lab with CIPHERWATCH_CIS_PACK=true/,
  );
});

describe("without a running lab, suggests npm start", () => {
  test("if the data folder has no endpoints file", () => {
    expect(() => readLabUrls(join(folder, "none"))).toThrow(/Start one with `npm start`/);
  });

  test("if the lab does not respond", async () => {
    const urls = { service: "", aws: "http://127.0.0.1:1", console: "http://127.0.0.1:1" };
    await expect(connectToLab(urls)).rejects.toThrow(/does not respond.+`npm start`/);
  });

  test("if the lab ends during an attack", async () => {
    const ended = { endpoint: "http://127.0.0.1:1", region: lab.region, onCall: () => {} };
    const client = createAwsClient({ ...ended, credentials: { accessKeyId: "mallory" } });
    await expect(client.json("kms", "ListKeys")).rejects.toThrow(/does not respond.+`npm start`/);
  });
});

describe("options", () => {
  const read = (...args: readonly string[]) =>
    readOptions(args, ["kms-errors", "cis-root-use"], ["kms-errors"]);

  test("select attacks by id, or the default ones with --all", () => {
    expect(read("cis-root-use").ids).toEqual(["cis-root-use"]);
    expect(read("--all").ids).toEqual(["kms-errors"]);
    expect(read("--list", "--data", "there")).toMatchObject({ list: true, data: "there" });
    expect(read("kms-errors", "--timeout", "5").timeout).toBe(5);
  });

  test.each([
    [[], /Name at least one attack/],
    [
      ["kms-error"],
      /Unknown attack "kms-error"\. Did you mean kms-errors\?\nAvailable attacks: kms-errors/,
    ],
    [["kms-errors", "--timeout", "soon"], /--timeout must be .+, not "soon"/],
    [["kms-errors", "--timeout", "0"], /--timeout must be .+, not "0"/],
    [
      ["--all", "kms-errors"],
      /^Pass either --all or names of attacks; received --all and kms-errors\.$/,
    ],
    [["kms-errors", "--list"], /^Pass either --list or names of attacks; received --list and /],
    [["--fast"], /Unknown option "--fast"\.[^\n]*\nUsage: npm run attack -- /],
  ])("rejects %j", (args, message) => {
    expect(() => read(...args)).toThrow(message);
  });

  test("shows the help for a misspelled attack, too", () => {
    expect(read("kms-error", "--help").help).toBe(true);
  });
});
