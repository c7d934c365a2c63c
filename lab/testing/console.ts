import type { Deployment } from "../../terraform/deployment.ts";
import type { Aws } from "../aws/aws.ts";
import { createActions } from "../console/actions.ts";
import type { ReplayFiles } from "../console/replay/run.ts";
import { createConsole } from "../console/server.ts";
import type { ConsoleSources } from "../console/sources.ts";
import { deployedScope } from "../scope.ts";
import type { AdjustableClock } from "../state/clock.ts";

/** Returns the sources of a console for an AWS endpoint without the service. */
export function consoleSources(
  aws: Aws,
  deployment: Deployment,
  clock: Pick<AdjustableClock, "now" | "after">,
): ConsoleSources {
  return {
    clock: { speed: () => 60, setSpeed: () => {}, advance: () => {}, ...clock },
    startSpeed: 60,
    trailDelaySeconds: 300,
    aws,
    deployment,
    scope: deployedScope("dev", deployment),
    addressOf: (type, name) => `test/${type}.${name}`,
    urls: { service: "http://127.0.0.1:1", aws: aws.url },
  };
}

/** Creates the console of `sources`, whose attacks and replays end at once. */
export function testConsole(sources: ConsoleSources, replay?: ReplayFiles) {
  return createConsole({
    sources,
    replay: replay ?? (() => Promise.resolve("<!doctype html>")),
    actions: createActions(sources, (id) => Promise.resolve(`Ran ${id}.`)),
    state: () => ({ inbox: [] }),
  });
}
