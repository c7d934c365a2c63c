/** A role that may use every monitored key, and that the settings do not expect to use any. */
export const OUTSIDER_ROLE = "lab-outsider";

/** A role without permissions. */
export const POWERLESS_ROLE = "lab-powerless";
