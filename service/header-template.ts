import type { ServerResponse } from "node:http";

/** `_header` is where Node keeps the headers that it has validated and joined, until it sends them. */
type JoinedHeaders = ServerResponse & { _header: string };

interface Template {
  /** Seconds since the epoch, as in the header Date. */
  readonly second: number;
  /** The headers before and after the request id. */
  readonly parts: readonly string[];
}

/** Characters of a UUID, the usual request id. */
const ID_LENGTH = 36;

/**
 * Repeats the headers of responses that differ in their request id only. Node would validate and join all of them for
 * each response, which takes an eighth of the CPU of a rejection.
 * @param writeHead writes the headers of a response by Node
 * @returns a function that writes the same headers
 */
export function repeatHeaders(
  writeHead: (response: ServerResponse, requestId: string) => void,
): (response: ServerResponse, requestId: string) => void {
  let template: Template = { second: Number.NaN, parts: [] };
  return (response, requestId) => {
    const joined = response as JoinedHeaders;
    const second = Math.floor(Date.now() / 1_000);
    const fits = response.shouldKeepAlive && requestId.length === ID_LENGTH;
    if (fits && second === template.second) {
      joined._header = template.parts.join(requestId);
      return;
    }
    writeHead(response, requestId);
    const parts = joined._header.split(requestId);
    // Another header may have the same value.
    if (fits && parts.length === 2) template = { second, parts };
  };
}
