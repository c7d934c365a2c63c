/** A placeholder for an issuer's key set. The lab's service fetches the keys of the lab's own issuer instead. */
const PLACEHOLDER_KEYS = {
  keys: [
    {
      kty: "EC",
      kid: "lab",
      crv: "P-256",
      x: "1031QCV-qZeemkWiCd30LBGO4uBESfYINYD98cF4LAU",
      y: "vygBkF11ne70WHc-0LmhZMrdgGHhlhhKnL7Ask04CTE",
    },
  ],
};

/** Quotas that the other attacks do not reach, and that an attack exhausts within seconds. */
const QUOTAS = {
  CIPHERWATCH_CLIENT_DECRYPTS_PER_MINUTE: "300",
  CIPHERWATCH_CLIENT_DECRYPTS_PER_DAY: "400",
};

/**
 * Returns the settings that turn identity on in the lab. The stacks need the domain and the keys, which have no effect
 * in the lab.
 * @param variables the user's settings, which take precedence
 */
export function identityVariables(
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  if (variables.CIPHERWATCH_OIDC_ISSUER) return {};
  return {
    CIPHERWATCH_OIDC_ISSUER: "https://login.example.com",
    CIPHERWATCH_OIDC_AUDIENCE: "https://vault.example.com",
    CIPHERWATCH_OIDC_JWKS: JSON.stringify(PLACEHOLDER_KEYS),
    ...QUOTAS,
    ...(variables.CIPHERWATCH_DOMAIN_NAME
      ? {}
      : {
          CIPHERWATCH_DOMAIN_NAME: "vault.example.com",
          CIPHERWATCH_HOSTED_ZONE_ID: "Z0123456789EXAMPLE",
        }),
  };
}
