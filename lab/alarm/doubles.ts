/** A number that AWS writes as a Java double: `1.0`, never `1`. */
export interface Double {
  readonly double: number;
}

export type Json =
  | string
  | number
  | boolean
  | null
  | Double
  | readonly Json[]
  | { readonly [member: string]: Json | undefined };

/**
 * `1.0`, `0.25`, `1.0E7`: alarm reasons and the JSON that CloudWatch sends have numbers in this form,
 * and people match on it.
 */
export function formatDouble(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude >= 1e-3 && magnitude < 1e7)) {
    const digits = String(value);
    return digits.includes(".") ? digits : `${digits}.0`;
  }
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

/** JSON text in which each `Double` has AWS's form. Members that are `undefined` are left out. */
export function toJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isDouble(value)) return formatDouble(value.double);
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${JSON.stringify(name)}:${toJson(member)}`],
  );
  return `{${members.join(",")}}`;
}

export const double = (value: number): Double => ({ double: value });

function isDouble(value: object): value is Double {
  return "double" in value && typeof value.double === "number";
}
