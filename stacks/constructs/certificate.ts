import { AcmCertificate } from "@cdktf/provider-aws/lib/acm-certificate/index.js";
import { AcmCertificateValidation } from "@cdktf/provider-aws/lib/acm-certificate-validation/index.js";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record/index.js";
import { Construct } from "constructs";

export interface CertificateProps {
  readonly domainName: string;
  /** The domain's Route 53 zone, for the records that prove to ACM that the domain is ours. */
  readonly hostedZoneId: string;
}

const RECORD_TTL_SECONDS = 300;

/** A public certificate. ACM renews it for as long as the validation record exists. */
export class Certificate extends Construct {
  /** Resolves only once the certificate is issued, so that a listener waits for it. */
  readonly certificateArn: string;

  constructor(scope: Construct, id: string, { domainName, hostedZoneId }: CertificateProps) {
    super(scope, id);
    const certificate = new AcmCertificate(this, "Resource", {
      domainName,
      validationMethod: "DNS",
      lifecycle: { createBeforeDestroy: true }, // a listener uses the old one until then
    });
    const validationRecord = certificate.domainValidationOptions.get(0);
    const record = new Route53Record(this, "Proof", {
      zoneId: hostedZoneId,
      name: validationRecord.resourceRecordName,
      type: validationRecord.resourceRecordType,
      records: [validationRecord.resourceRecordValue],
      ttl: RECORD_TTL_SECONDS,
      allowOverwrite: true, // all certificates of a domain use the same validation record
    });
    const validation = new AcmCertificateValidation(this, "Validation", {
      certificateArn: certificate.arn,
      validationRecordFqdns: [record.fqdn],
    });
    this.certificateArn = validation.certificateArn;
  }
}
