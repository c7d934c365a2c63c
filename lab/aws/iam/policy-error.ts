/** A policy that AWS would reject, or that the lab cannot evaluate. */
export class PolicyError extends Error {}
