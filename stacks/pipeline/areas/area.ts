import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import type { Condition, Statement } from "../../constructs/policy.ts";

/** What the pipeline may do with one part of AWS. */
export interface Area {
  /** What Terraform reads to plan. */
  readonly read: readonly Statement[];
  /** What it changes, beyond that, to apply. */
  readonly write: readonly Statement[];
}

/** As in the tags that the provider gives everything. */
const PROJECT = "cipherwatch";

/** It exists and has this environment's tags. */
export function existing({ settings }: CipherwatchStack): Condition[] {
  return [
    ["StringEquals", "aws:ResourceTag/Project", PROJECT],
    ["StringEquals", "aws:ResourceTag/Environment", settings.env],
  ];
}

/** It gets this environment's tags by this very call. */
export function beingTagged({ settings }: CipherwatchStack): Condition[] {
  return [
    ["StringEquals", "aws:RequestTag/Project", PROJECT],
    ["StringEquals", "aws:RequestTag/Environment", settings.env],
  ];
}

/** It has no tags of this project: it has just been made, by us or as part of something of ours. */
export const UNTAGGED: Condition = ["Null", "aws:ResourceTag/Project", "true"];

/** Actions for which AWS lets no resource be named, in one region at least. */
export function onAnything(
  { settings }: CipherwatchStack,
  sid: string,
  actions: readonly string[],
  ...conditions: readonly Condition[]
): Statement {
  return {
    sid,
    actions,
    resources: ["*"],
    conditions: [["StringEquals", "aws:RequestedRegion", settings.region], ...conditions],
  };
}
