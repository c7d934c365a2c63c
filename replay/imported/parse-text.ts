import { type CollectionTag, parseDocument, type ScalarTag } from "yaml";

/**
 * Parses JSON or YAML. CloudFormation's short forms, such as `!Ref`, become objects.
 * @param name of the text, for errors
 * @param allowed the formats allowed, for errors
 * @throws Error saying what is invalid
 */
export function parseText(text: string, name: string, allowed = ""): unknown {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new Error(`${name} is not valid JSON: ${(cause as Error).message}.`, { cause });
    }
  }
  const document = parseDocument(text, { customTags: SHORT_FORMS, logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new Error(`${name} is neither JSON nor valid YAML: ${error.message} ${allowed}`);
  }
  return document.toJS();
}

const FUNCTIONS = [
  ...["Sub", "Join", "GetAtt", "Select", "Split", "FindInMap", "ImportValue"],
  ...["If", "Equals", "And", "Or", "Not", "Base64", "Cidr", "GetAZs", "Length", "ToJsonString"],
  "Transform",
];

/** CloudFormation's short forms, such as `!Ref`: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html */
const SHORT_FORMS = ["Ref", "Condition", ...FUNCTIONS].flatMap(
  (name): (ScalarTag | CollectionTag)[] => {
    const key = FUNCTIONS.includes(name) ? `Fn::${name}` : name;
    const tag = `!${name}`;
    return [
      { tag, resolve: (value: string) => ({ [key]: value }) },
      ...(["seq", "map"] as const).map(
        (collection): CollectionTag => ({
          tag,
          collection,
          resolve: (value) => ({ [key]: "toJSON" in value ? value.toJSON() : value }),
        }),
      ),
    ];
  },
);
