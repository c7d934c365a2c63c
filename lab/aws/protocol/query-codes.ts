import type { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { Service } from "../shared/operation.ts";

/**
 * The error shapes of CloudWatch, by their code in the Query protocol. Query responses carry the code
 * (`InvalidParameterValue`); JSON and CBOR responses carry the shape (`InvalidParameterValueException`)
 * and the code in the header `x-amzn-query-error`.
 * @see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
 */
const SHAPE_OF_CODE: Readonly<Record<string, string>> = {
  InternalServiceError: "InternalServiceFault",
  InvalidFormat: "InvalidFormatFault",
  InvalidParameterCombination: "InvalidParameterCombinationException",
  InvalidParameterInput: "DashboardInvalidInputError",
  InvalidParameterValue: "InvalidParameterValueException",
  LimitExceeded: "LimitExceededFault",
  MissingParameter: "MissingRequiredParameterException",
};

const CODE_OF_SHAPE = Object.fromEntries(
  Object.entries(SHAPE_OF_CODE).map(([code, shape]) => [shape, code]),
);

/** Returns the Query code of an error named by its shape or its Query code. */
export function queryCode(name: string): string {
  return CODE_OF_SHAPE[name] ?? name;
}

/** Returns the error document and its headers for the JSON and CBOR protocols. */
export function errorDocument(
  service: Service | undefined,
  { code, message, status }: AwsError,
): { readonly headers: Record<string, string>; readonly document: Record<string, string> } {
  const text = message === "" ? {} : { message };
  if (service !== "cloudwatch") return { headers: {}, document: { __type: code, ...text } };
  const fault = status < 500 ? "Sender" : "Receiver";
  return {
    // Clients of a service that used the Query protocol before read its error code from this header.
    headers: { "x-amzn-query-error": `${queryCode(code)};${fault}` },
    document: { __type: SHAPE_OF_CODE[code] ?? code, ...text },
  };
}
