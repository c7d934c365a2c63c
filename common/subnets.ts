import { formatAddress, parseAddress, prefixLength, validateCidr } from "./cidr.ts";

/** The IPv4 ranges of an Availability Zone's public and private subnet. */
export interface ZoneRanges {
  readonly publicCidr: string;
  readonly privateCidr: string;
}

/** RFC 1918. A VPC with public addresses could not reach their owners on the internet. */
const PRIVATE_RANGES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] as const;

/** AWS allows /16 to /28. Beyond /24, subnets would be smaller than the /27 that a load balancer needs. */
const WIDEST_VPC = 16;
const NARROWEST_VPC = 24;

/** Eight blocks: two subnets in each of up to three zones, with the first block unused. */
const BLOCK_BITS = 3;
const WIDEST_SUBNET = 24;

export const VPC_CIDRS_ALLOWED = `a /${WIDEST_VPC} to /${NARROWEST_VPC} within ${PRIVATE_RANGES.join(", ")}`;

/** @returns an error message, or undefined for a range that the VPC can have */
export function validateVpcCidr(cidr: string): string | undefined {
  const error = validateCidr(cidr);
  if (error !== undefined) return error;
  const prefix = prefixLength(cidr);
  if (prefix > NARROWEST_VPC) {
    return `a /${prefix} is too small: the load balancer's subnets would be /${prefix + BLOCK_BITS}`;
  }
  if (prefix < WIDEST_VPC) return `a /${prefix} is too large: AWS allows at most a /${WIDEST_VPC}`;
  return PRIVATE_RANGES.some((range) => isWithin(cidr, range))
    ? undefined
    : `${cidr} is not a private IPv4 range`;
}

/**
 * Divides the VPC's range into subnets. In 172.31.0.0/16, the first zone gets 172.31.1.0/24 (public) and
 * 172.31.2.0/24 (private), the second zone .3 and .4, the third zone .5 and .6.
 */
export function subnetRanges(vpcCidr: string, zoneCount: number): ZoneRanges[] {
  const prefix = Math.max(WIDEST_SUBNET, prefixLength(vpcCidr) + BLOCK_BITS);
  const first = parseAddress(firstAddress(vpcCidr));
  const block = (index: number) => `${formatAddress(first + index * 2 ** (32 - prefix))}/${prefix}`;
  return Array.from({ length: zoneCount }, (_, zone) => ({
    publicCidr: block(2 * zone + 1),
    privateCidr: block(2 * zone + 2),
  }));
}

/**
 * A text pattern for the addresses of a VPC, for filters that do not know CIDR: `172.31.*` for
 * 172.31.0.0/16. If the prefix ends within an octet, the pattern covers the wider range.
 */
export function addressWildcard(vpcCidr: string): string {
  const octets = Math.floor(prefixLength(vpcCidr) / 8);
  return [...firstAddress(vpcCidr).split(".").slice(0, octets), "*"].join(".");
}

function isWithin(cidr: string, range: string): boolean {
  const bits = 32 - prefixLength(range);
  return parseAddress(firstAddress(cidr)) >>> bits === parseAddress(firstAddress(range)) >>> bits;
}

function firstAddress(cidr: string): string {
  return cidr.split("/")[0] ?? "";
}
