/** Sets of defaults. dev is cheap and disposable; prod is redundant and deletion-protected. */
export const SHAPES = ["dev", "prod"] as const;
export type Shape = (typeof SHAPES)[number];

export const DEFAULT_ENVIRONMENT = "dev";

/**
 * The environment is a part of every resource name. Load balancers have the shortest, of 32 characters.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
 */
export const MAX_ENVIRONMENT_LENGTH = 12;

/** @returns an error message, or undefined for the name of an environment */
export function validateEnvironment(name: string): string | undefined {
  if (!/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name))
    return "must be lower-case letters and digits, in parts that begin with a letter, joined by hyphens";
  if (name.length > MAX_ENVIRONMENT_LENGTH)
    return `has ${name.length} characters, which makes some names of AWS resources too long`;
  return /^(watch|replica)(-|$)/.test(name)
    ? "begins like the names of resources that are not an environment's"
    : undefined;
}
