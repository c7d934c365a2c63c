import { prefixLength, validateCidr } from "../common/cidr.ts";
import type * as general from "./general.ts";
import { setOf } from "./schemas.ts";
import { flag, integer, type Refinement, same, setting, text, type ValuesOf } from "./setting.ts";

/** Prefix length of the widest IPv4 range that may reach the service without TLS. */
const WIDEST_WITHOUT_TLS = 8;

/** https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html */
const LONGEST_DOMAIN_NAME = 64;

/** Limits that AWS WAF accepts for a rate-based rule. */
const MIN_RATE = 10;
const MAX_RATE = 2_000_000_000;

export const settings = {
  allowedCidrs: setting({
    description: "IPv4 ranges that can reach the service. None by default.",
    schema: setOf(validateCidr),
    defaults: same([]),
    allowed: "comma-separated IPv4 ranges, such as 203.0.113.0/24,198.51.100.7/32",
    next: "write each range in CIDR notation: its first address, a slash and the prefix length",
  }),

  domainName: setting({
    description: "Host name of the service, which it serves with TLS. Plain HTTP if unset.",
    schema: text(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, "is not a valid host name")
      .max(
        LONGEST_DOMAIN_NAME,
        `is longer than ${LONGEST_DOMAIN_NAME} characters, the limit of a certificate's name`,
      )
      .optional(),
    allowed: `a fully qualified host name in lowercase, such as vault.example.com, of up to ${LONGEST_DOMAIN_NAME} characters`,
    next: "set it to a name in the hosted zone CIPHERWATCH_HOSTED_ZONE_ID",
  }),

  hostedZoneId: setting({
    description: "Route 53 hosted zone of the host name.",
    schema: text(/^[A-Z0-9]{1,32}$/, "is not a valid hosted zone ID").optional(),
    allowed: "up to 32 uppercase letters and digits",
    next: "copy it from `aws route53 list-hosted-zones`, without /hostedzone/",
  }),

  webAcl: flag({
    description: "Put a web ACL (AWS WAF) in front of the service. Required in prod.",
    defaults: same(true),
  }),

  requestLimit: integer(MIN_RATE, MAX_RATE, {
    description: "Requests that one IP address can make in five minutes.",
    defaults: same(2000),
  }),

  decryptLimit: integer(MIN_RATE, MAX_RATE, {
    description:
      "Requests to decrypt or forget a record that one IP address can make in five minutes.",
    defaults: same(300),
  }),

  reputationLimit: integer(MIN_RATE, MAX_RATE, {
    description: "Requests that an IP address with a bad reputation can make in five minutes.",
    defaults: same(100),
  }),
};

const BELOW_REQUEST_LIMIT = {
  allowed: "at most CIPHERWATCH_REQUEST_LIMIT",
  next: "lower it, or raise CIPHERWATCH_REQUEST_LIMIT",
};
const EXCEEDS_REQUEST_LIMIT = "must not exceed CIPHERWATCH_REQUEST_LIMIT, which would apply first";

type Values = ValuesOf<typeof settings> & Pick<ValuesOf<typeof general.settings>, "shape">;

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["webAcl", "shape"],
    check: ({ webAcl, shape }) => shape === "prod" && !webAcl && "must be true in prod",
    allowed: "true, in prod",
    next: "unset it, or use dev for a cheap environment",
  },
  {
    fields: ["hostedZoneId", "domainName"],
    check: ({ hostedZoneId, domainName }) =>
      domainName !== undefined &&
      hostedZoneId === undefined &&
      "must be set if CIPHERWATCH_DOMAIN_NAME is: TLS needs the domain's hosted zone",
    allowed: "the ID of a Route 53 hosted zone",
    next: "set it, or unset CIPHERWATCH_DOMAIN_NAME to use plain HTTP",
  },
  {
    fields: ["domainName", "hostedZoneId"],
    check: ({ domainName, hostedZoneId }) =>
      hostedZoneId !== undefined &&
      domainName === undefined &&
      "must be set if CIPHERWATCH_HOSTED_ZONE_ID is",
    allowed: "a fully qualified host name",
    next: "set it, or unset CIPHERWATCH_HOSTED_ZONE_ID to use plain HTTP",
  },
  {
    fields: ["allowedCidrs", "domainName"],
    check: ({ allowedCidrs, domainName }) =>
      domainName === undefined &&
      allowedCidrs.some((cidr) => prefixLength(cidr) < WIDEST_WITHOUT_TLS) &&
      "allows too many addresses to send secrets without TLS",
    allowed: `without TLS, ranges with a prefix length of at least ${WIDEST_WITHOUT_TLS}`,
    next: "narrow the range, or set CIPHERWATCH_DOMAIN_NAME and CIPHERWATCH_HOSTED_ZONE_ID",
  },
  {
    fields: ["decryptLimit", "requestLimit"],
    check: ({ decryptLimit, requestLimit }) => decryptLimit > requestLimit && EXCEEDS_REQUEST_LIMIT,
    ...BELOW_REQUEST_LIMIT,
  },
  {
    fields: ["reputationLimit", "requestLimit"],
    check: ({ reputationLimit, requestLimit }) =>
      reputationLimit > requestLimit && EXCEEDS_REQUEST_LIMIT,
    ...BELOW_REQUEST_LIMIT,
  },
];
