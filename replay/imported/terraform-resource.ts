import { isKnownType, readResource } from "./cloudformation.ts";
import {
  type FileResource,
  isImportedType,
  isObject,
  type JsonObject,
  UnknownValue,
} from "./resource.ts";

/** Types of CloudFormation, by the types of Terraform that have the same properties. */
const CLOUDFORMATION_TYPES: ReadonlyMap<string, string> = new Map([
  ["aws_applicationinsights_application", "AWS::ApplicationInsights::Application"],
  ["aws_cloudformation_stack", "AWS::CloudFormation::Stack"],
  ["aws_cloudformation_stack_set", "AWS::CloudFormation::StackSet"],
  ["aws_serverlessapplicationrepository_cloudformation_stack", "AWS::Serverless::Application"],
  [
    "aws_servicecatalog_provisioned_product",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
  ],
  ["awscc_applicationinsights_application", "AWS::ApplicationInsights::Application"],
  ["awscc_cloudformation_stack", "AWS::CloudFormation::Stack"],
  ["awscc_cloudformation_stack_set", "AWS::CloudFormation::StackSet"],
  ["awscc_cloudwatch_alarm", "AWS::CloudWatch::Alarm"],
  ["awscc_cloudwatch_composite_alarm", "AWS::CloudWatch::CompositeAlarm"],
  ["awscc_cloudwatch_log_alarm", "AWS::CloudWatch::LogAlarm"],
  ["awscc_logs_metric_filter", "AWS::Logs::MetricFilter"],
  [
    "awscc_servicecatalog_cloudformation_provisioned_product",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
  ],
]);

/** A resource of Cloud Control, which has the type and the properties of a CloudFormation resource as JSON. */
const CLOUD_CONTROL = "aws_cloudcontrolapi_resource";

interface TerraformResource {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
}

/** Whether a resource creates or may create filters or alarms. Data sources do not. */
export function mayCreateAlarms({ mode, type }: TerraformResource): boolean {
  const isRead = isImportedType(type) || CLOUDFORMATION_TYPES.has(type) || type === CLOUD_CONTROL;
  return mode === "managed" && isRead;
}

/**
 * Reads a resource of a plan or state: none, one, or those of the template that it contains.
 * @param attributes values, with an `UnknownValue` for each that the file does not contain
 */
export function readTerraformResource(
  { address, type, mode }: TerraformResource,
  attributes: JsonObject,
): readonly FileResource[] {
  if (mode !== "managed") return [];
  if (isImportedType(type)) return [{ address, type, attributes }];
  if (type === CLOUD_CONTROL) return readCloudControl(address, attributes);
  const cloudFormationType = CLOUDFORMATION_TYPES.get(type);
  if (cloudFormationType === undefined) return [];
  const properties = type.includes("cloudformation_stack")
    ? {
        TemplateBody: attributes.template_body,
        TemplateURL: attributes.template_url,
        Parameters: stackParameters(attributes.parameters),
      }
    : (inPascalCase(attributes) as JsonObject);
  return readResource({ type: cloudFormationType, address, properties });
}

function readCloudControl(
  address: string,
  { type_name: type, desired_state: state }: JsonObject,
): readonly FileResource[] {
  if (typeof type !== "string" || !isKnownType(type)) return [];
  return readResource({ type, address, properties: parseState(state) });
}

/** Parses the properties; returns an `UnknownValue` if they are not known or not JSON. */
function parseState(state: unknown): JsonObject {
  if (state instanceof UnknownValue) return state as UnknownValue & JsonObject;
  try {
    return JSON.parse(String(state)) as JsonObject;
  } catch {
    return new UnknownValue("desired_state is not JSON", "Correct it.") as UnknownValue &
      JsonObject;
  }
}

/** Converts the parameters of the awscc provider's stack sets, which are a list. Those of others are an object. */
function stackParameters(parameters: unknown): unknown {
  return Array.isArray(parameters) ? inPascalCase(parameters) : parameters;
}

/** Converts names such as `metric_name` to `MetricName`, at any depth. */
function inPascalCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inPascalCase);
  if (!isObject(value) || value instanceof UnknownValue) return value;
  return Object.fromEntries(
    Object.entries(value)
      // A provider has null for properties that are not set.
      .filter(([, item]) => item !== null)
      .map(([name, item]) => [
        name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        inPascalCase(item),
      ]),
  );
}
