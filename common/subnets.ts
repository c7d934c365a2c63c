import { addressOf, numberOf, prefixLength, validateCidr } from "./cidr.ts";

/** A public and a private subnet of one zone, as IPv4 ranges. */
export interface ZoneRanges {
  readonly publicCidr: string;
  readonly privateCidr: string;
}

/** RFC 1918. Other addresses may be somebody's, who could then not be reached from the VPC. */
const PRIVATE_RANGES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] as const;

/** AWS takes /16 to /28; beyond /24 the subnets were narrower than the /27 that a load balancer needs. */
const WIDEST_VPC = 16;
const NARROWEST_VPC = 24;

/** Two subnets in each of up to three zones, and the first block left free, make eight blocks. */
const BLOCK_BITS = 3;
const WIDEST_SUBNET = 24;

export const VPC_CIDRS_ALLOWED = `a /${WIDEST_VPC} to /${NARROWEST_VPC} within ${PRIVATE_RANGES.join(", ")}`;

/** What is wrong with an IPv4 range as that of the VPC, if anything is. */
export function validateVpcCidr(cidr: string): string | undefined {
  const problem = validateCidr(cidr);
  if (problem !== undefined) return problem;
  const prefix = prefixLength(cidr);
  if (prefix > NARROWEST_VPC) {
    return `a /${prefix} is too small: the load balancer's subnets would be /${prefix + BLOCK_BITS}`;
  }
  if (prefix < WIDEST_VPC) return `AWS has no VPC as wide as a /${prefix}`;
  return PRIVATE_RANGES.some((range) => isWithin(cidr, range))
    ? undefined
    : `${cidr} is not among the private addresses`;
}

/**
 * Cuts a VPC's range into subnets: in 172.31.0.0/16 the first zone's public one is 172.31.1.0/24 and
 * its private one 172.31.2.0/24, the second zone's are .3 and .4, the third's .5 and .6.
 */
export function subnetRanges(vpcCidr: string, zoneCount: number): ZoneRanges[] {
  const prefix = Math.max(WIDEST_SUBNET, prefixLength(vpcCidr) + BLOCK_BITS);
  const [first = ""] = vpcCidr.split("/");
  const block = (index: number) =>
    `${addressOf(numberOf(first) + index * 2 ** (32 - prefix))}/${prefix}`;
  return Array.from({ length: zoneCount }, (_, zone) => ({
    publicCidr: block(2 * zone + 1),
    privateCidr: block(2 * zone + 2),
  }));
}

/**
 * The addresses of a VPC as text, for what knows no ranges: `172.31.*` for 172.31.0.0/16. Of a range that
 * ends within a number of the address it is the wider one, which is private all the same.
 */
export function addressWildcard(vpcCidr: string): string {
  const [first = ""] = vpcCidr.split("/");
  const whole = Math.floor(prefixLength(vpcCidr) / 8);
  return [...first.split(".").slice(0, whole), "*"].join(".");
}

function isWithin(cidr: string, range: string): boolean {
  const bits = 32 - prefixLength(range);
  const [first = ""] = cidr.split("/");
  const [start = ""] = range.split("/");
  return numberOf(first) >>> bits === numberOf(start) >>> bits;
}
