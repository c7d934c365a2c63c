import { ExpectedError } from "./expected-error.ts";

/** Every error code with its HTTP status. The set is closed: callers may rely on it. */
export const problemStatus = {
  BadRequest: 400,
  MalformedJson: 400,
  Unauthorized: 401,
  DecryptionFailed: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  RequestTimeout: 408,
  PayloadTooLarge: 413,
  UnsupportedMediaType: 415,
  ExpectationFailed: 417,
  InvalidRequest: 422,
  TooManyRequests: 429,
  QuotaExceeded: 429,
  HeadersTooLarge: 431,
  InternalError: 500,
  DatabaseUnavailable: 503,
  KmsUnavailable: 503,
  TrailUnavailable: 503,
  LedgerUnavailable: 503,
  ErasuresPending: 503,
  DeadlineExceeded: 503,
  IssuerUnavailable: 503,
  NotReady: 503,
} as const;

export type ProblemCode = keyof typeof problemStatus;

/** Header of errors that may be gone when the request is tried again, in seconds. */
export const RETRY_LATER = { "Retry-After": "2" };

/** An error returned to the caller. Its message is sent as is and never logged. */
export class Problem extends ExpectedError {
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  /** Members of the response body in addition to Message, Code and RequestId. */
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
