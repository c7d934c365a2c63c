import type { IncomingMessage } from "node:http";
import type { MiddlewareHandler } from "hono";
import type { RequestEnv } from "./request.ts";

/** Milliseconds without a byte after which a client is taken to send no more. */
const SILENCE = 500;

/**
 * Lets a body that is refused unread arrive before its answer leaves. A connection that is closed while
 * its client still sends is reset: most clients then never see the answer, and a load balancer answers
 * 502 in its place.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
 * @param longest milliseconds to go on for
 */
export function receiveRefusedBody(longest: number): MiddlewareHandler<RequestEnv> {
  return async (context, next) => {
    await next();
    const incoming: IncomingMessage | undefined = context.env?.incoming;
    // Past its deadline a request has been waited for enough.
    if (incoming === undefined || incoming.complete || context.get("deadline")?.aborted) return;
    if (!(await arrives(incoming, longest))) context.header("Connection", "close");
  };
}

function arrives(incoming: IncomingMessage, longest: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(silence);
      clearTimeout(end);
      incoming.off("data", heard);
      resolve(incoming.complete);
    };
    const silence = setTimeout(settle, SILENCE);
    const end = setTimeout(settle, longest);
    const heard = () => void silence.refresh();
    incoming.once("close", settle).once("end", settle).once("error", settle);
    incoming.on("data", heard);
    incoming.resume();
  });
}
