import { readFileSync } from "node:fs";
import { z } from "zod";

/**
 * The actions that workflows may use, with the commit and the inputs of a version. Updating an action requires
 * a change of this table, so nobody moves a workflow to another commit in passing.
 */
const pins = z.record(
  z.string(),
  z.strictObject({
    version: z.string().regex(/^v\d+\.\d+\.\d+$/),
    sha: z.string().regex(/^[0-9a-f]{40}$/),
    inputs: z.array(z.string()),
    required: z.array(z.string()).default([]),
  }),
);

export const actionPins = pins.parse(
  JSON.parse(readFileSync(new URL("../../action-pins.json", import.meta.url), "utf8")),
);
