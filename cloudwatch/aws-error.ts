/** A refusal in AWS's own shape. */
export class AwsError extends Error {
  readonly code: string;
  /** HTTP status: 400 for the caller's fault, 500 or 503 for the service's. */
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}
