import type { Detection } from "../../detections/detection.ts";
import { LIVE_SCENARIOS } from "./live-scenarios.ts";
import type { Scenario } from "./scenario.ts";
import { serviceLogLine } from "./service-log-line.ts";

/**
 * Returns the live scenarios of a detection, or one that injects its first example: if there are none, or if all of
 * them need identity and the lab runs without it.
 */
export function scenariosFor(detection: Detection): readonly Scenario[] {
  const { [detection.id]: live = [] } = LIVE_SCENARIOS;
  if (live.length === 0) return [injectedScenario(detection)];
  const needIdentity = live.every(({ identity }) => identity === "on");
  return needIdentity ? [...live, { ...injectedScenario(detection), identity: "off" }] : live;
}

function injectedScenario(detection: Detection): Scenario {
  if (detection.source === "trail") {
    const { name, record } = firstExample(detection.id, detection.mustFire);
    return {
      description: name,
      kind: "injected",
      run: (lab, threshold) => lab.putTrailRecord(record, threshold),
    };
  }
  const report = firstExample(detection.id, detection.mustFire);
  return {
    description: report.name,
    kind: "injected",
    run: (lab, threshold) =>
      lab.putServiceLogLine((now) => serviceLogLine(detection, lab.scope, report, now), threshold),
  };
}

function firstExample<Example>(id: string, [example]: readonly Example[]): Example {
  if (example === undefined) throw new Error(`${id} has no example that must fire.`);
  return example;
}
