/**
 * The part of CDKTF's interface that the stacks of `watch` use. The build of the package replaces the module
 * `cdktf` by this one, so that the same stacks are synthesized without CDKTF. Parts that other stacks use are
 * undefined in the package. If the stacks of `watch` use another part, package/watch.test.ts, which compares the
 * results of both, fails: add the part.
 */
export { App, LocalBackend, S3Backend, TerraformOutput, TerraformStack } from "./elements.ts";
