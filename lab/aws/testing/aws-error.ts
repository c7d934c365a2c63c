import { expect } from "vitest";

/** Matches an AwsError. */
export const awsError = (code: string, message: unknown = expect.any(String), status = 400) =>
  expect.objectContaining({ code, message, status });
