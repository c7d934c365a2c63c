import { z } from "zod";
import type { Resource } from "./reader.ts";

export const Name = z.string().min(1);

/**
 * Reads an attribute of a resource.
 * @throws Error with the resource, the attribute and its value
 */
export function parse<T>(resource: Resource, attribute: string, schema: z.ZodType<T>): T {
  const value = resource.get(attribute);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(
    `Cannot read ${resource.address}: ${attribute} is ${JSON.stringify(value)}: ` +
      result.error.issues.map(({ message }) => message).join("; "),
  );
}
