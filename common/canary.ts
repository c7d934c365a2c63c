/**
 * The canary: the service itself tries a wrong Key at each multiple of CANARY_MINUTES, so that every part
 * from KMS to the alarms' notifications is in use even when no caller makes a mistake. See
 * docs/decisions/0011-canary.md.
 */

/** At least twice as long as the canary's alarm keeps its state, so that it changes its state every time. */
export const CANARY_MINUTES = 30;

/**
 * The `record` in the encryption context of the canary's calls. Those of callers' Keys are UUIDs, so a caller
 * cannot send this value. `service/canary.ts` has the same value, because the image contains only service/.
 */
export const CANARY_RECORD = "canary";

/** Last part of the name of the canary's alarm, metric filter and topic, and the name of its metric. */
export const CANARY = "canary";
