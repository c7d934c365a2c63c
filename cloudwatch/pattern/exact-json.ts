/**
 * Parses JSON without rounding: integers become `bigint`s, and a `number` is a value that was written with
 * a fraction or an exponent. Several times slower than `JSON.parse`, so use it only for messages whose
 * result depends on how a number was written.
 * @throws SyntaxError for invalid JSON, RangeError when the message nests too deep
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && context?.source !== undefined && INTEGER.test(context.source)
      ? BigInt(context.source)
      : value,
  );
}

const INTEGER = /^-?\d+$/;
