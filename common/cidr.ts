const OCTET = /(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)/.source;
const CIDR = new RegExp(`^${OCTET}(\\.${OCTET}){3}/(3[0-2]|[12]?\\d)$`);

/** @returns an error message, or undefined for a valid IPv4 range in CIDR notation */
export function validateCidr(text: string): string | undefined {
  if (!CIDR.test(text)) return `${JSON.stringify(text)} is not a valid IPv4 range`;
  const [address = "", prefix = ""] = text.split("/");
  const first = formatAddress(parseAddress(address) & mask(Number(prefix)));
  return address === first
    ? undefined
    : `${text} has bits set beyond its prefix; the range is ${first}/${prefix}`;
}

/** 24 for 203.0.113.0/24. */
export function prefixLength(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

function mask(prefix: number): number {
  return prefix === 0 ? 0 : -1 << (32 - prefix); // JavaScript shifts by 32 as if by 0
}

/** The 32 bits of an IPv4 address: negative from 128.0.0.0 on. */
export function parseAddress(address: string): number {
  return address.split(".").reduce((bits, octet) => (bits << 8) | Number(octet), 0);
}

export function formatAddress(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join(".");
}
