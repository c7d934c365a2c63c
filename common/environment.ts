export const ENVIRONMENTS = ["dev", "prod"] as const;
export const DEFAULT_ENVIRONMENT = "dev";

/** Part of every resource name. dev is cheap and disposable; prod is redundant and deletion-protected. */
export type Environment = (typeof ENVIRONMENTS)[number];
