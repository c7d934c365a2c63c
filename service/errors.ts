import type { ErrorHandler } from "hono";
import { DatabaseUnavailable } from "./database.ts";
import { ErasuresPending } from "./erasures.ts";
import { KmsUnavailable } from "./kms.ts";
import { LogsError } from "./logs-api.ts";
import { Problem, problemStatus, RETRY_LATER } from "./problem.ts";
import type { RequestEnv } from "./request.ts";
import { respondJson } from "./response.ts";
import { errorFields, type Logger } from "./telemetry.ts";

/** Turns every error into the documented JSON form, and records its code for the access log. */
export function handleError(logger: Logger): ErrorHandler<RequestEnv> {
  return (thrown, context) => {
    const deadline: AbortSignal | undefined = context.get("deadline");
    // Once the deadline has passed, it is the cause of whatever error the work ended with.
    const error = deadline?.aborted ? deadline.reason : thrown;
    const problem = problemOf(error);
    const facts = context.get("facts");
    facts.code = problem.code;
    if (
      error instanceof KmsUnavailable ||
      error instanceof DatabaseUnavailable ||
      error instanceof LogsError
    ) {
      facts.reason = error.reason;
    }
    if (error instanceof KmsUnavailable) facts.kmsRequestId = error.requestId;
    const RequestId = context.get("requestId");
    if (problem.code === "InternalError") {
      logger.error({ requestId: RequestId, ...errorFields(error) }, "unexpected error");
    }
    const { code: Code, message: Message, headers, members } = problem;
    const body = { Message, Code, RequestId, ...members };
    return respondJson(context, body, problemStatus[Code], headers);
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof KmsUnavailable) {
    return new Problem("KmsUnavailable", "KMS is unavailable; try again later.", RETRY_LATER);
  }
  if (error instanceof DatabaseUnavailable) {
    return new Problem(
      "DatabaseUnavailable",
      "The database is unavailable; try again later.",
      RETRY_LATER,
    );
  }
  if (error instanceof LogsError) {
    return new Problem(
      "LedgerUnavailable",
      "The erasure ledger is unavailable, so the record was not deleted; try again later.",
      RETRY_LATER,
    );
  }
  if (error instanceof ErasuresPending) {
    return new Problem(
      "ErasuresPending",
      "Decrypting is suspended until earlier erasures have been applied to the database; try again later.",
      RETRY_LATER,
    );
  }
  return new Problem("InternalError", "Internal error; report it with the RequestId.");
}
