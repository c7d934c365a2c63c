import { setTimeout as pause } from "node:timers/promises";
import { attackUnderWay } from "../../detections/attack-under-way.ts";
import { alarmNameOf } from "../../detections/cloudwatch-names.ts";
import type { Severity } from "../../detections/detection.ts";
import { cisPack, detections } from "../../detections/index.ts";
import { keyDetections } from "../../detections/monitored-keys/index.ts";
import { EXAMPLE_KEY } from "../../detections/monitored-keys/monitored-key.ts";
import { KEY_SCENARIOS, keyAlarmPrefix } from "./key-scenarios.ts";
import type { LabAlarm, LabClient, LabEmail } from "./lab-client.ts";
import type { Scenario } from "./scenario.ts";
import { scenariosFor } from "./scenarios.ts";

/** One or more scenarios, and the alarm that must report them. */
export interface Attack {
  /** Id of the detection whose alarm must fire, the kind of detections on monitored keys, or `attack-under-way`. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** The scenarios in the order in which they run, each with the id of its detection. */
  readonly steps: readonly AttackStep[];
}

interface AttackStep {
  readonly detectionId: string;
  readonly scenario: Scenario;
}

const detectionAttacks: readonly Attack[] = [...detections, ...cisPack].map((detection) => ({
  id: detection.id,
  title: detection.title,
  severity: detection.severity,
  steps: scenariosFor(detection).map((scenario) => ({ detectionId: detection.id, scenario })),
}));

/** One attack for each kind of detection on monitored keys. They need a lab that monitors keys. */
export const keyAttacks: readonly Attack[] = keyDetections([EXAMPLE_KEY]).map(
  ({ id, kind = id, title, severity }) => ({
    id: kind,
    title: title.replace(` ${EXAMPLE_KEY.name}`, ""),
    severity,
    steps: (KEY_SCENARIOS[kind] ?? []).map((scenario) => ({ detectionId: kind, scenario })),
  }),
);

const firstStepOf = (id: string) =>
  detectionAttacks.filter((attack) => attack.id === id).flatMap(({ steps }) => steps.slice(0, 1));

/** One attack for each detection, and one that combines two for the composite alarm. */
export const attacks: readonly Attack[] = [
  ...detectionAttacks,
  ...keyAttacks,
  {
    id: attackUnderWay.id,
    title: attackUnderWay.title,
    severity: attackUnderWay.severity,
    steps: [...firstStepOf("alarm-change"), ...firstStepOf("kms-outsider")],
  },
];

export interface AttackResult {
  /** The alarm's email; undefined if none arrived before the timeout. */
  readonly email?: LabEmail;
  /** Real seconds from the start of the attack until the email arrived or the timeout passed. */
  readonly seconds: number;
  /** Lab minutes from the start of the attack until the email. */
  readonly labMinutes?: number;
  readonly steps: readonly StepResult[];
}

export interface StepResult {
  readonly scenario: Scenario;
  /**
   * Whether the alarm counted a record of the step. A step that makes no calls to AWS itself, such as a request to the
   * service or an injected record, counts as detected once the email arrives: its records have no known request id.
   */
  readonly detected: boolean;
}

const POLL_MILLISECONDS = 100;

/**
 * Lab seconds within which the email arrives: CloudTrail's longest delivery time and the evaluation of the
 * alarm after it.
 */
const LAB_SECONDS_TO_EMAIL = 20 * 60;

/** Real seconds added for a busy machine. */
const EXTRA_SECONDS = 60;

/** Real seconds within which the email of an attack arrives at a speed of the lab; infinite while time is paused. */
export function secondsToEmail(speed: number): number {
  return EXTRA_SECONDS + LAB_SECONDS_TO_EMAIL / speed;
}

/** @throws Error if lab time is paused, because no email would arrive however long the caller waits */
export async function defaultTimeout({ state, urls }: LabClient): Promise<number> {
  const { clock } = await state();
  if (clock.speed > 0) return secondsToEmail(clock.speed);
  throw new Error(
    "Lab time is paused, so no alarm is evaluated and no email arrives. " +
      `Click Resume in the console, ${urls.console}, and repeat the command. To move time by hand instead, pass --timeout SECONDS.`,
  );
}

/** Lab seconds within which every alarm returns to OK after an attack: four periods of kms-volume, the longest. */
const LONGEST_ALARM = 65 * 60;

/**
 * Runs an attack, and waits for the email that reports it and until the alarm has counted each step.
 * @param timeout real seconds to wait for the email after the attack
 * @throws Error if the lab does not run the detection's alarm, or if the attack itself fails
 */
export async function runAttack(
  lab: LabClient,
  attack: Attack,
  timeout: number,
): Promise<AttackResult> {
  const { id } = attack;
  const steps = stepsIn(lab, attack);
  await waitUntilQuiet(lab, id);
  const startedAt = (await lab.state()).clock.now;
  const start = performance.now();
  const calls: (readonly string[])[] = [];
  for (const { detectionId, scenario } of steps) {
    const { threshold } = await findAlarm(lab, detectionId);
    lab.takeRequestIds();
    await scenario.run(lab, threshold ?? 1);
    calls.push(scenario.kind === "live" ? lab.takeRequestIds() : []);
  }
  const deadline = performance.now() + timeout * 1000;
  const { name: alarmName } = await findAlarm(lab, id);
  const subject = `ALARM: "${alarmName}"`;
  for (;;) {
    const { inbox } = await lab.state();
    const email = inbox.find((each) => each.at > startedAt && each.subject.startsWith(subject));
    const counted = email === undefined ? [] : await lab.alarmEventIds(alarmName);
    const isDetected = (requestIds: readonly string[]) =>
      email !== undefined &&
      (requestIds.length === 0 || requestIds.some((requestId) => counted.includes(requestId)));
    const now = performance.now();
    if (now > deadline || (email !== undefined && calls.every(isDetected))) {
      const stepResults = steps.map(({ scenario }, index) => ({
        scenario,
        detected: isDetected(calls[index] ?? []),
      }));
      const result = { seconds: (now - start) / 1000, steps: stepResults };
      if (email === undefined) return result;
      const labMinutes = (Date.parse(email.at) - Date.parse(startedAt)) / 60_000;
      return { ...result, email, labMinutes };
    }
    await pause(POLL_MILLISECONDS);
  }
}

/** Returns the steps that this lab can run, with or without identity. */
export function stepsIn({ hasIdentity }: LabClient, { steps }: Attack): readonly AttackStep[] {
  const excluded = hasIdentity ? "off" : "on";
  return steps.filter(({ scenario }) => scenario.identity !== excluded);
}

/** Waits until the alarm leaves ALARM, because only a change of state sends an email. */
async function waitUntilQuiet(lab: LabClient, id: string): Promise<void> {
  const { clock } = await lab.state();
  const deadline = performance.now() + (LONGEST_ALARM / clock.speed) * 1000 + 5_000;
  while ((await findAlarm(lab, id)).state === "ALARM") {
    if (performance.now() > deadline) {
      throw new Error(
        `The alarm of ${id} stays in ALARM, so another attack sends no email. Stop the calls that it counts, or start a new lab with \`npm start -- --fresh\`.`,
      );
    }
    await pause(POLL_MILLISECONDS);
  }
}

/** Finds the alarm of a detection; for a kind of detection on monitored keys, the alarm of one of the keys. */
async function findAlarm({ scope, state }: LabClient, id: string): Promise<LabAlarm> {
  const isOfKey = keyAttacks.some((attack) => attack.id === id);
  const name = isOfKey ? `${keyAlarmPrefix(scope)}${id}` : alarmNameOf({ id }, scope);
  const { alarms } = await state();
  const alarm = alarms.find(
    (candidate) => candidate.name === name || (isOfKey && candidate.name.startsWith(`${name}-`)),
  );
  if (alarm !== undefined) return alarm;
  throw new Error(`The lab has no alarm ${name}. ${nextStep(id, isOfKey)}.`);
}

function nextStep(id: string, isOfKey: boolean): string {
  if (isOfKey) {
    return "Start the lab with CIPHERWATCH_MONITORED_KEYS=keys.json; docs/monitoring-keys.md describes the file";
  }
  return cisPack.some((detection) => detection.id === id)
    ? "Start the lab with CIPHERWATCH_CIS_PACK=true"
    : "Start the lab with settings that enable this detection";
}
