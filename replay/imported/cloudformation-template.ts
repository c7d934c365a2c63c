import { type JsonObject, UnknownValue } from "./resource.ts";

/** A CloudFormation template, such as one that `cdk synth` writes. */
export interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Parameters?: Readonly<Record<string, Parameter>>;
  readonly Mappings?: JsonObject;
  readonly Conditions?: JsonObject;
  readonly Transform?: unknown;
}

export interface TemplateResource {
  readonly Type?: string;
  /** The name of a condition, or a function that returns it. */
  readonly Condition?: unknown;
  readonly Properties?: JsonObject;
  readonly Metadata?: JsonObject;
}

interface Parameter {
  readonly Type?: string;
  readonly Default?: unknown;
}

/** @returns the template with values for its parameters instead of their defaults */
export function withParameters(template: Template, values: JsonObject): Template {
  const parameters = Object.entries(template.Parameters ?? {}).map(([name, parameter]) => {
    const isUnknown = values instanceof UnknownValue;
    if (!isUnknown && !Object.hasOwn(values, name)) return [name, parameter];
    return [name, { ...parameter, Default: isUnknown ? values : values[name] }];
  });
  return { ...template, Parameters: Object.fromEntries(parameters) };
}
