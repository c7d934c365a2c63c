import { AwsError } from "../../../cloudwatch/aws-error.ts";

const CREDENTIAL = /\bCredential=([^,\s]+)/;

/**
 * Returns the access key id of a signed request. The signature is not verified.
 * @throws AwsError if the request is not signed with an AWS Signature Version 4
 */
export function accessKeyOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization.trim() === "") {
    throw new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  const accessKeyId = CREDENTIAL.exec(authorization)?.[1]?.split("/")[0] ?? "";
  if (!authorization.startsWith("AWS4-") || accessKeyId === "") {
    throw new AwsError(
      "IncompleteSignatureException",
      "Authorization header requires 'Credential' parameter.",
    );
  }
  return accessKeyId;
}

/**
 * Returns the signing name of the requested service. It is the second to last part of the credential
 * `<access key>/<date>/<region>/<service>/aws4_request`; Signature Version 4A omits the region.
 */
export function signingNameOf(authorization: string | undefined): string | undefined {
  return CREDENTIAL.exec(authorization ?? "")?.[1]
    ?.split("/")
    .at(-2);
}
