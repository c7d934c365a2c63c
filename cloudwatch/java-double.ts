/** Java writes doubles in this range without an exponent. */
const MIN_PLAIN = 1e-3;
const MAX_PLAIN = 1e7;

/**
 * Formats a number as Java's `Double.toString` does, which is how CloudWatch writes numbers and compares
 * them with text: `1.0`, `1000.0`, `1.0E10`, `Infinity`.
 */
export function formatJavaDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size >= MIN_PLAIN && size < MAX_PLAIN) {
    return Number.isInteger(value) ? `${value}.0` : String(value);
  }
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`;
}
