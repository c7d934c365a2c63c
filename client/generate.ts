import { writeFileSync } from "node:fs";
import { openApiDocument } from "../service/openapi.ts";

/** The part of JSON Schema that the contract uses. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<number, unknown>>;
}

export const CONTRACT_FILE = new URL("contract.ts", import.meta.url);

/** The types of the operations that take a body, from the service's OpenAPI document. */
export function contractSource(): string {
  const { paths, components } = openApiDocument(262_144, { identity: true });
  const operations = Object.entries(paths).flatMap(([path, methods]) => {
    const { post } = methods as { readonly post?: Operation };
    return post?.requestBody === undefined ? [] : [{ path, operation: post }];
  });
  const schemas = components.schemas as Readonly<Record<string, Schema>>;
  const schemaOf = (name: string): Schema => {
    const schema = schemas[name];
    if (schema === undefined) throw new Error(`The contract has no schema ${name}.`);
    return schema;
  };
  const names = [
    ...operations.flatMap(({ operation: { requestBody, responses } }) => [
      schemaNameOf(requestBody),
      schemaNameOf(responses[200]),
    ]),
    "ErrorResponse",
  ];
  const error = schemaOf("ErrorResponse").properties?.Code?.enum ?? [];
  return [
    "// Generated from the service's OpenAPI document by `npm run docs`; do not edit.",
    ...names.map((name) => `export interface ${name} ${objectType(schemaOf(name))}`),
    `/** The set is closed. */\nexport type ErrorCode =\n${error.map((code) => `  | "${code}"`).join("\n")};`,
    `/** The operations, with what they take and return. */\nexport interface Operations {\n${operations
      .map(({ operation: { operationId, summary, requestBody, responses } }) =>
        [
          `  /** ${summary}. */`,
          `  readonly ${operationId}: { readonly request: ${schemaNameOf(requestBody)}; readonly response: ${schemaNameOf(responses[200])} };`,
        ].join("\n"),
      )
      .join("\n")}\n}`,
    `export const PATHS: Readonly<Record<keyof Operations, string>> = {\n${operations
      .map(({ path, operation }) => `  ${operation.operationId}: "${path}",`)
      .join("\n")}\n};`,
    `/** The members of each response, all of them texts. */\nexport const MEMBERS: Readonly<Record<keyof Operations, readonly string[]>> = {\n${operations
      .map(({ operation: { operationId, responses } }) => {
        const { required } = schemaOf(schemaNameOf(responses[200]));
        return `  ${operationId}: ${JSON.stringify(required).replaceAll(",", ", ")},`;
      })
      .join("\n")}\n};`,
  ]
    .join("\n\n")
    .concat("\n");
}

/** The name in the reference to the schema of a body. */
function schemaNameOf(body: unknown): string {
  const name = /"\$ref":"#\/components\/schemas\/(\w+)"/.exec(JSON.stringify(body))?.[1];
  if (name === undefined) throw new Error(`No schema in ${JSON.stringify(body)}.`);
  return name;
}

function objectType({ properties = {}, required = [] }: Schema): string {
  const members = Object.entries(properties).flatMap(([name, schema]) => [
    ...(schema.description === undefined ? [] : [`  /** ${schema.description} */`]),
    `  readonly ${name}${required.includes(name) ? "" : "?"}: ${typeOf(name, schema)};`,
  ]);
  return `{\n${members.join("\n")}\n}`;
}

function typeOf(name: string, schema: Schema): string {
  if (name === "Code") return "ErrorCode";
  if (schema.type === "string" || schema.type === "boolean") return schema.type;
  if (schema.type === "integer" || schema.type === "number") return "number";
  throw new Error(`Add the schema of ${name} to client/generate.ts: ${JSON.stringify(schema)}.`);
}

if (import.meta.main) writeFileSync(CONTRACT_FILE, contractSource());
