import { expect, test } from "vitest";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { page } from "./paging.ts";

const invalidToken = new AwsError("InvalidNextToken", "no such token");

function pageOf(items: readonly string[], token: string | undefined, limit = 2) {
  return page(items, { limit, token, keyOf: (item) => item, invalidToken });
}

test("returns consecutive pages, the last one without a token", () => {
  const items = ["a", "b", "c", "d", "e"];
  const allItems: string[] = [];
  let token: string | undefined;
  do {
    const { items: pageItems, nextToken } = pageOf(items, token);
    allItems.push(...pageItems);
    token = nextToken;
  } while (token !== undefined);
  expect(allItems).toEqual(items);
});

test("returns no token with a full last page", () => {
  expect(pageOf(["a", "b"], undefined).nextToken).toBeUndefined();
});

test("does not shift pages when items are added", () => {
  const { nextToken } = pageOf(["b", "c", "d"], undefined);
  expect(pageOf(["a", "b", "c", "d"], nextToken).items).toEqual(["d"]);
});

test("rejects an unknown token", () => {
  expect(() => pageOf(["a", "b", "c"], "made up")).toThrow(invalidToken);
});
