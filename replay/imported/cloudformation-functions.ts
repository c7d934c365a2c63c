import { UnexpandedLoop } from "./cloudformation-loops.ts";
import type { Template, TemplateResource } from "./cloudformation-template.ts";
import { isObject, UnknownValue, unknownIn } from "./resource.ts";

export interface Evaluator {
  /** Evaluates the intrinsic functions in a value. Results that are not known are an `UnknownValue`. */
  readonly evaluate: (value: unknown) => unknown;
  /** Whether the resource has no condition, or one that is not false. */
  readonly isCreated: (resource: TemplateResource) => boolean;
}

const unknown = (why: string) =>
  new UnknownValue(why, "Replace it with its value in a copy of the template.");

type Functions = Readonly<Record<string, (argument: unknown) => unknown>>;

const NO_VALUE = Symbol("AWS::NoValue");

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html */
const PSEUDO_PARAMETERS: Readonly<Record<string, unknown>> = {
  "AWS::AccountId": "111122223333",
  "AWS::NoValue": NO_VALUE,
  "AWS::Partition": "aws",
  "AWS::Region": "us-east-1",
  "AWS::StackName": "stack",
  "AWS::URLSuffix": "amazonaws.com",
};

/**
 * Creates an evaluator of a template's functions, with the defaults of its parameters.
 * @param namePropertyOf returns the property with the name of a resource, which `Ref` returns, by the resource's type
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
export function createEvaluator(
  template: Template,
  namePropertyOf: (type: string) => string | undefined,
): Evaluator {
  const { reference, attribute } = createReferences(template, namePropertyOf, evaluate);
  const functions: Functions = {
    Ref: (id) => withKnown([evaluate(id)], ([name]) => reference(String(name))),
    "Fn::GetAtt": (path) =>
      withKnown(Array.isArray(path) ? evaluate(path) : String(path).split("."), (steps) =>
        attribute(steps.map(String)),
      ),
    "Fn::Sub": (argument) => substitute(argument),
    ...textFunctions(evaluate),
    ...conditionFunctions(evaluate, (name) => condition(name)),
    "Fn::FindInMap": (path) =>
      withKnown(evaluate(path), (steps) => {
        const keys = steps.slice(0, 3).map(String);
        const found = keys.reduce<unknown>(
          (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
          template.Mappings,
        );
        const options: unknown = Array.isArray(path) ? path[3] : undefined;
        if (found === undefined && isObject(options)) return evaluate(options.DefaultValue);
        return found ?? unknown(`the mapping ${keys.join(".")} does not exist`);
      }),
  };

  function evaluate(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(evaluate).filter((item) => item !== NO_VALUE);
    if (!isObject(value) || value instanceof UnknownValue) return value;
    const loop = Object.values(value).find((item) => item instanceof UnexpandedLoop);
    if (loop !== undefined) return loop;
    if ("Fn::Transform" in value) return unknown("a macro adds to it, by Fn::Transform");
    const [[name, argument] = ["", undefined], ...more] = Object.entries(value);
    if (more.length === 0 && Object.hasOwn(functions, name)) return functions[name]?.(argument);
    if (more.length === 0 && name.startsWith("Fn::")) {
      return unknown(`it is the result of ${name}`);
    }
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, item]) => [key, evaluate(item)] as const)
        .filter(([, item]) => item !== NO_VALUE),
    );
  }

  const withoutCycles = createCycleCheck();

  function condition(name: string): unknown {
    const definition = template.Conditions?.[name];
    return definition === undefined
      ? unknown(`the condition ${name} does not exist`)
      : withoutCycles(`the condition ${name}`, () => evaluate(definition));
  }

  function substitute(argument: unknown): unknown {
    const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
    const values = isObject(variables) ? variables : {};
    const parts = String(text).split(/(\$\{[^}]*\})/);
    const evaluated = parts.map((part) => {
      const name = /^\$\{([^!}][^}]*)\}$/.exec(part)?.[1];
      if (name === undefined) return part.replace(/^\$\{!/, "${");
      if (Object.hasOwn(values, name)) return evaluate(values[name]);
      return name.includes(".") ? attribute(name.split(".")) : reference(name);
    });
    return withKnown(evaluated, (texts) => texts.map(String).join(""));
  }

  return {
    evaluate,
    isCreated: (resource) => {
      const name = evaluate(resource.Condition);
      return typeof name !== "string" || condition(name) !== false;
    },
  };
}

/** @returns functions for the values that `Ref` and `Fn::GetAtt` refer to */
function createReferences(
  template: Template,
  namePropertyOf: (type: string) => string | undefined,
  evaluate: (value: unknown) => unknown,
) {
  function reference(id: string): unknown {
    if (Object.hasOwn(PSEUDO_PARAMETERS, id)) return PSEUDO_PARAMETERS[id];
    const parameter = template.Parameters?.[id];
    if (parameter === undefined) return nameOf(id) ?? unknown(`it refers to ${id}`);
    if (parameter.Type?.startsWith("AWS::SSM::")) {
      return unknown(`it is the parameter ${id}, whose value is in Systems Manager`);
    }
    const { Type = "", Default } = parameter;
    if (Default === undefined) return unknown(`it is the parameter ${id}, which has no default`);
    if (Default instanceof UnknownValue || Array.isArray(Default)) return Default;
    return /List</.test(Type) || Type === "CommaDelimitedList"
      ? String(Default)
          .split(",")
          .map((item) => item.trim())
      : Default;
  }

  const withoutCycles = createCycleCheck();

  function nameOf(id: string): unknown {
    const resource = template.Resources[id];
    const property = namePropertyOf(resource?.Type ?? "");
    if (property === undefined) return undefined;
    return withoutCycles(`the name of ${id}`, () =>
      evaluate(resource?.Properties?.[property] ?? id),
    );
  }

  function attribute([id = "", name = ""]: readonly string[]): unknown {
    const isAlarm = template.Resources[id]?.Type?.startsWith("AWS::CloudWatch::") === true;
    const alarmName = isAlarm && name === "Arn" ? nameOf(id) : undefined;
    return typeof alarmName === "string"
      ? `arn:aws:cloudwatch:us-east-1:111122223333:alarm:${alarmName}`
      : unknown(`it refers to ${id}.${name}`);
  }

  return { reference, attribute };
}

/** @returns a function that evaluates a part of the template, or returns an `UnknownValue` if it refers to itself */
function createCycleCheck(): (part: string, evaluate: () => unknown) => unknown {
  const running = new Set<string>();
  return (part, evaluate) => {
    if (running.has(part)) return unknown(`${part} refers to itself`);
    running.add(part);
    try {
      return evaluate();
    } finally {
      running.delete(part);
    }
  };
}

function textFunctions(evaluate: (value: unknown) => unknown): Functions {
  return {
    "Fn::Join": (argument) =>
      withKnown(evaluate(argument), ([separator, parts]) =>
        withKnown(parts, (texts) => texts.map(String).join(String(separator))),
      ),
    "Fn::Select": (argument) =>
      withKnown(evaluate(argument), ([index, list]) =>
        withKnown(list, (items) => items[Number(index)] ?? unknown("Fn::Select selects nothing")),
      ),
    "Fn::Split": (argument) =>
      withKnown(evaluate(argument), ([separator, text]) => String(text).split(String(separator))),
    "Fn::Length": (argument) => withKnown(evaluate(argument), (items) => items.length),
    "Fn::ToJsonString": (argument) =>
      withKnown([evaluate(argument)], ([value]) => unknownIn(value) ?? JSON.stringify(value)),
  };
}

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html */
function conditionFunctions(
  evaluate: (value: unknown) => unknown,
  condition: (name: string) => unknown,
): Functions {
  return {
    Condition: (name) => condition(String(name)),
    "Fn::Equals": (operands) =>
      withKnown(evaluate(operands), ([left, right]) => String(left) === String(right)),
    "Fn::And": (operands) => withKnown(evaluate(operands), (all) => all.every(Boolean)),
    "Fn::Or": (operands) => withKnown(evaluate(operands), (all) => all.some(Boolean)),
    "Fn::Not": (operands) => withKnown(evaluate(operands), ([operand]) => operand !== true),
    "Fn::If": (argument) => {
      const [name, met, otherwise] = Array.isArray(argument) ? argument : [];
      const isMet = condition(String(name));
      return isMet instanceof UnknownValue ? isMet : evaluate(isMet === true ? met : otherwise);
    },
  };
}

/** Computes a result from a list. Returns the `UnknownValue` if the list or a member is one. */
function withKnown(list: unknown, compute: (items: readonly unknown[]) => unknown): unknown {
  if (list instanceof UnknownValue) return list;
  const items = Array.isArray(list) ? list : [];
  return items.find((item) => item instanceof UnknownValue) ?? compute(items);
}
