import { expect, test } from "vitest";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { page } from "./paging.ts";

const invalidToken = new AwsError("InvalidNextToken", "no such token");

function pageOf(items: readonly string[], token: string | undefined, limit = 2) {
  return page(items, { limit, token, keyOf: (item) => item, invalidToken });
}

test("pages follow each other without a gap, and the last one has no token", () => {
  const items = ["a", "b", "c", "d", "e"];
  const read: string[] = [];
  let token: string | undefined;
  do {
    const { items: given, nextToken } = pageOf(items, token);
    read.push(...given);
    token = nextToken;
  } while (token !== undefined);
  expect(read).toEqual(items);
});

test("a full last page has no token", () => {
  expect(pageOf(["a", "b"], undefined).nextToken).toBeUndefined();
});

test("what is added meanwhile moves nothing", () => {
  const { nextToken } = pageOf(["b", "c", "d"], undefined);
  expect(pageOf(["a", "b", "c", "d"], nextToken).items).toEqual(["d"]);
});

test("a token that was not given is refused", () => {
  expect(() => pageOf(["a", "b", "c"], "made up")).toThrow(invalidToken);
});
