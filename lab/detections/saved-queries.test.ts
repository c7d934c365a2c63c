import { describe, expect, test } from "vitest";
import type { TrailDetection } from "../../detections/detection.ts";
import { cisPack, detections } from "../../detections/index.ts";
import type { SavedQuery } from "../../terraform/deployment.ts";
import { retargetRecord } from "../attack/retarget-record.ts";
import { serviceLogLine } from "../attack/service-log-line.ts";
import { parseQuery } from "../aws/logs/insights/parse.ts";
import type { QueriedEvent } from "../aws/logs/insights/query.ts";
import { type QueryResult, runQuery } from "../aws/logs/insights/run.ts";
import { deployedScope } from "../scope.ts";
import { account, deploymentOf } from "../testing/deployment.ts";

const NOW = Date.UTC(2026, 2, 2, 9);
const deployment = deploymentOf({ CIS_PACK: "true" });
const scope = deployedScope("dev", deployment);
const all = [...detections, ...cisPack];

function savedQueryOf(id: string): SavedQuery {
  const query = deployment.savedQueries.find(({ name }) => name === `cipherwatch-dev/${id}`);
  if (query === undefined) throw new Error(`The stacks save no query for ${id}.`);
  return query;
}

function run(id: string, messages: readonly object[]): QueryResult {
  const { queryString } = savedQueryOf(id);
  const events: readonly QueriedEvent[] = messages.map((message, index) => ({
    message: JSON.stringify(message),
    timestamp: NOW + index,
    ingestionTime: NOW,
    logStreamName: "test",
    eventId: `event-${index}`,
    log: "test",
  }));
  return runQuery(parseQuery(queryString), events);
}

const isTrail = (detection: { readonly source: string }): detection is TrailDetection =>
  detection.source === "trail";

describe("the saved query", () => {
  test.each(all.map((detection) => [detection.id, detection] as const))(
    "of %s finds each event that must fire, in the log group of its detection",
    (id, detection) => {
      const messages = isTrail(detection)
        ? detection.mustFire.map(({ record }) => retargetRecord(record, scope, account))
        : detection.mustFire.map((report) => serviceLogLine(detection, scope, report, NOW));
      for (const message of messages)
        expect(run(id, [message]).matched, JSON.stringify(message)).toBe(1);
      expect(run(id, messages).rows.length).toBeGreaterThan(0);
      expect(savedQueryOf(id).logGroupNames).toEqual([
        isTrail(detection) ? scope.trailLogGroupName : scope.serviceLogGroupName,
      ]);
    },
  );

  test.each(all.filter(isTrail).map((detection) => [detection.id, detection] as const))(
    "of %s returns the caller, the address and the event id",
    (id, { mustFire }) => {
      const [example] = mustFire;
      const record = retargetRecord(example?.record ?? {}, scope, account);
      const { userIdentity, sourceIPAddress, eventID } = record;
      const { arn } = userIdentity as { readonly arn?: string };
      const { rows } = run(id, [record]);
      const values = rows.flatMap((row) => [...row.values()]);
      expect(values).toContain(sourceIPAddress);
      expect(values).toContain(eventID);
      if (arn !== undefined) expect(values.map(String).join(" ")).toContain(arn);
    },
  );
});
