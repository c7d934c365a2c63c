// Generated from the service's OpenAPI document by `npm run docs`; do not edit.

export interface EncryptRequest {
  /** The name that the Text is stored under. Compared exactly. Encrypting twice under one Name creates two records. */
  readonly Name: string;
  /** The text to encrypt. May be empty. */
  readonly Text: string;
  /** From when on the Key opens nothing, in UTC. The record is deleted within minutes after. By default, a record does not expire. */
  readonly ExpiresAt?: string;
}

export interface EncryptResponse {
  /** A human-readable description of the result. */
  readonly Message: string;
  /** The Key returned by /encrypt. It opens one record, and nothing else opens that record. */
  readonly Key: string;
}

export interface DecryptRequest {
  /** The name that the Text is stored under. Compared exactly. Encrypting twice under one Name creates two records. */
  readonly Name: string;
  /** The Key returned by /encrypt. It opens one record, and nothing else opens that record. */
  readonly Key: string;
}

export interface DecryptResponse {
  /** The text to encrypt. May be empty. */
  readonly Text: string;
}

export interface ForgetRequest {
  /** The name that the Text is stored under. Compared exactly. Encrypting twice under one Name creates two records. */
  readonly Name: string;
  /** The Key returned by /encrypt. It opens one record, and nothing else opens that record. */
  readonly Key: string;
}

export interface ForgetResponse {
  /** A human-readable description of the result. */
  readonly Message: string;
}

export interface ErrorResponse {
  /** A human-readable description of the result. */
  readonly Message: string;
  /** A machine-readable error code. */
  readonly Code: ErrorCode;
  /** The X-Request-Id of this response. */
  readonly RequestId: string;
}

/** The set is closed. */
export type ErrorCode =
  | "BadRequest"
  | "MalformedJson"
  | "Unauthorized"
  | "DecryptionFailed"
  | "NotFound"
  | "MethodNotAllowed"
  | "RequestTimeout"
  | "PayloadTooLarge"
  | "UnsupportedMediaType"
  | "ExpectationFailed"
  | "InvalidRequest"
  | "TooManyRequests"
  | "QuotaExceeded"
  | "HeadersTooLarge"
  | "InternalError"
  | "DatabaseUnavailable"
  | "KmsUnavailable"
  | "TrailUnavailable"
  | "LedgerUnavailable"
  | "ErasuresPending"
  | "DeadlineExceeded"
  | "IssuerUnavailable"
  | "NotReady";

/** The operations, with what they take and return. */
export interface Operations {
  /** Encrypt and store a Text. */
  readonly encrypt: { readonly request: EncryptRequest; readonly response: EncryptResponse };
  /** Return a Text to the holder of its Key. */
  readonly decrypt: { readonly request: DecryptRequest; readonly response: DecryptResponse };
  /** Delete the record that a Key opens. */
  readonly forget: { readonly request: ForgetRequest; readonly response: ForgetResponse };
}

export const PATHS: Readonly<Record<keyof Operations, string>> = {
  encrypt: "/encrypt",
  decrypt: "/decrypt",
  forget: "/forget",
};

/** The members of each response, all of them texts. */
export const MEMBERS: Readonly<Record<keyof Operations, readonly string[]>> = {
  encrypt: ["Message", "Key"],
  decrypt: ["Text"],
  forget: ["Message"],
};
