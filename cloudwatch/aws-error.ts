/** An error response of an AWS API: `code` and `message` as AWS returns them. */
export class AwsError extends Error {
  readonly code: string;
  /** HTTP status: 4xx for a client error, 5xx for a service error. */
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}
