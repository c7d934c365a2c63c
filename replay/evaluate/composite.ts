import type { AlarmState, CompositeAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { evaluateAlarmRule, parseAlarmRule } from "../../cloudwatch/alarm/composite.ts";
import type { Transition } from "./transitions.ts";

/**
 * Evaluates composite alarms when they are created and whenever other alarms change state. Evaluates them
 * repeatedly, because their rules may refer to each other.
 * @param others transitions of the alarms in their rules, by name; a missing alarm is in no state
 * @param begin when evaluation begins, in milliseconds since the epoch
 * @returns transitions by alarm name
 */
export function compositeTransitions(
  composites: readonly CompositeAlarm[],
  others: ReadonlyMap<string, readonly Transition[]>,
  begin: number,
): ReadonlyMap<string, readonly Transition[]> {
  const rules = composites.map(({ name, rule }) => ({ name, rule: parseAlarmRule(rule) }));
  const results = new Map<string, Transition[]>(composites.map(({ name }) => [name, []]));
  const states = new Map<string, AlarmState>(
    [...others.keys(), ...results.keys()].map((name) => [name, "INSUFFICIENT_DATA"]),
  );

  function evaluateAll(at: number, reason: string): void {
    for (let depth = 0; depth < rules.length; depth++) {
      for (const { name, rule } of rules) {
        const from = states.get(name) ?? "INSUFFICIENT_DATA";
        const to = evaluateAlarmRule(rule, (alarm) => states.get(alarm)) ? "ALARM" : "OK";
        if (to === from) continue;
        results.get(name)?.push({ at, from, to, reason });
        states.set(name, to);
      }
    }
  }

  const changes = [...others].flatMap(([name, transitions]) =>
    transitions.map(({ at, to }) => ({ name, at, to })),
  );
  evaluateAll(begin, "it was created");
  const byTime = Map.groupBy(
    changes.sort((a, b) => a.at - b.at),
    ({ at }) => at,
  );
  for (const [at, simultaneous] of byTime) {
    for (const { name, to } of simultaneous) states.set(name, to);
    evaluateAll(at, simultaneous.map(({ name, to }) => `${name} transitioned to ${to}`).join(", "));
  }
  return results;
}
