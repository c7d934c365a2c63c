/**
 * The part of CDKTF's interface that the stacks use. It synthesizes in a fraction of the time and without CDKTF's
 * packages, for `npm run replay`, which waits for the result, and for the npm package, which does not contain CDKTF.
 * modules.ts lists the modules that are replaced. Tests compare the JSON with CDKTF's, for all stacks
 * (stacks/controls/controls.test.ts) and for those of `watch` (package/watch.test.ts). They fail if a stack uses another
 * part of CDKTF, which must then be added here.
 */
export { App, LocalBackend, S3Backend, TerraformOutput, TerraformStack } from "./elements.ts";
export { TerraformResource } from "./resource.ts";

/** References are strings here, whatever the type of the attribute. */
export const Token = { asString: String };

/** Refers to an element of a list. */
export function propertyAccess(list: unknown, [index]: readonly [number]): string {
  return String(list).replace(/\}$/, `.${index}}`);
}
