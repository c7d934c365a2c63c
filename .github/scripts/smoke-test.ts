import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { variable } from "./github/environment.ts";
import { StepError, step } from "./github/step.ts";

export interface SmokeOptions {
  /** Milliseconds until the service must be ready, including the time until DNS knows its name. */
  readonly readyWithin: number;
  /** Milliseconds between attempts. */
  readonly pause: number;
  /** Milliseconds until a request times out. */
  readonly timeout: number;
}

const DEFAULTS: SmokeOptions = { readyWithin: 180_000, pause: 3000, timeout: 15_000 };

const encrypted = z.object({ Key: z.string().startsWith("cwk_") });
const decrypted = z.object({ Text: z.string() });

/** Message of `/decrypt` for a wrong Key. */
const DENIED = "Data decryption failed, make sure you have the correct key";

/**
 * Encrypts, decrypts and deletes a record with the deployed service. A wrong Key causes one failed Decrypt in
 * CloudTrail, so each deployment also triggers the alarm kms-errors. Where the service requires access tokens,
 * which the pipeline does not have, only checks that it rejects requests without one.
 * @param url of the service, without a path
 * @returns what the service does as it should
 */
export async function smokeTest(
  url: string,
  options: Partial<SmokeOptions> = {},
): Promise<readonly string[]> {
  const { readyWithin, pause, timeout } = { ...DEFAULTS, ...options };
  const { Name, Text } = record();
  const request = async (path: string, body?: unknown): Promise<Answer> => {
    const init =
      body === undefined
        ? {}
        : {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(body),
          };
    const response = await fetch(new URL(path, url), {
      ...init,
      redirect: "error",
      signal: AbortSignal.timeout(timeout),
    });
    return { status: response.status, body: parsed(await response.text()) };
  };

  await ready(() => request("/readyz"), url, readyWithin, pause);
  expectStatus("GET /healthz", await request("/healthz"), 200);

  const first = await request("/encrypt", { Name, Text });
  if (requiresToken(first)) {
    const denied = await request("/decrypt", { Name, Key: wrongKey() });
    expectStatus("POST /decrypt without an access token", denied, 401);
    return ["ready", "healthy", "rejects requests without an access token"];
  }
  const { Key } = read("POST /encrypt", encrypted, first, 200);
  const opened = read("POST /decrypt", decrypted, await request("/decrypt", { Name, Key }), 200);
  if (opened.Text !== Text) {
    throw new StepError("POST /decrypt returned another Text than was encrypted.");
  }
  const denied = await request("/decrypt", { Name, Key: wrongKey() });
  expectStatus("POST /decrypt with a wrong Key", denied, 403);
  if (!z.object({ Message: z.literal(DENIED) }).safeParse(denied.body).success) {
    throw new StepError(
      `POST /decrypt with a wrong Key must return the message ${JSON.stringify(DENIED)}.`,
    );
  }
  expectStatus("POST /forget", await request("/forget", { Name, Key }), 200);
  return ["ready", "healthy", "encrypts", "decrypts", "rejects a wrong Key", "forgets"];
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function requiresToken({ status, body }: Answer): boolean {
  return status === 401 && z.object({ Code: z.literal("Unauthorized") }).safeParse(body).success;
}

/** Test data, recognizable as such if an aborted run leaves it behind. */
function record() {
  const id = randomBytes(12).toString("hex");
  return { Name: `smoke-test-${id}`, Text: `smoke-test ${randomBytes(24).toString("base64")}` };
}

/** A well-formed Key of no record, so the request reaches KMS. */
function wrongKey(): string {
  return `cwk_${randomBytes(48).toString("base64url")}`;
}

async function ready(
  ask: () => Promise<Answer>,
  url: string,
  within: number,
  pause: number,
): Promise<void> {
  const deadline = performance.now() + within;
  let last = "";
  do {
    try {
      const answer = await ask();
      if (answer.status === 200) return;
      last = `status ${answer.status}: ${JSON.stringify(answer.body)}`;
    } catch (error) {
      const { message, cause } = error as Error;
      last = cause instanceof Error ? `${message} (${cause.message})` : message;
    }
    await wait(pause);
  } while (performance.now() < deadline);
  throw new StepError(
    `${url} was not ready within ${within / 1000} s. Last response: ${last}. If there is none, check that CIPHERWATCH_ALLOWED_CIDRS contains the runner's address: see docs/pipeline.md.`,
  );
}

function expectStatus(what: string, { status, body }: Answer, expected: number): void {
  if (status === expected) return;
  const error = z.object({ Code: z.string(), RequestId: z.string() }).safeParse(body).data;
  const details = error === undefined ? "" : ` (${error.Code}, request ${error.RequestId})`;
  throw new StepError(`${what} returned status ${status}${details}, expected ${expected}.`);
}

function read<T>(what: string, schema: z.ZodType<T>, answer: Answer, status: number): T {
  expectStatus(what, answer, status);
  const result = schema.safeParse(answer.body);
  if (result.success) return result.data;
  throw new StepError(`${what} returned status ${status} with an invalid body.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  await step(async () => {
    const url = variable("URL");
    console.log(`${url}: ${(await smokeTest(url)).join(", ")}`);
  });
}
