const OCTET = /(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)/.source;
const CIDR = new RegExp(`^${OCTET}(\\.${OCTET}){3}/(3[0-2]|[12]?\\d)$`);

/** What is wrong with an IPv4 range in CIDR notation, if anything is. */
export function validateCidr(text: string): string | undefined {
  if (!CIDR.test(text)) return `${JSON.stringify(text)} is no IPv4 range`;
  const [address = "", prefix = ""] = text.split("/");
  const first = addressOf(numberOf(address) & maskOf(Number(prefix)));
  return address === first
    ? undefined
    : `${text} has bits beyond its prefix; the range is ${first}/${prefix}`;
}

/** 24 for 203.0.113.0/24. */
export function prefixLength(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : -1 << (32 - prefix); // a shift by 32 would shift by 0
}

/** The 32 bits of an IPv4 address; negative from 128.0.0.0 on. */
export function numberOf(address: string): number {
  return address.split(".").reduce((number, part) => (number << 8) | Number(part), 0);
}

export function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join(".");
}
