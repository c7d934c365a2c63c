import { describe, expect, test } from "vitest";
import { formatKey, newKey, parseKey, substituteKey } from "./key.ts";

describe("a Key", () => {
  test("is cwk_ and 64 characters that encode its id and secret", () => {
    const key = newKey();
    const text = formatKey(key);
    expect(text).toMatch(/^cwk_[A-Za-z0-9_-]{64}$/);
    expect(key.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(key.secret).toHaveLength(32);
    expect(parseKey(text)).toEqual(key);
  });

  test("has one encoding: changing any character gives another Key", () => {
    const text = formatKey(newKey());
    for (let at = 4; at < text.length; at++) {
      const other = text[at] === "A" ? "B" : "A";
      const changed = parseKey(text.slice(0, at) + other + text.slice(at + 1));
      expect(changed && formatKey(changed)).not.toBe(text);
    }
  });

  test("that replaces a malformed one is different each time", () => {
    const keys = Array.from({ length: 200 }, () => formatKey(substituteKey()));
    expect(new Set(keys).size).toBe(200);
    for (const key of keys) expect(parseKey(key)).toBeDefined();
  });

  test.each([
    ["an empty text", ""],
    ["the walkthrough's false key", "some-random-false-key"],
    ["a truncated Key", formatKey(newKey()).slice(0, -1)],
    ["a Key with an extra character", `${formatKey(newKey())}A`],
    ["a Key followed by a line break", `${formatKey(newKey())}\n`],
    ["a Key after another character", ` ${formatKey(newKey())}`],
    ["a Key with another prefix", formatKey(newKey()).replace("cwk_", "cwx_")],
    ["a prefix in upper case", formatKey(newKey()).replace("cwk_", "CWK_")],
    ["standard base64", `cwk_${"+/".repeat(32)}`],
    ["padded base64url", `cwk_${"A".repeat(62)}==`],
    ["a lone surrogate", `cwk_${"A".repeat(63)}\ud800`],
  ])("that is %s is none", (_, text) => {
    expect(parseKey(text)).toBeUndefined();
  });
});
