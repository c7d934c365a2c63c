import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { fetchedKeys, type IssuerKeys } from "./issuer-keys.ts";
import { createTestIssuer, type TestIssuer } from "./testing/issuer.ts";

const URL = "https://login.example.com/jwks";
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

let first: TestIssuer;
let second: TestIssuer;
let respond: () => Response;
let requests: number;
let keys: IssuerKeys;

beforeAll(async () => {
  [first, second] = await Promise.all([createTestIssuer("key-1"), createTestIssuer("key-2")]);
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  requests = 0;
  respond = () => Response.json(first.jwks);
  keys = fetchedKeys(URL, async () => {
    requests += 1;
    return respond();
  });
});

afterEach(() => {
  vi.useRealTimers();
});

const find = async (kid: string) =>
  await keys.find({ alg: "ES256", kid }, { payload: "", signature: "" });
const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
const fail = () => {
  throw new TypeError("fetch failed", {
    cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }),
  });
};

describe("the issuer's keys", () => {
  test("are fetched once, and kept", async () => {
    await find("key-1");
    pass(23 * HOUR);
    await find("key-1");
    expect(requests).toBe(1);
  });

  test("are fetched again for an unknown key, at most every 30 seconds", async () => {
    await find("key-1");
    respond = () => Response.json(second.jwks);
    await expect(find("key-2")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
    expect(requests).toBe(1);
    pass(30 * SECOND);
    await find("key-2");
    expect(requests).toBe(2);
    for (let attempt = 0; attempt < 5; attempt += 1) await find("unknown").catch(() => {});
    expect(requests).toBe(2);
  });

  test("no longer include a key that the issuer withdrew, after a refresh", async () => {
    await find("key-1");
    respond = () => Response.json(second.jwks);
    await keys.refresh();
    await find("key-2");
    await expect(find("key-1")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
  });
});

test("a token that names an invalid key of the issuer does not suspend refreshes", async () => {
  const invalid = { kty: "EC", crv: "P-256", x: "AA", y: "AA", kid: "key-0" };
  respond = () => Response.json({ keys: [invalid, ...first.jwks.keys] });
  await find("key-1");
  await expect(find("key-0")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
  respond = () => Response.json(second.jwks);
  await keys.refresh();
  await find("key-2");
  await expect(find("key-1")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
});

describe("while the issuer does not respond", () => {
  test.each<[string, () => Response, string]>([
    ["is unreachable", fail, "ECONNREFUSED"],
    ["returns an error", () => new Response("no", { status: 500 }), "ERR_JOSE_GENERIC"],
    ["redirects", () => Response.redirect("https://evil.example.com/", 302), "ERR_JOSE_GENERIC"],
    ["returns no JSON", () => new Response("<html>"), "ERR_JOSE_GENERIC"],
    ["returns no key set", () => Response.json({ keys: 1 }), "ERR_JWKS_INVALID"],
  ])("reports why no keys are known when it %s", async (_, response, reason) => {
    respond = response;
    await expect(find("key-1")).rejects.toMatchObject({ name: "IssuerUnavailable", reason });
    await expect(keys.refresh()).rejects.toMatchObject({ name: "IssuerUnavailable", reason });
  });

  test("is asked once in 30 seconds, however many requests need its keys", async () => {
    respond = fail;
    for (let attempt = 0; attempt < 5; attempt += 1) await find("key-1").catch(() => {});
    expect(requests).toBe(1);
    pass(30 * SECOND);
    respond = () => Response.json(first.jwks);
    await find("key-1");
    expect(requests).toBe(2);
  });

  test("known keys are accepted for a day, and unknown ones are the caller's error", async () => {
    await find("key-1");
    respond = fail;
    pass(24 * HOUR - SECOND);
    await expect(keys.refresh()).rejects.toMatchObject({ name: "IssuerUnavailable" });
    await find("key-1");
    await expect(find("key-2")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
    pass(SECOND);
    await expect(find("key-1")).rejects.toMatchObject({ name: "IssuerUnavailable" });
  });
});
