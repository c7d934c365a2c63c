/**
 * An error for the operator. Its message contains no caller input and no secret, so it may be logged;
 * messages of all other errors may not.
 */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}
