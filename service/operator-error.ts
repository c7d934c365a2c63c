/**
 * An error for whoever runs the service. Its message holds nothing that a caller sent and no secret,
 * so that it may be logged; the messages of all other errors may not.
 */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}
