import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { alarmEvents } from "./alarm-events.ts";
import type { Area } from "./area.ts";
import { database } from "./database.ts";
import { front } from "./ingress.ts";
import { keys } from "./keys.ts";
import { network } from "./network.ts";
import { registry } from "./registry.ts";
import { roles } from "./roles.ts";
import { service } from "./service.ts";
import { storage } from "./storage.ts";
import { watch } from "./watch.ts";

/** Areas that share a policy: IAM takes 6,144 characters in one, and ten policies for a role. */
const GROUPS: Readonly<Record<string, readonly ((stack: CipherwatchStack) => Area)[]>> = {
  network: [network],
  data: [keys, storage, registry, database],
  service: [service, front],
  watch: [watch, alarmEvents, roles],
};

/**
 * All that the stacks are made of, bootstrap apart: told by their names, by the tags that everything of
 * an environment has, or, where AWS takes neither, by the region alone.
 *
 * Two things are left out with intent. The pipeline reads no secret's value. And it neither destroys
 * nor stops what holds data or evidence: keys, buckets, the database, the registry, the trail, log
 * groups. Whoever really wants that is a person.
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export function permissionsOf(stack: CipherwatchStack): Permissions[] {
  return Object.entries(GROUPS).map(([id, areas]) => ({
    id,
    read: areas.flatMap((area) => area(stack).read),
    write: areas.flatMap((area) => area(stack).write),
  }));
}

export interface Permissions extends Area {
  /** Part of the policies' names. */
  readonly id: string;
}
