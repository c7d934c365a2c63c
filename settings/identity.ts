import { createPublicKey } from "node:crypto";
import { z } from "zod";
import { validateCidr } from "../common/cidr.ts";
import type { settings as ingressSettings } from "./ingress.ts";
import type { settings as networkSettings } from "./network.ts";
import { setOf } from "./schemas.ts";
import type { settings as serviceSettings } from "./service.ts";
import { integer, type Refinement, same, setting, text, type ValuesOf } from "./setting.ts";

/** Characters of a variable in the task definition, which may have 64 KiB in total. */
const MAX_KEY_SET = 16_384;

/** Guards against typing errors, and fits the counters in the database. */
const MAX_QUOTA = 100_000_000;

const HTTPS_URL =
  /^https:\/\/[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?(\/[A-Za-z0-9._~:/%-]*)?$/;
const URL_ALLOWED = "an https URL without credentials, query and fragment";

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/);
const common = {
  kid: z.string().regex(/^[A-Za-z0-9._~:/+=-]{1,256}$/),
  alg: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/)
    .optional(),
  use: z.literal("sig").optional(),
};

/** Keeps only the public members of keys. https://www.rfc-editor.org/rfc/rfc7518#section-6 */
const PublicKeys = z.object({
  keys: z
    .array(
      z.discriminatedUnion("kty", [
        z.object({ kty: z.literal("RSA"), ...common, n: Base64Url, e: Base64Url }),
        z.object({ kty: z.literal("EC"), ...common, crv: Base64Url, x: Base64Url, y: Base64Url }),
        z.object({ kty: z.literal("OKP"), ...common, crv: Base64Url, x: Base64Url }),
      ]),
    )
    .min(1),
});

/** Removes encryption keys, which issuers publish in the same set. */
const AnyKeys = z.object({ keys: z.array(z.looseObject({})) }).transform(({ keys }) => ({
  keys: keys.filter(({ use }) => use !== "enc"),
}));

type PublicKey = z.infer<typeof PublicKeys>["keys"][number];

const RSA_BITS = 2_048;
const CURVES: ReadonlySet<string> = new Set(["P-256", "P-384", "P-521", "Ed25519"]);
const ALGORITHM = /^((RS|PS|ES)(256|384|512)|EdDSA|Ed25519)$/;

/** Whether the service can verify signatures with the key. */
function canVerify(key: PublicKey): boolean {
  if (key.alg !== undefined && !ALGORITHM.test(key.alg)) return false;
  if (key.kty !== "RSA" && !CURVES.has(key.crv)) return false;
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key, format: "jwk" });
    return key.kty !== "RSA" || (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS;
  } catch {
    return false;
  }
}

const PrivateKeys = z.object({
  keys: z.array(z.looseObject({})).refine((keys) => keys.some((key) => "d" in key || "k" in key)),
});

/** Returns the key set as compact JSON. */
const keySet = z.string().transform((json, context) => {
  const value = parseJson(json);
  const fail = (message: string) => {
    context.addIssue(message);
    return z.NEVER;
  };
  if (PrivateKeys.safeParse(value).success) {
    return fail("contains private or symmetric keys, which must never leave the issuer");
  }
  const keys = AnyKeys.pipe(PublicKeys).safeParse(value);
  if (!keys.success) return fail("is not a JSON Web Key Set of public signature keys with a kid");
  const unusable = keys.data.keys.find((key) => !canVerify(key));
  if (unusable !== undefined) {
    return fail(
      `has the key "${unusable.kid}", which cannot verify tokens: it must be a complete RSA key of ${RSA_BITS} bits or more, or a complete key on ${[...CURVES].join(", ")}`,
    );
  }
  const compact = JSON.stringify(keys.data);
  return compact.length <= MAX_KEY_SET
    ? compact
    : fail(`has ${compact.length} characters, but only ${MAX_KEY_SET} fit in a task definition`);
});

export const settings = {
  oidcIssuer: setting({
    description:
      "Issuer whose access tokens (JWT) callers must present. Anyone who reaches the service may use it if unset.",
    schema: text(HTTPS_URL, "is not a valid issuer").optional(),
    allowed: URL_ALLOWED,
    next: "copy issuer from the issuer's /.well-known/openid-configuration",
  }),

  oidcAudience: setting({
    description: "Audience (claim aud) that access tokens must have.",
    schema: text(/^[A-Za-z0-9._~:/@+-]{1,255}$/, "is not a valid audience").optional(),
    allowed: "1 to 255 letters, digits and ._~:/@+-",
    next: "set it to the identifier of this API at the issuer",
  }),

  oidcClientClaim: setting({
    description: "Claim that identifies the client. A change makes existing records inaccessible.",
    schema: text(/^[A-Za-z0-9_:./-]{1,100}$/, "is not a valid name of a claim"),
    defaults: same("sub"),
    allowed: "the name of a claim, such as sub, client_id or azp",
    next: "set it to a claim whose value the issuer never assigns to another client",
  }),

  oidcJwksUrl: setting({
    description: "URL of the issuer's keys, which the service fetches every ten minutes.",
    schema: text(HTTPS_URL, "is not a valid URL")
      .refine(
        (url) => !/^https:\/\/[^/]+:(?!443(\/|$))/.test(url),
        "has a port other than 443, which the service's security group does not allow",
      )
      .optional(),
    allowed: `${URL_ALLOWED}, on port 443`,
    next: "copy jwks_uri from the issuer's /.well-known/openid-configuration",
  }),

  oidcJwks: setting({
    description:
      "The issuer's public keys as JSON, for a network from which the service cannot reach the issuer. Deploy again when the issuer rotates its keys.",
    schema: keySet.optional(),
    allowed: `a JSON Web Key Set of public RSA, EC or OKP keys, at most ${MAX_KEY_SET} characters`,
    next: "copy what the issuer's jwks_uri returns",
    secret: true,
  }),

  oidcEgressCidrs: setting({
    description:
      "IPv4 ranges of CIPHERWATCH_OIDC_JWKS_URL. Required with VPC endpoints, because the service's security group otherwise allows only AWS.",
    schema: setOf(validateCidr),
    defaults: same([]),
    allowed: "comma-separated IPv4 ranges, such as 203.0.113.0/24,198.51.100.7/32",
    next: "ask the issuer for its ranges, or set CIPHERWATCH_OIDC_JWKS instead of the URL",
  }),

  clientMetrics: integer(0, 100, {
    description:
      "Number of clients for which each task reports metrics of their own, in addition to those that use up a quota. CloudWatch charges for each such metric.",
    defaults: same(10),
  }),

  clientRequestsPerMinute: integer(1, MAX_QUOTA, {
    description: "Requests that one client can make in a minute, with identity.",
    defaults: same(600),
  }),

  clientDecryptsPerMinute: integer(1, MAX_QUOTA, {
    description: "Requests to decrypt or forget a record that one client can make in a minute.",
    defaults: same(120),
  }),

  clientDecryptsPerDay: integer(1, MAX_QUOTA, {
    description:
      "Requests to decrypt or forget a record that one client can make in a day (UTC). This limits a client that copies records slowly.",
    defaults: same(20_000),
  }),
};

type Values = ValuesOf<
  typeof settings & typeof ingressSettings & typeof networkSettings & typeof serviceSettings
>;

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["oidcAudience", "oidcIssuer"],
    check: ({ oidcAudience, oidcIssuer }) =>
      oidcIssuer !== undefined &&
      oidcAudience === undefined &&
      "must be set if CIPHERWATCH_OIDC_ISSUER is: otherwise, the service would accept tokens issued for other services",
    allowed: "the identifier of this API at the issuer",
    next: "set it, or unset CIPHERWATCH_OIDC_ISSUER",
  },
  {
    fields: ["oidcIssuer", "oidcAudience", "oidcJwksUrl", "oidcJwks"],
    check: ({ oidcIssuer, oidcAudience, oidcJwksUrl, oidcJwks }) =>
      oidcIssuer === undefined &&
      [oidcAudience, oidcJwksUrl, oidcJwks].some((value) => value !== undefined) &&
      "must be set if another CIPHERWATCH_OIDC_… variable is: without it, the service requires no token",
    allowed: URL_ALLOWED,
    next: "set it, or unset the others",
  },
  {
    fields: ["oidcIssuer", "domainName"],
    check: ({ oidcIssuer, domainName }) =>
      oidcIssuer !== undefined &&
      domainName === undefined &&
      "needs TLS: without it, anyone on the network path can copy and use an access token",
    allowed: "an issuer, with CIPHERWATCH_DOMAIN_NAME and CIPHERWATCH_HOSTED_ZONE_ID",
    next: "set both, or unset CIPHERWATCH_OIDC_ISSUER",
  },
  {
    fields: ["oidcJwksUrl", "oidcJwks", "oidcIssuer"],
    check: ({ oidcJwksUrl, oidcJwks, oidcIssuer }) =>
      oidcIssuer !== undefined &&
      (oidcJwksUrl === undefined) === (oidcJwks === undefined) &&
      "must be set with CIPHERWATCH_OIDC_ISSUER, unless CIPHERWATCH_OIDC_JWKS is: the service needs exactly one source of keys",
    allowed: "exactly one of CIPHERWATCH_OIDC_JWKS_URL and CIPHERWATCH_OIDC_JWKS",
    next: "set one of them, and unset the other",
  },
  {
    fields: ["oidcJwksUrl", "natGateways", "vpcEndpoints", "oidcEgressCidrs"],
    check: ({ oidcJwksUrl, natGateways, vpcEndpoints, oidcEgressCidrs }) => {
      if (oidcJwksUrl === undefined) return false;
      if (natGateways === "none") {
        return "cannot be fetched: CIPHERWATCH_NAT_GATEWAYS is none, so the service can reach only AWS";
      }
      return (
        vpcEndpoints &&
        oidcEgressCidrs.length === 0 &&
        "cannot be fetched: with CIPHERWATCH_VPC_ENDPOINTS, the service's security group allows only AWS"
      );
    },
    allowed:
      "with NAT gateways; with CIPHERWATCH_VPC_ENDPOINTS, also CIPHERWATCH_OIDC_EGRESS_CIDRS",
    next: "set the keys as CIPHERWATCH_OIDC_JWKS instead, or change the network",
  },
  {
    fields: ["oidcIssuer", "recordFormat"],
    check: ({ oidcIssuer, recordFormat }) =>
      oidcIssuer !== undefined &&
      recordFormat === 1 &&
      "needs CIPHERWATCH_RECORD_FORMAT 2: records of format 1 cannot belong to a client",
    allowed: "an issuer, with CIPHERWATCH_RECORD_FORMAT 2",
    next: "finish the upgrade with CIPHERWATCH_RECORD_FORMAT=1 first, then unset CIPHERWATCH_RECORD_FORMAT and set the issuer",
  },
  {
    fields: ["oidcEgressCidrs", "oidcJwksUrl", "vpcEndpoints"],
    check: ({ oidcEgressCidrs, oidcJwksUrl, vpcEndpoints }) =>
      oidcEgressCidrs.length > 0 &&
      (oidcJwksUrl === undefined || !vpcEndpoints) &&
      "has no effect without CIPHERWATCH_OIDC_JWKS_URL and CIPHERWATCH_VPC_ENDPOINTS",
    allowed: "no ranges, unless the service fetches keys and is limited to VPC endpoints",
    next: "unset it",
  },
  {
    fields: ["clientDecryptsPerMinute", "clientRequestsPerMinute"],
    check: ({ clientDecryptsPerMinute, clientRequestsPerMinute }) =>
      clientDecryptsPerMinute > clientRequestsPerMinute &&
      "must not exceed CIPHERWATCH_CLIENT_REQUESTS_PER_MINUTE, which would apply first",
    allowed: "at most CIPHERWATCH_CLIENT_REQUESTS_PER_MINUTE",
    next: "lower it, or raise CIPHERWATCH_CLIENT_REQUESTS_PER_MINUTE",
  },
  {
    fields: ["clientDecryptsPerMinute", "clientDecryptsPerDay"],
    check: ({ clientDecryptsPerMinute, clientDecryptsPerDay }) =>
      clientDecryptsPerMinute > clientDecryptsPerDay &&
      "must not exceed CIPHERWATCH_CLIENT_DECRYPTS_PER_DAY, which would apply first",
    allowed: "at most CIPHERWATCH_CLIENT_DECRYPTS_PER_DAY",
    next: "lower it, or raise CIPHERWATCH_CLIENT_DECRYPTS_PER_DAY",
  },
];

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
