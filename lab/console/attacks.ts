import { type Attack, attacks, runAttack, secondsToEmail, stepsIn } from "../attack/attack.ts";
import { connectToLab, type LabUrls } from "../attack/lab-client.ts";

/**
 * Runs an attack against the lab over HTTP, as `npm run attack` does.
 * @returns a description of the result
 * @throws Error if no attack has this id, or if the attack fails
 */
export async function runAttackById(urls: LabUrls, id: string): Promise<string> {
  const attack = attacks.find((candidate) => candidate.id === id);
  if (attack === undefined) throw new Error(`Unknown attack ${id}. Choose one from the list.`);
  const lab = await connectToLab(urls);
  const { clock } = await lab.state();
  const { email, seconds } = await runAttack(lab, attack, secondsToEmail(clock.speed));
  const after = `${seconds.toFixed(1)} s`;
  return email === undefined
    ? `No email about ${id} arrived within ${after}. Check the record, the metric and the alarm on this page.`
    : `${describe(stepsIn(lab, attack))}. The email arrived after ${after}.`;
}

function describe(steps: Attack["steps"]): string {
  const sentence = steps.map(({ scenario }) => scenario.description).join("; then ");
  return sentence.replace(/^./, (first) => first.toUpperCase());
}
