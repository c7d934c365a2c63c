import type { RequestContext } from "./request.ts";
import { RESPONSE_HEADERS } from "./response-headers.ts";

const HEADERS = Object.fromEntries(RESPONSE_HEADERS);

type Headers = Readonly<Record<string, string>>;

/** Responds with JSON. */
export function respondJson(
  context: RequestContext,
  body: object,
  status = 200,
  headers: Headers = {},
): Response {
  const type = { "Content-Type": "application/json" };
  return respond(context, JSON.stringify(body), { ...type, ...headers }, status);
}

/**
 * Responds with a body and the headers of every response. Passes them as a plain object: as a `Headers` object, which
 * Hono's own methods create, they are validated, copied and sorted for every response.
 */
export function respond(
  context: RequestContext,
  body: string,
  headers: Headers,
  status = 200,
): Response {
  const requestId = context.get("requestId");
  return new Response(body, {
    status,
    headers: { ...HEADERS, "X-Request-Id": requestId, ...headers },
  });
}
