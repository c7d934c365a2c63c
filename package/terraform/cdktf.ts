import { resourceClass } from "./resource.ts";

/**
 * The part of CDKTF's interface that the stacks of `watch` use. The build of the package replaces the module
 * `cdktf` by this one, so that the same stacks are synthesized without CDKTF. If they use a part that is missing
 * here, package/watch.test.ts, which compares the results of both, fails: add the part.
 */
export {
  App,
  LocalBackend,
  S3Backend,
  TerraformOutput,
  TerraformStack,
} from "./elements.ts";

export const DataResource = resourceClass({
  kind: "resource",
  type: "terraform_data",
  attributes: ["id", "input", "output"],
});
