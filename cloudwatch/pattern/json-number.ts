/**
 * Parses JSON without losing what `JSON.parse` does: a number written as an integer becomes a
 * `bigint`, and a `number` is one that was written with a fraction or an exponent. Several times
 * slower than `JSON.parse`, so it is kept for the messages whose outcome hangs on it.
 * @throws SyntaxError, or RangeError when the message nests too deep
 */
export function parseExact(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && context?.source !== undefined && INTEGER.test(context.source)
      ? BigInt(context.source)
      : value,
  );
}

const INTEGER = /^-?\d+$/;

/** Between these, Java writes a double without an exponent. */
const SMALLEST_PLAIN = 1e-3;
const LARGEST_PLAIN = 1e7;

/**
 * A double as Java's `Double.toString` writes it, which is what AWS compares with text: `1.0`,
 * `1000.0`, `1.0E10`, `Infinity`.
 */
export function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size >= SMALLEST_PLAIN && size < LARGEST_PLAIN) {
    return Number.isInteger(value) ? `${value}.0` : String(value);
  }
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`;
}
