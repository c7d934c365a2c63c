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

/** Returns the shape of an error named by its Query code or its shape. */
export function errorShape(name: string): string {
  return SHAPE_OF_CODE[name] ?? name;
}

/** Returns the Query code of an error named by its shape or its Query code. */
export function queryCode(name: string): string {
  return CODE_OF_SHAPE[name] ?? name;
}

/** Returns the header in which clients of a former Query service look for the error code. */
export function queryErrorHeader(name: string, status: number): Record<string, string> {
  return { "x-amzn-query-error": `${queryCode(name)};${status < 500 ? "Sender" : "Receiver"}` };
}
