import type { Settings } from "../settings/index.ts";

/** What whoever deploys these settings should know though none is wrong, a line each. */
export function notices(settings: Settings): readonly string[] {
  const { imageDigest, allowedCidrs, domainName } = settings;
  if (imageDigest === undefined) {
    return [
      "The service is left out, because CIPHERWATCH_IMAGE_DIGEST is not set: deploy the registry, push the image to it and set the variable to the digest that the push prints.",
    ];
  }
  if (allowedCidrs.length === 0) {
    return [
      "Nobody will reach the service, because CIPHERWATCH_ALLOWED_CIDRS is not set: set it to the address ranges to admit, such as 203.0.113.0/24.",
    ];
  }
  if (domainName === undefined) {
    return [
      "Secrets will travel to the service unencrypted, because CIPHERWATCH_DOMAIN_NAME is not set: set it, and CIPHERWATCH_HOSTED_ZONE_ID, for TLS.",
    ];
  }
  return [];
}
