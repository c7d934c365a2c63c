/** Every way in which a request can fail, with its status. Callers may rely on the set being closed. */
export const problemStatus = {
  MalformedJson: 400,
  DecryptionFailed: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  PayloadTooLarge: 413,
  UnsupportedMediaType: 415,
  InvalidRequest: 422,
  TooManyRequests: 429,
  InternalError: 500,
  DatabaseUnavailable: 503,
  KmsUnavailable: 503,
  DeadlineExceeded: 503,
  NotReady: 503,
} as const;

export type ProblemCode = keyof typeof problemStatus;

/** A failure that the caller is told of. The message goes out as it is, and is never logged. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  /** Members of the answer besides those that every problem has. */
  readonly members: object;

  constructor(
    code: ProblemCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    members: object = {},
  ) {
    super(message);
    this.name = "Problem";
    this.code = code;
    this.headers = headers;
    this.members = members;
  }
}
