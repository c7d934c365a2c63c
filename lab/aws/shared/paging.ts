import type { AwsError } from "../../../cloudwatch/aws-error.ts";

interface Paging<Item> {
  readonly limit: number;
  /** The next token returned with the previous page. */
  readonly token: string | undefined;
  /** Returns a key that is unique among the items. */
  readonly keyOf: (item: Item) => string;
  /** The service's error for a token that it did not return. */
  readonly invalidToken: AwsError;
}

/**
 * Returns the page of `items` after `token`. The token identifies the last item of the previous page,
 * so items added in between do not shift the pages.
 * @throws `invalidToken`
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
  const pageItems = items.slice(start, start + limit);
  const last = pageItems.at(-1);
  const hasMore = last !== undefined && start + limit < items.length;
  return { items: pageItems, nextToken: hasMore ? tokenOf(keyOf(last)) : undefined };
}

const tokenOf = (key: string) => Buffer.from(key).toString("base64");
