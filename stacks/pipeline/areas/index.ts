import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { alarmEvents } from "./alarm-events.ts";
import { alarms } from "./alarms.ts";
import type { Area } from "./area.ts";
import { database } from "./database.ts";
import { domain, loadBalancer, requestShifting, webAcl } from "./ingress.ts";
import { keys } from "./keys.ts";
import { network } from "./network.ts";
import { registry } from "./registry.ts";
import { roles } from "./roles.ts";
import { service } from "./service.ts";
import { storage } from "./storage.ts";
import { trail } from "./trail.ts";

/** Part of a policy's name → its areas. IAM allows 6,144 characters in a policy and ten policies for a role. */
const GROUPS: Readonly<Record<string, readonly ((stack: CipherwatchStack) => Area)[]>> = {
  network: [network, requestShifting],
  data: [keys, storage, registry, database],
  service: [service, loadBalancer, webAcl, domain],
  watch: [trail, alarms, alarmEvents, roles],
};

/**
 * Permissions for all resources of the stacks except bootstrap. They are restricted by name, by the tags of
 * the environment or, if AWS supports neither, by region.
 *
 * Two kinds of permissions are missing on purpose: to read the value of a secret, and to destroy or stop
 * anything that holds data or evidence (keys, buckets, the database, the registry, the trail, log groups).
 * Only a person can do that.
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export function permissionsOf(
  stack: CipherwatchStack,
): readonly (Area & { readonly id: string })[] {
  return Object.entries(GROUPS).map(([id, areas]) => ({
    id,
    read: areas.flatMap((area) => area(stack).read),
    write: areas.flatMap((area) => area(stack).write),
  }));
}
