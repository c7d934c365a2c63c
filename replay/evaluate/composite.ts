import type { CompositeAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { evaluateAlarmRule, parseAlarmRule } from "../../cloudwatch/alarm/composite.ts";
import type { AlarmState } from "../../cloudwatch/alarm/state.ts";
import type { Transition } from "./timeline.ts";

/**
 * The transitions of alarms that look at other alarms, as the lab's monitor finds them: when they are
 * made, and whenever others have been evaluated; those that look at their own kind are looked at again.
 * @param others the transitions of the alarms that they look at; one that is missing is in no state
 * @param begin when evaluations begin, milliseconds since the epoch
 */
export function compositeTransitions(
  composites: readonly CompositeAlarm[],
  others: ReadonlyMap<string, readonly Transition[]>,
  begin: number,
): ReadonlyMap<string, readonly Transition[]> {
  const rules = composites.map(({ name, rule }) => ({ name, rule: parseAlarmRule(rule) }));
  const found = new Map<string, Transition[]>(composites.map(({ name }) => [name, []]));
  const states = new Map<string, AlarmState>(
    [...others.keys(), ...found.keys()].map((name) => [name, "INSUFFICIENT_DATA"]),
  );
  const changes = [...others].flatMap(([name, transitions]) =>
    transitions.map(({ at, to }) => ({ name, at, to })),
  );
  changes.sort((a, b) => a.at - b.at);

  function follow(at: number, because: string): void {
    for (let depth = 0; depth < rules.length; depth++) {
      for (const { name, rule } of rules) {
        const from = states.get(name) ?? "INSUFFICIENT_DATA";
        const to = evaluateAlarmRule(rule, (alarm) => states.get(alarm)) ? "ALARM" : "OK";
        if (to === from) continue;
        found.get(name)?.push({ at, from, to, reason: because });
        states.set(name, to);
      }
    }
  }

  let next = 0;
  const takeUntil = (time: number): string => {
    const taken: string[] = [];
    for (; (changes[next]?.at ?? Number.POSITIVE_INFINITY) <= time; next++) {
      const { name = "", to = "OK" } = changes[next] ?? {};
      states.set(name, to);
      taken.push(`${name} transitioned to ${to}`);
    }
    return taken.join(", ");
  };
  follow(begin, "it was created");
  for (let change = changes[next]; change !== undefined; change = changes[next]) {
    follow(change.at, takeUntil(change.at));
  }
  return found;
}
