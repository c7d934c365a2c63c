/**
 * The part of CDKTF's interface that the stacks use, for synthesis in a fraction of the time and without its packages:
 * for `npm run replay`, which waits for it, and for the npm package, which contains no CDKTF. modules.ts names what is
 * replaced. Tests compare the JSON with CDKTF's, for all stacks (stacks/controls/controls.test.ts) and for those of
 * `watch` (package/watch.test.ts). If a stack uses another part of CDKTF, they fail: add the part.
 */
export { App, LocalBackend, S3Backend, TerraformOutput, TerraformStack } from "./elements.ts";
export { TerraformResource } from "./resource.ts";

/** References are strings here, whatever the type of what they refer to. */
export const Token = { asString: String };

/** Refers to an element of a list. */
export function propertyAccess(list: unknown, [index]: readonly [number]): string {
  return String(list).replace(/\}$/, `.${index}}`);
}
