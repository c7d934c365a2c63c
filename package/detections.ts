import { deployedDetections } from "../replay/detections/deployed.ts";
import {
  accountOf,
  type BoundArns,
  type DefaultDetections,
} from "../replay/detections/detections.ts";
import type { SynthesizedAlarms } from "../replay/detections/synthesized.ts";

/**
 * Reads the detections of a snapshot, in the account and Region of the bound ARNs.
 * @param snapshot the JSON that `alarmsSnapshot` returns
 */
export function snapshotDetections(snapshot: string, bound: BoundArns): DefaultDetections {
  const { account, archive } = JSON.parse(snapshot) as SynthesizedAlarms;
  const { accountId = account.accountId, region = account.region } = accountOf(bound);
  const inAccount = (text: string) => text.replaceAll(account.accountId, accountId);
  const { deployment, env } = JSON.parse(
    inAccount(snapshot).replaceAll(account.region, region),
  ) as SynthesizedAlarms;
  const regions = archive.regions.map((each) => (each === account.region ? region : each));
  return {
    detections: deployedDetections(deployment, env, bound),
    archive: {
      ...(archive.location !== undefined && { location: inAccount(archive.location) }),
      regions: [...new Set(regions)],
    },
  };
}
