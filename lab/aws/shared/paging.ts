import type { AwsError } from "../../../cloudwatch/aws-error.ts";

interface Paging<Item> {
  readonly limit: number;
  /** What the page before answered as its next token. */
  readonly token: string | undefined;
  /** Tells an item from every other one of the list. */
  readonly keyOf: (item: Item) => string;
  /** How the service refuses a token that it did not give. */
  readonly invalidToken: AwsError;
}

/**
 * The page of `items` that follows `token`. The token names the last item given, so that what is added
 * meanwhile moves no item between pages.
 */
export function page<Item>(
  items: readonly Item[],
  { limit, token, keyOf, invalidToken }: Paging<Item>,
): { readonly items: readonly Item[]; readonly nextToken: string | undefined } {
  let start = 0;
  if (token !== undefined) {
    start = items.findIndex((item) => tokenOf(keyOf(item)) === token) + 1;
    if (start === 0) throw invalidToken;
  }
  const given = items.slice(start, start + limit);
  const last = given.at(-1);
  return {
    items: given,
    nextToken:
      last !== undefined && start + limit < items.length ? tokenOf(keyOf(last)) : undefined,
  };
}

const tokenOf = (key: string) => Buffer.from(key).toString("base64");
