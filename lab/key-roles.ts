/** Roles of the lab that attack monitored keys. */

/** A role that may use every monitored key, and is expected to use none. */
export const OUTSIDER_ROLE = "lab-outsider";

/** A role without permissions. */
export const POWERLESS_ROLE = "lab-powerless";
