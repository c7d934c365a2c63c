import { type SynthesizedAlarms, synthesizeAlarms } from "../replay/detections/synthesized.ts";

/**
 * Returns the metric filters and alarms that the stacks deploy with default settings, as JSON. The package
 * replays these, because it does not contain CDKTF.
 */
export function alarmsSnapshot(): string {
  const { env, account, archive, deployment } = synthesizeAlarms({}, {});
  const {
    accountId,
    keys,
    trail,
    metricFilters,
    alarms,
    anomalyAlarms,
    compositeAlarms,
    evaluations,
  } = deployment;
  const snapshot: SynthesizedAlarms = {
    env,
    account,
    archive,
    deployment: {
      accountId,
      keys: keys.map(({ arn, aliases }) => ({ arn, aliases })),
      trail: { logGroupName: trail.logGroupName },
      metricFilters,
      alarms,
      anomalyAlarms,
      compositeAlarms,
      evaluations,
    },
  };
  return JSON.stringify(snapshot);
}
