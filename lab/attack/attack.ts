import { attackUnderWay } from "../../detections/attack-under-way.ts";
import { alarmNameOf } from "../../detections/cloudwatch-names.ts";
import type { Severity } from "../../detections/detection.ts";
import { cisPack, detections } from "../../detections/index.ts";
import type { LabClient, LabMail, LabState } from "./lab-client.ts";
import { type Act, scenarioFor } from "./scenarios.ts";

/** Something that can be acted out, and the alarm that should tell of it. */
export interface Attack {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** In the order in which they happen. */
  readonly acts: readonly { readonly id: string; readonly act: Act }[];
}

const single: readonly Attack[] = [...detections, ...cisPack].map((detection) => ({
  id: detection.id,
  title: detection.title,
  severity: detection.severity,
  acts: [{ id: detection.id, act: scenarioFor(detection) }],
}));

const actsOf = (id: string) =>
  single.filter((attack) => attack.id === id).flatMap(({ acts }) => acts);

/** All attacks that there are: one for each detection, and two at once. */
export const attacks: readonly Attack[] = [
  ...single,
  {
    id: attackUnderWay.id,
    title: attackUnderWay.title,
    severity: attackUnderWay.severity,
    acts: [...actsOf("alarm-change"), ...actsOf("kms-outsider")],
  },
];

export interface Outcome {
  /** The alarm's mail; none came within the patience. */
  readonly mail?: LabMail;
  /** Real seconds from the attack to the mail, or to the end of patience. */
  readonly seconds: number;
}

/** Real seconds between two looks at the lab. */
const LOOK = 0.1;

/** Lab seconds for which an alarm may at most stay on after the last attack. */
const LONGEST_ALARM = 20 * 60;

/**
 * Acts out an attack and waits for the mail about it.
 * @param patience real seconds to wait for the mail
 * @throws Error when the lab does not run the detection, or the attack itself fails
 */
export async function runAttack(
  lab: LabClient,
  { id, acts }: Attack,
  patience: number,
): Promise<Outcome> {
  await untilQuiet(lab, id);
  const known = (await lab.state()).inbox.length;
  const begun = performance.now();
  for (const { id: detection, act } of acts) {
    const alarm = alarmOf(await lab.state(), lab, detection);
    await act.run(lab, alarm.threshold ?? 1);
  }
  const acted = performance.now();
  const subject = `ALARM: "${alarmNameOf({ id }, lab.scope)}"`;
  for (;;) {
    const { inbox } = await lab.state();
    const mail = inbox.slice(known).find((candidate) => candidate.subject.startsWith(subject));
    const now = performance.now();
    const seconds = (now - begun) / 1000;
    if (mail !== undefined) return { mail, seconds };
    if (now - acted > patience * 1000) return { seconds };
    await pause(LOOK);
  }
}

/** An alarm that is on already tells nothing new: it has to be over first. */
async function untilQuiet(lab: LabClient, id: string): Promise<void> {
  const { clock } = await lab.state();
  const end = performance.now() + (LONGEST_ALARM / clock.speed) * 1000 + 5_000;
  while (alarmOf(await lab.state(), lab, id).state === "ALARM") {
    if (performance.now() > end) {
      throw new Error(
        `The alarm of ${id} stays on: something else keeps it so. Start a new lab with \`npm start -- --fresh\`.`,
      );
    }
    await pause(LOOK);
  }
}

function alarmOf({ alarms }: LabState, { scope }: LabClient, id: string) {
  const name = alarmNameOf({ id }, scope);
  const alarm = alarms.find((candidate) => candidate.name === name);
  if (alarm !== undefined) return alarm;
  const why = cisPack.some((detection) => detection.id === id)
    ? "start it with CIPHERWATCH_CIS_PACK=true"
    : "its settings leave it out";
  throw new Error(`The lab has no alarm ${name}: ${why}.`);
}

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
