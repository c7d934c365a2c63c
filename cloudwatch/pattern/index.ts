export type * from "./ast.ts";
export { FilterPatternError } from "./error.ts";
export { readField } from "./field.ts";
export { extractValues, matches, matchesJson } from "./matcher.ts";
export { parsePattern } from "./parse.ts";
export { warnings } from "./warnings.ts";
