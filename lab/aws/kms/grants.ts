import type { Caller } from "../shared/operation.ts";
import type { EncryptionContext } from "./request-members.ts";

/** The operations that a grant can allow for a symmetric key. */
export const GRANT_OPERATIONS = [
  "CreateGrant",
  "Decrypt",
  "DescribeKey",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "ReEncryptFrom",
  "ReEncryptTo",
  "RetireGrant",
] as const;

/** A grant of a KMS key. */
export interface Grant {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly token: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly name?: string;
  readonly granteePrincipal: string;
  readonly retiringPrincipal?: string;
  readonly operations: readonly string[];
  readonly constraints?: {
    readonly EncryptionContextSubset?: EncryptionContext;
    readonly EncryptionContextEquals?: EncryptionContext;
  };
}

/**
 * Returns whether a grant allows the caller an action, such as `kms:Decrypt`.
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
 */
export function allows(
  { granteePrincipal, operations, constraints = {} }: Grant,
  action: string,
  caller: Caller,
  context: EncryptionContext,
): boolean {
  const { EncryptionContextSubset: subset = {}, EncryptionContextEquals: exact } = constraints;
  return (
    isPrincipal(granteePrincipal, caller) &&
    operations.some((operation) => action === `kms:${operation}`) &&
    includes(context, subset) &&
    (exact === undefined || (includes(context, exact) && includes(exact, context)))
  );
}

export function isPrincipal(arn: string | undefined, { arn: callerArn, role }: Caller): boolean {
  return arn !== undefined && (arn === callerArn || arn === role?.arn);
}

function includes(context: EncryptionContext, subset: EncryptionContext): boolean {
  return Object.entries(subset).every(
    ([name, value]) => Object.hasOwn(context, name) && context[name] === value,
  );
}
