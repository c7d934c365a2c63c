import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow, type Condition, type Statement } from "../../constructs/policy.ts";

/** Permissions of the pipeline for one area of AWS. */
export interface Area {
  /** For both roles: calls that Terraform makes to plan. */
  readonly read: readonly Statement[];
  /** For the deploy role: further calls to apply. */
  readonly write: readonly Statement[];
}

/** Value of the tag `Project`, which the provider sets on every resource. */
const PROJECT = "cipherwatch";

/** Matches existing resources with the tags of this environment. */
export function hasTags({ settings }: CipherwatchStack): Condition[] {
  return [
    ["StringEquals", "aws:ResourceTag/Project", PROJECT],
    ["StringEquals", "aws:ResourceTag/Environment", settings.env],
  ];
}

/** Matches calls that set the tags of this environment. */
export function setsTags({ settings }: CipherwatchStack): Condition[] {
  return [
    ["StringEquals", "aws:RequestTag/Project", PROJECT],
    ["StringEquals", "aws:RequestTag/Environment", settings.env],
  ];
}

/** Matches resources without a `Project` tag, which were just created, such as a VPC's default group. */
export const UNTAGGED: Condition = ["Null", "aws:ResourceTag/Project", "true"];

/** Allows actions without resource types. Restricts them to the region of the settings. */
export function onAllResources(
  { settings }: CipherwatchStack,
  sid: string,
  actions: readonly string[],
  ...conditions: readonly Condition[]
): Statement {
  const inRegion: Condition = ["StringEquals", "aws:RequestedRegion", settings.region];
  return allow(sid, ["*"], actions, inRegion, ...conditions);
}
