import { formatJavaDouble } from "../java-double.ts";

/** A number that CloudWatch serializes as a Java double: `1.0` rather than `1`. */
export interface JsonDouble {
  readonly double: number;
}

export type Json =
  | string
  | number
  | boolean
  | null
  | JsonDouble
  | readonly Json[]
  | { readonly [member: string]: Json | undefined };

/** Serializes a value, writing each `JsonDouble` as Java does and omitting `undefined` members. */
export function stringifyJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(stringifyJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isJsonDouble(value)) return formatJavaDouble(value.double);
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${JSON.stringify(name)}:${stringifyJson(member)}`],
  );
  return `{${members.join(",")}}`;
}

export const jsonDouble = (value: number): JsonDouble => ({ double: value });

function isJsonDouble(value: object): value is JsonDouble {
  return "double" in value && typeof value.double === "number";
}
