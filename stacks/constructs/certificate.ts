import { AcmCertificate } from "@cdktf/provider-aws/lib/acm-certificate/index.js";
import { AcmCertificateValidation } from "@cdktf/provider-aws/lib/acm-certificate-validation/index.js";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record/index.js";
import { Construct } from "constructs";

export interface CertificateProps {
  readonly domainName: string;
  /** Route 53 zone that the domain is in: there ACM looks for the proof that the domain is ours. */
  readonly hostedZoneId: string;
}

const RECORD_TTL_SECONDS = 300;

/** A public certificate that ACM renews by itself, as long as its record stays in the zone. */
export class Certificate extends Construct {
  /** Of a certificate that is issued: whoever takes it waits for that. */
  readonly certificateArn: string;

  constructor(scope: Construct, id: string, { domainName, hostedZoneId }: CertificateProps) {
    super(scope, id);
    const certificate = new AcmCertificate(this, "Resource", {
      domainName,
      validationMethod: "DNS",
      lifecycle: { createBeforeDestroy: true }, // a listener holds the old one
    });
    const proof = certificate.domainValidationOptions.get(0);
    const record = new Route53Record(this, "Proof", {
      zoneId: hostedZoneId,
      name: proof.resourceRecordName,
      type: proof.resourceRecordType,
      records: [proof.resourceRecordValue],
      ttl: RECORD_TTL_SECONDS,
      allowOverwrite: true, // ACM asks for the same record for each certificate of a domain
    });
    const validation = new AcmCertificateValidation(this, "Validation", {
      certificateArn: certificate.arn,
      validationRecordFqdns: [record.fqdn],
    });
    this.certificateArn = validation.certificateArn;
  }
}
