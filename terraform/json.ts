/** The arguments of one block, with Terraform's names: `kms_key_id`, not `kmsKeyId`. */
export type Block = Readonly<Record<string, unknown>>;

/** Blocks of one kind: type → name → arguments. */
export type Blocks = Readonly<Record<string, Readonly<Record<string, Block>>>>;

/**
 * A synthesized stack in Terraform's JSON configuration syntax.
 * https://developer.hashicorp.com/terraform/language/syntax/json
 */
export interface TerraformJson {
  readonly terraform?: Block;
  readonly provider?: Readonly<Record<string, readonly unknown[]>>;
  readonly resource?: Blocks;
  readonly data?: Blocks;
  readonly output?: Readonly<Record<string, Block>>;
}

/** Stacks that are deployed together: stack id → Terraform JSON. */
export type Stacks = ReadonlyMap<string, TerraformJson>;
