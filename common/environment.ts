export const ENVIRONMENTS = ["dev", "prod"] as const;
export const DEFAULT_ENVIRONMENT = "dev";

/** What everything is named after, and whose defaults hold. */
export type Environment = (typeof ENVIRONMENTS)[number];
