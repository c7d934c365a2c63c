import { javaDouble } from "../pattern/json-number.ts";

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

/** JSON text in which each `Double` has AWS's form. Members that are `undefined` are left out. */
export function toJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isDouble(value)) return javaDouble(value.double);
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${JSON.stringify(name)}:${toJson(member)}`],
  );
  return `{${members.join(",")}}`;
}

export const double = (value: number): Double => ({ double: value });

function isDouble(value: object): value is Double {
  return "double" in value && typeof value.double === "number";
}
