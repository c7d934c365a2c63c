/**
 * CloudWatch grew up with the Query protocol and calls some errors by another name there than its
 * model does: `InvalidParameterValue` on the wire is the shape `InvalidParameterValueException`.
 * JSON and CBOR answers carry the shape, and the Query code in the header `x-amzn-query-error`.
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

/** The shape of an error that is given by its Query code or already by its shape. */
export function errorShape(name: string): string {
  return SHAPE_OF_CODE[name] ?? name;
}

/** The Query code of an error that is given by its shape or already by its Query code. */
export function queryCode(name: string): string {
  return CODE_OF_SHAPE[name] ?? name;
}

/** The header that lets clients of a former Query service find the code that they know. */
export function queryErrorHeader(name: string, status: number): Record<string, string> {
  return { "x-amzn-query-error": `${queryCode(name)};${status < 500 ? "Sender" : "Receiver"}` };
}
