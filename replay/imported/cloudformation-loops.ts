import type { Template } from "./cloudformation-template.ts";
import { isObject, type JsonObject, UnknownValue } from "./resource.ts";

const PREFIX = "Fn::ForEach::";

/** Represents the members of a loop whose collection is not known. */
export class UnexpandedLoop extends UnknownValue {
  readonly body: unknown;

  constructor(collection: UnknownValue, body: unknown) {
    super(`its collection is not known: ${collection.why}`, collection.next);
    this.body = body;
  }
}

type Variables = ReadonlyMap<string, string>;

/**
 * Expands the `Fn::ForEach` loops in the conditions and resources of a template.
 * @param evaluate evaluates the functions in a collection
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
 */
export function expandLoops(template: Template, evaluate: (value: unknown) => unknown): Template {
  return {
    ...template,
    ...(template.Conditions && { Conditions: expandObject(template.Conditions, new Map()) }),
    Resources: expandObject(template.Resources, new Map()) as Template["Resources"],
  };

  function expand(value: unknown, variables: Variables): unknown {
    if (typeof value === "string") return substitute(value, variables);
    if (Array.isArray(value)) return value.map((item) => expand(item, variables));
    if (!isObject(value)) return value;
    const variable = variables.get(String(value.Ref));
    if (variable !== undefined && Object.keys(value).length === 1) return variable;
    return expandObject(value, variables);
  }

  function expandObject(object: JsonObject, variables: Variables): JsonObject {
    return Object.fromEntries(
      Object.entries(object).flatMap(([key, value]) =>
        key.startsWith(PREFIX)
          ? Object.entries(expandLoop(key, value, variables))
          : [[substitute(key, variables), expand(value, variables)]],
      ),
    );
  }

  function expandLoop(key: string, loop: unknown, variables: Variables): JsonObject {
    const [identifier, list, body] = Array.isArray(loop) ? loop : [];
    const collection = evaluate(expand(list, variables));
    const items = Array.isArray(collection) ? collection : [collection];
    const unknown = Array.isArray(collection)
      ? items.find((item) => item instanceof UnknownValue)
      : collection instanceof UnknownValue
        ? collection
        : new UnknownValue(`it is ${JSON.stringify(collection)}`, "It must be a list of strings.");
    if (unknown !== undefined) return { [key]: new UnexpandedLoop(unknown, body) };
    const copies = items.map((item) =>
      expandObject(isObject(body) ? body : {}, new Map([...variables, [identifier, String(item)]])),
    );
    return Object.assign({}, ...copies);
  }
}

/** Replaces `${Name}` with the variable's value, and `&{Name}` with the letters and digits of the value. */
function substitute(text: string, variables: Variables): string {
  return text.replaceAll(/([$&])\{([^{}!]+)\}/g, (reference, sign: string, name: string) => {
    const value = variables.get(name);
    if (value === undefined) return reference;
    return sign === "$" ? value : value.replaceAll(/[^0-9A-Za-z]/g, "");
  });
}
