import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { settingsOf } from "../../settings/testing.ts";
import type { Block } from "../../terraform/json.ts";
import { CHEAPEST_DEV, OFFICE_HOURS } from "../controls/configurations.ts";
import { synthesize } from "../synthesize.ts";
import { resourcesOf } from "./synthesized.ts";

/** The cheapest dev with operating hours, and with every log group and queue. */
export const cheapDev = synthesize(
  settingsOf({
    ...CHEAPEST_DEV,
    ...OFFICE_HOURS,
    IMAGE_DIGEST: PLACEHOLDER_DIGEST,
    GITHUB_REPOSITORY: "example-org/cipherwatch",
    EXECUTE_COMMAND: "true",
    ERASURE_LEDGER: "true",
    ALARM_QUEUE: "true",
  }),
);

export const stackOf = (id: string) => cheapDev.get(id) ?? {};

/** The resources of a type in all stacks. */
export const allOf = (type: string): readonly Block[] =>
  [...cheapDev.values()].flatMap((stack) => Object.values(resourcesOf(stack, type)));
