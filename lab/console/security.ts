import { randomBytes, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { stylesheetHash } from "./assets.ts";

/** The header that carries the console's token. A browser sends it to another origin only with that origin's consent. */
export const TOKEN_HEADER = "X-Console-Token";

const LOOPBACK = ["127.0.0.1", "localhost"];

/** Returns a random token, which only pages of the console contain. */
export const newToken = () => randomBytes(24).toString("base64url");

/** Allows scripts and connections of the console's own origin only, and nothing inline except its stylesheet. */
export const consoleHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: [stylesheetHash],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    frameSrc: ["'self'"],
    formAction: ["'none'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  crossOriginResourcePolicy: "same-origin",
  xFrameOptions: "DENY",
  referrerPolicy: "no-referrer",
  strictTransportSecurity: false,
});

/**
 * Allows a replay report its own styles, and only the console to embed it. `sandbox` gives it an origin of its
 * own, without scripts.
 */
export const reportHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: ["'unsafe-inline'"],
    imgSrc: ["data:"],
    formAction: ["'none'"],
    baseUri: ["'none'"],
    frameAncestors: ["'self'"],
    sandbox: [],
  },
  crossOriginResourcePolicy: "same-origin",
  xFrameOptions: "SAMEORIGIN",
  referrerPolicy: "no-referrer",
  strictTransportSecurity: false,
});

/**
 * Rejects requests of other websites. With DNS rebinding, a request has another Host. A request of a page of another
 * origin has that origin in `Origin`, or a mark of the browser in `Sec-Fetch-Site`.
 */
export const rejectOtherSites: MiddlewareHandler = (c, next) => {
  const { hostname, origin } = new URL(c.req.url);
  if (!LOOPBACK.includes(hostname)) {
    return Promise.resolve(c.text(`Unknown host ${hostname}; use 127.0.0.1 or localhost.`, 403));
  }
  const sender = c.req.header("Origin");
  if (sender !== undefined && sender !== origin) {
    return Promise.resolve(c.text(`Requests from ${sender} are not allowed; use ${origin}.`, 403));
  }
  const site = c.req.header("Sec-Fetch-Site") ?? "none";
  const isNavigation = c.req.header("Sec-Fetch-Mode") === "navigate" && c.req.method === "GET";
  if (site !== "none" && site !== "same-origin" && !isNavigation) {
    return Promise.resolve(
      c.text(`Requests from another site (${site}) are not allowed; open ${origin} directly.`, 403),
    );
  }
  return next();
};

/** Requires the console's token, for requests that change something. */
export function requireToken(token: string): MiddlewareHandler {
  const expected = Buffer.from(token);
  return (c, next) => {
    const received = Buffer.from(c.req.header(TOKEN_HEADER) ?? "");
    if (received.length !== expected.length || !timingSafeEqual(received, expected)) {
      return Promise.resolve(
        c.text(`${TOKEN_HEADER} is missing or outdated; reload the console.`, 403),
      );
    }
    return next();
  };
}
