import { cidrProblem, prefixLength } from "./cidr.ts";
import { text, whole } from "./kinds.ts";
import { listOf } from "./lists.ts";
import { byDefault, optional, rulesFor, type ValuesOf } from "./setting.ts";

/** Prefix of the widest range that may send secrets in plain text: one of the old class A networks. */
const WIDEST_WITHOUT_TLS = 8;

/** What a rate rule of AWS WAF takes as its limit. */
const LEAST_RATE = 10;
const MOST_RATE = 2_000_000_000;

export const settings = {
  /** IPv4 ranges that may reach the service. None unless said otherwise. */
  allowedCidrs: byDefault(
    [],
    listOf(cidrProblem, {
      allowed: "IPv4 ranges with commas between them, such as 203.0.113.0/24,198.51.100.7/32",
      next: "write each as its first address, a slash and the length of its prefix",
    }),
  ),

  /** Name under which the service answers, with TLS. None unless said otherwise: plain HTTP. */
  domainName: optional(
    text(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, {
      wrong: "this is no name of a host",
      allowed: "a host's full name in lower case, such as vault.example.com",
      next: "set it to a name in the zone of CIPHERWATCH_HOSTED_ZONE_ID",
    }),
  ),

  /** Route 53 zone that the domain is in. None unless said otherwise. */
  hostedZoneId: optional(
    text(/^[A-Z0-9]{1,32}$/, {
      wrong: "this is no id of a hosted zone",
      allowed: "up to 32 capital letters and digits",
      next: "take it from `aws route53 list-hosted-zones`, without /hostedzone/",
    }),
  ),

  /** Requests that one address may make in five minutes. */
  requestLimit: byDefault(2000, whole(LEAST_RATE, MOST_RATE)),

  /** Of these, requests that try a Key. */
  decryptLimit: byDefault(300, whole(LEAST_RATE, MOST_RATE)),

  /** Requests that an address of bad reputation may make in five minutes. */
  reputationLimit: byDefault(100, whole(LEAST_RATE, MOST_RATE)),
};

const rule = rulesFor<ValuesOf<typeof settings>>();

const NEVER_REACHED = "it would never be reached";
const BELOW_REQUEST_LIMIT = {
  allowed: "at most CIPHERWATCH_REQUEST_LIMIT",
  next: "lower it, or raise CIPHERWATCH_REQUEST_LIMIT",
};

export const rules = [
  rule(
    ["hostedZoneId", "domainName"],
    ({ hostedZoneId, domainName }) =>
      domainName !== undefined && hostedZoneId === undefined
        ? "TLS for the domain needs the zone that the domain is in"
        : undefined,
    {
      allowed: "the id of a Route 53 zone, where CIPHERWATCH_DOMAIN_NAME is set",
      next: "set it, or unset CIPHERWATCH_DOMAIN_NAME for plain HTTP",
    },
  ),
  rule(
    ["domainName", "hostedZoneId"],
    ({ domainName, hostedZoneId }) =>
      hostedZoneId !== undefined && domainName === undefined
        ? "a zone without a domain in it is of no use"
        : undefined,
    {
      allowed: "a host's full name, where CIPHERWATCH_HOSTED_ZONE_ID is set",
      next: "set it, or unset CIPHERWATCH_HOSTED_ZONE_ID for plain HTTP",
    },
  ),
  rule(
    ["allowedCidrs", "domainName"],
    ({ allowedCidrs, domainName }) =>
      domainName === undefined &&
      allowedCidrs.some((cidr) => prefixLength(cidr) < WIDEST_WITHOUT_TLS)
        ? "so many addresses may not send secrets without TLS"
        : undefined,
    {
      allowed: `without a domain, ranges of /${WIDEST_WITHOUT_TLS} or narrower`,
      next: "narrow it, or set CIPHERWATCH_DOMAIN_NAME and CIPHERWATCH_HOSTED_ZONE_ID",
    },
  ),
  rule(
    ["decryptLimit", "requestLimit"],
    ({ decryptLimit, requestLimit }) => (decryptLimit > requestLimit ? NEVER_REACHED : undefined),
    BELOW_REQUEST_LIMIT,
  ),
  rule(
    ["reputationLimit", "requestLimit"],
    ({ reputationLimit, requestLimit }) =>
      reputationLimit > requestLimit ? NEVER_REACHED : undefined,
    BELOW_REQUEST_LIMIT,
  ),
];
