import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { settingsOf } from "../../settings/testing.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import { readTerraform } from "../../terraform/reader.ts";
import { type Aws, startAws } from "../aws/aws.ts";
import { type Console, startConsole } from "../console/server.ts";
import { scaledClock } from "../state/clock.ts";
import { type Attack, attacks, runAttack } from "./attack.ts";
import { connect, endpointsIn, type LabClient } from "./lab-client.ts";
import { readOptions } from "./options.ts";

const account = { accountId: "111122223333", region: "ap-southeast-2" };
const SPEED = 600;
const PATIENCE = 30;

let folder: string;
let aws: Aws;
let consoleServer: Console;
let lab: LabClient;

/** The lab but for the service and its database. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-attack-"));
  const settings = settingsOf({ IMAGE_DIGEST: PLACEHOLDER_DIGEST });
  const clock = scaledClock(SPEED, Date.now());
  aws = await startAws({
    deployment: readDeployment(readTerraform(synthesize(settings), account), account),
    clock,
    port: 0,
    trailDelaySeconds: 30,
    journalFile: (name) => join(folder, `${name}.jsonl`),
    onError: (error) => {
      throw error;
    },
  });
  consoleServer = await startConsole({
    port: 0,
    state: () => ({
      clock: { now: new Date(clock.now()).toISOString(), speed: SPEED },
      ...aws.state(),
    }),
  });
  lab = await connect({ service: "", aws: aws.url, console: consoleServer.url });
});
afterAll(async () => {
  lab.close();
  await consoleServer.close();
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

function attackOf(id: string): Attack {
  const attack = attacks.find((candidate) => candidate.id === id);
  if (attack === undefined) throw new Error(`There is no attack ${id}.`);
  return attack;
}

test.each([
  ["kms-outsider", "real"],
  ["kms-key-change", "real"],
  ["ecs-change", "record"],
  ["tampered-record", "record"],
])("%s, acted out (%s), is a mail", async (id, kind) => {
  const attack = attackOf(id);
  expect(attack.acts.map(({ act }) => act.kind)).toEqual([kind]);
  const { mail } = await runAttack(lab, attack, PATIENCE);
  expect(mail).toMatchObject({
    to: "security@example.com",
    subject: `ALARM: "cipherwatch-dev-${id}" in Asia Pacific (Sydney)`,
    body: expect.stringContaining(attack.title),
  });
});

test("two at once are the mail on an attack under way, once what went before is over", async () => {
  const { mail } = await runAttack(lab, attackOf("attack-under-way"), PATIENCE);
  expect(mail?.body).toContain("Alarm Rule:");
});

test("an attack that nobody is told of ends without a mail", async () => {
  const alarm = { AlarmNames: ["cipherwatch-dev-secret-access"] };
  await lab.call("GraniteServiceVersion20100801.DisableAlarmActions", alarm);
  const { mail, seconds } = await runAttack(lab, attackOf("secret-access"), 1);
  expect(mail).toBeUndefined();
  expect(seconds).toBeGreaterThanOrEqual(1);
});

test("an attack on what the lab does not watch says how to make it watch", async () => {
  await expect(runAttack(lab, attackOf("cis-root-use"), PATIENCE)).rejects.toThrow(
    /no alarm cipherwatch-dev-cis-root-use: start it with CIPHERWATCH_CIS_PACK=true/,
  );
});

describe("without a lab", () => {
  test("there is a hint at how to start one", () => {
    expect(() => endpointsIn(join(folder, "none"))).toThrow(/Start one with `npm start`/);
  });

  test("that has ended, so too", async () => {
    const gone = { service: "", aws: "http://127.0.0.1:1", console: "http://127.0.0.1:1" };
    await expect(connect(gone)).rejects.toThrow(/does not answer.+`npm start`/);
  });
});

describe("options", () => {
  const read = (...args: readonly string[]) =>
    readOptions(args, ["kms-errors", "cis-root-use"], ["kms-errors"]);

  test("name attacks, or mean all usual ones", () => {
    expect(read("cis-root-use").ids).toEqual(["cis-root-use"]);
    expect(read("--all").ids).toEqual(["kms-errors"]);
    expect(read("--list", "--data", "there")).toMatchObject({ list: true, data: "there" });
    expect(read("kms-errors", "--timeout", "5").timeout).toBe(5);
  });

  test.each([
    [[], /Which attack/],
    [["kms-error"], /Unknown attack "kms-error"\. Did you mean kms-errors\?\nAttacks: kms-errors/],
    [["kms-errors", "--timeout", "soon"], /--timeout is "soon"/],
    [["kms-errors", "--timeout", "0"], /--timeout is "0"/],
    [["--fast"], /--fast.+npm run attack/s],
  ])("%j are refused", (args, message) => {
    expect(() => read(...args)).toThrow(message);
  });
});
