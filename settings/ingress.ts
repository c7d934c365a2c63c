import { prefixLength, validateCidr } from "../common/cidr.ts";
import { text, whole } from "./kinds.ts";
import { listOf } from "./lists.ts";
import type { Rule, ValuesOf } from "./setting.ts";

/** Prefix of the widest range that may send secrets in plain text: one of the old class A networks. */
const WIDEST_WITHOUT_TLS = 8;

/** What a rate rule of AWS WAF takes as its limit. */
const LEAST_RATE = 10;
const MOST_RATE = 2_000_000_000;

export const settings = {
  /** IPv4 ranges that may reach the service. None unless said otherwise. */
  allowedCidrs: listOf(validateCidr, {
    allowed: "IPv4 ranges with commas between them, such as 203.0.113.0/24,198.51.100.7/32",
    next: "write each as its first address, a slash and the length of its prefix",
  }).byDefault([]),

  /** Name under which the service answers, with TLS. None unless said otherwise: plain HTTP. */
  domainName: text(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, {
    wrong: "this is no name of a host",
    allowed: "a host's full name in lower case, such as vault.example.com",
    next: "set it to a name in the zone of CIPHERWATCH_HOSTED_ZONE_ID",
  }).optional(),

  /** Route 53 zone that the domain is in. None unless said otherwise. */
  hostedZoneId: text(/^[A-Z0-9]{1,32}$/, {
    wrong: "this is no id of a hosted zone",
    allowed: "up to 32 capital letters and digits",
    next: "take it from `aws route53 list-hosted-zones`, without /hostedzone/",
  }).optional(),

  /** Requests that one address may make in five minutes. */
  requestLimit: whole(LEAST_RATE, MOST_RATE).byDefault(2000),

  /** Of these, requests that try a Key. */
  decryptLimit: whole(LEAST_RATE, MOST_RATE).byDefault(300),

  /** Requests that an address of bad reputation may make in five minutes. */
  reputationLimit: whole(LEAST_RATE, MOST_RATE).byDefault(100),
};

const NEVER_REACHED = "it would never be reached";
const BELOW_REQUEST_LIMIT = {
  allowed: "at most CIPHERWATCH_REQUEST_LIMIT",
  next: "lower it, or raise CIPHERWATCH_REQUEST_LIMIT",
};

export const rules: readonly Rule<ValuesOf<typeof settings>>[] = [
  {
    among: ["hostedZoneId", "domainName"],
    wrongWith: ({ hostedZoneId, domainName }) =>
      domainName !== undefined &&
      hostedZoneId === undefined &&
      "TLS for the domain needs the zone that the domain is in",
    allowed: "the id of a Route 53 zone, where CIPHERWATCH_DOMAIN_NAME is set",
    next: "set it, or unset CIPHERWATCH_DOMAIN_NAME for plain HTTP",
  },
  {
    among: ["domainName", "hostedZoneId"],
    wrongWith: ({ domainName, hostedZoneId }) =>
      hostedZoneId !== undefined &&
      domainName === undefined &&
      "a zone without a domain in it is of no use",
    allowed: "a host's full name, where CIPHERWATCH_HOSTED_ZONE_ID is set",
    next: "set it, or unset CIPHERWATCH_HOSTED_ZONE_ID for plain HTTP",
  },
  {
    among: ["allowedCidrs", "domainName"],
    wrongWith: ({ allowedCidrs, domainName }) =>
      domainName === undefined &&
      allowedCidrs.some((cidr) => prefixLength(cidr) < WIDEST_WITHOUT_TLS) &&
      "so many addresses may not send secrets without TLS",
    allowed: `without a domain, ranges of /${WIDEST_WITHOUT_TLS} or narrower`,
    next: "narrow it, or set CIPHERWATCH_DOMAIN_NAME and CIPHERWATCH_HOSTED_ZONE_ID",
  },
  {
    among: ["decryptLimit", "requestLimit"],
    wrongWith: ({ decryptLimit, requestLimit }) => decryptLimit > requestLimit && NEVER_REACHED,
    ...BELOW_REQUEST_LIMIT,
  },
  {
    among: ["reputationLimit", "requestLimit"],
    wrongWith: ({ reputationLimit, requestLimit }) =>
      reputationLimit > requestLimit && NEVER_REACHED,
    ...BELOW_REQUEST_LIMIT,
  },
];
