import { cisPack } from "../detections/index.ts";
import { type Attack, attacks, runAttack } from "./attack/attack.ts";
import { connect, endpointsIn, type LabClient } from "./attack/lab-client.ts";
import { type AttackOptions, readOptions, USAGE } from "./attack/options.ts";

/**
 * Lab seconds in which a mail should be there, whatever part of the loop is slow: the longest delay that
 * CloudTrail's page allows for, and the alarm's next looks.
 */
const LAB_PATIENCE = 20 * 60;

/** Real seconds on top, for a machine that is busy. */
const PATIENCE = 60;

const COULD_NOT_TRY = 2;
const NO_MAIL = 1;

async function main(): Promise<void> {
  const ofCis = new Set(cisPack.map(({ id }) => id));
  const options = readOptions(
    process.argv.slice(2),
    attacks.map(({ id }) => id),
    attacks.map(({ id }) => id).filter((id) => !ofCis.has(id)),
  );
  if (options.help) return console.log(USAGE);
  if (options.list) return list();
  const lab = await connect(endpointsIn(options.data));
  try {
    await carryOutAll(lab, options);
  } finally {
    lab.close();
  }
}

async function carryOutAll(lab: LabClient, { ids, timeout }: AttackOptions): Promise<void> {
  const { clock } = await lab.state();
  const patience = timeout ?? PATIENCE + LAB_PATIENCE / clock.speed;
  for (const attack of attacks.filter(({ id }) => ids.includes(id))) {
    console.log(`\n${attack.id}: ${attack.title} (${attack.severity})`);
    for (const { act } of attack.acts) console.log(`  ${howOf(act.kind)}: ${act.says}.`);
    const { mail, seconds } = await runAttack(lab, attack, patience);
    const after = `${seconds.toFixed(1)} s`;
    if (mail === undefined) {
      process.exitCode = NO_MAIL;
      console.error(
        `  No mail after ${after}. The lab's console shows how far it came: ${lab.endpoints.console}`,
      );
      continue;
    }
    console.log(`  Mail to ${mail.to} after ${after}:\n`);
    console.log(indented([`Subject: ${mail.subject}`, "", mail.body.trimEnd()].join("\n")));
  }
}

function list(): void {
  const width = Math.max(...attacks.map(({ id }) => id.length));
  const pad = " ".repeat(width + 2);
  for (const { id, title, acts } of attacks) {
    console.log(`${id.padEnd(width)}  ${title}`);
    for (const { act } of acts) console.log(`${pad}${howOf(act.kind)}: ${act.says}`);
  }
}

function howOf(kind: Attack["acts"][number]["act"]["kind"]): string {
  return kind === "real" ? "Really done" : "As its record would arrive";
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "    ");
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = COULD_NOT_TRY;
}
