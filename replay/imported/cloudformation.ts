import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeText } from "../../common/text-encoding.ts";
import { createEvaluator } from "./cloudformation-functions.ts";
import {
  fromProperties,
  IMPORTED_CLOUDFORMATION_TYPES,
  namePropertyOf,
} from "./cloudformation-kinds.ts";
import { expandLoops, UnexpandedLoop } from "./cloudformation-loops.ts";
import { type Template, type TemplateResource, withParameters } from "./cloudformation-template.ts";
import { parseText } from "./parse-text.ts";
import { type FileResource, isObject, type JsonObject, UnknownValue } from "./resource.ts";

/** The location of a template. */
export interface TemplateLocation {
  /** Folder that the paths of nested templates are relative to; undefined if these cannot be files. */
  readonly folder?: string | undefined;
  /** The address of the resource that creates its stack. Default: none. */
  readonly parent?: string;
  /** The files of the templates that contain this one. Default: none. */
  readonly ancestors?: readonly string[];
}

/** A resource with the type and properties of CloudFormation, wherever it is defined. */
export interface CloudFormationResource extends TemplateLocation {
  readonly type: string;
  readonly address: string;
  readonly properties: JsonObject;
  readonly metadata?: JsonObject | undefined;
}

const PROCESSED =
  "Replay the processed template: aws cloudformation get-template --template-stage Processed --query TemplateBody --stack-name NAME";

/** Resource types that create alarms which replay cannot read, with the reason. */
const UNREAD_TYPES: ReadonlyMap<string, string> = new Map([
  [
    "AWS::ApplicationInsights::Application",
    "Application Insights chooses its alarms itself when it is deployed, so no file contains them",
  ],
  [
    "AWS::CloudWatch::LogAlarm",
    "it is an alarm on a scheduled Logs Insights query; replay evaluates metrics and metric math",
  ],
  [
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
    "the template of its product is in Service Catalog. Pass that template with another --plan",
  ],
]);

/** The properties that contain or locate a nested template, by the type of the stack. */
const STACK_TYPES: ReadonlyMap<string, string> = new Map([
  ["AWS::CloudFormation::Stack", "TemplateURL"],
  ["AWS::CloudFormation::StackSet", "TemplateURL"],
  ["AWS::Serverless::Application", "Location"],
]);

/** The types that `readResource` reads or lists. It also lists some custom resources. */
const KNOWN_TYPES = [
  ...IMPORTED_CLOUDFORMATION_TYPES,
  ...UNREAD_TYPES.keys(),
  ...STACK_TYPES.keys(),
];

export const isKnownType = (type: string): boolean => KNOWN_TYPES.includes(type);

/**
 * Reads the filters and alarms of a template. Parameters have their defaults, and resources whose condition is then
 * false are left out. Templates of nested stacks are read if they are files or part of the template.
 */
export function readTemplate(
  template: Template,
  location: TemplateLocation,
): readonly FileResource[] {
  const raw = createEvaluator(template, () => undefined);
  const expanded = expandLoops(template, raw.evaluate);
  const evaluator = createEvaluator(expanded, namePropertyOf);
  const addressOf = (id: string) =>
    location.parent === undefined ? id : `${location.parent}.${id}`;
  const resources = Object.entries(expanded.Resources).flatMap(([id, resource]) => {
    const { Type: type = "", Properties = {}, Metadata: metadata } = resource ?? {};
    if (!evaluator.isCreated(resource ?? {})) return [];
    const why = whyNotRead(id, resource ?? {});
    if (why !== undefined) return [{ address: addressOf(id), why }];
    const evaluated = evaluator.evaluate(Properties) as JsonObject;
    const name = namePropertyOf(type);
    const properties =
      name === undefined || evaluated instanceof UnknownValue
        ? evaluated
        : { ...evaluated, [name]: evaluated[name] ?? id };
    return readResource({ type, address: addressOf(id), properties, metadata, ...location });
  });
  const macros = macrosOf(template).map((macro) => ({
    address: addressOf("Transform"),
    why: `the macro ${macro} can add filters and alarms. ${PROCESSED}`,
  }));
  return [...resources, ...macros];
}

/** Matches an SDK call or command that creates a filter or an alarm. */
export const CREATING_CALL = /put-?(metric-?filter|metric-?alarm|composite-?alarm)/i;

/** Returns the reason why an entry of `Resources` cannot be read. */
function whyNotRead(id: string, resource: TemplateResource): string | undefined {
  if (resource instanceof UnexpandedLoop) {
    const body = JSON.stringify(resource.body);
    return KNOWN_TYPES.some((type) => body.includes(`"${type}"`))
      ? `${resource.why}. ${resource.next}`
      : undefined;
  }
  if (id === "Fn::Transform" || "Fn::Transform" in resource) {
    return `a macro creates it, by Fn::Transform. ${PROCESSED}`;
  }
  const type = String(resource.Type);
  if (type.endsWith("::MODULE")) {
    return `it is a CloudFormation module, whose resources are in the registry. ${PROCESSED}`;
  }
  if (!/^(Custom::|AWS::CloudFormation::CustomResource$)/.test(type)) return undefined;
  const [call] = CREATING_CALL.exec(JSON.stringify(resource.Properties ?? {})) ?? [];
  return call && `it is a custom resource that calls ${call}, which replay does not run`;
}

/** Macros of AWS that add neither filters nor alarms. */
const KNOWN_MACROS =
  /^AWS::(LanguageExtensions|Serverless-.*|SecretsManager-.*|CodeDeployBlueGreen|ServiceCatalog)$/;

/** Returns the macros that may add filters or alarms. */
function macrosOf({ Transform: transform = [] }: Template): readonly string[] {
  const macros = Array.isArray(transform) ? transform : [transform];
  return macros
    .map((macro) => String(isObject(macro) ? macro.Name : macro))
    .filter((name) => !KNOWN_MACROS.test(name));
}

/** Reads a resource: none, one, or those of a nested stack. */
export function readResource(resource: CloudFormationResource): readonly FileResource[] {
  const { type, address, properties } = resource;
  const why = UNREAD_TYPES.get(type);
  if (why !== undefined) return [{ address, why }];
  if (!isKnownType(type)) return [];
  if (properties instanceof UnknownValue) {
    return [
      { address, why: `its properties are not known: ${properties.why}. ${properties.next}` },
    ];
  }
  const imported = fromProperties(type, address, properties);
  return imported === undefined ? readNestedStack(resource) : [imported];
}

function readNestedStack(stack: CloudFormationResource): readonly FileResource[] {
  const { address, properties } = stack;
  try {
    const { template, ...location } = nestedTemplate(stack);
    if (!isObject(template) || !isObject(template.Resources)) {
      return [{ address, why: "its template has no Resources" }];
    }
    const values = parametersOf(properties.Parameters);
    const nested = withParameters(template as unknown as Template, values);
    return readTemplate(nested, { ...location, parent: address });
  } catch (error) {
    return [{ address, why: (error as Error).message }];
  }
}

/** @throws Error with the reason why the template cannot be read */
function nestedTemplate({
  type,
  properties,
  metadata,
  folder,
  ancestors = [],
}: CloudFormationResource): TemplateLocation & { readonly template: unknown } {
  const body = properties.TemplateBody;
  if (typeof body === "string" && body !== "") {
    return { template: parseText(body, "its template"), folder, ancestors };
  }
  // The CDK writes nested templates beside the parent, and names them in metadata.
  const place = metadata?.["aws:asset:path"] ?? properties[STACK_TYPES.get(type) ?? ""];
  if (typeof place !== "string" && body instanceof UnknownValue) {
    throw new Error(`its template is not known: ${body.why}. ${body.next}`);
  }
  if (typeof place !== "string" || folder === undefined || /^\w+:\/\//.test(place)) {
    const where = typeof place === "string" ? `in ${place}` : "not in this file";
    throw new Error(`its template is ${where}. Save it, and pass it with another --plan`);
  }
  const file = join(folder, place);
  if (ancestors.includes(file)) throw new Error(`its template ${place} contains itself`);
  const template = parseText(readTemplateFile(file), file);
  return { template, folder: join(file, ".."), ancestors: [...ancestors, file] };
}

function readTemplateFile(file: string): string {
  try {
    return decodeText(readFileSync(file));
  } catch (error) {
    throw new Error(`cannot read its template: ${(error as Error).message}`);
  }
}

/** Converts the parameters of a stack, which are an object, or a list for a stack set. */
function parametersOf(parameters: unknown): JsonObject {
  if (!Array.isArray(parameters)) return isObject(parameters) ? parameters : {};
  return Object.fromEntries(
    parameters
      .filter(isObject)
      .map(({ ParameterKey, ParameterValue }) => [String(ParameterKey), ParameterValue]),
  );
}
