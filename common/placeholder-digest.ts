/**
 * A well-formed image digest that no image has. Plans, the lab and tests use it where the settings need
 * a digest and no image has been built.
 */
export const PLACEHOLDER_DIGEST = `sha256:${"0".repeat(64)}`;
