import { DataAwsKmsKey } from "@cdktf/provider-aws/lib/data-aws-kms-key/index.js";
import { TerraformOutput } from "cdktf";
import { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { policyJson, type Statement } from "./policy.ts";

export interface ExistingKeyProps {
  readonly keyArn: string;
  /** Statements that the key's policy needs. */
  readonly grants: readonly Statement[];
  /** Name of the output that shows these statements. */
  readonly outputName: string;
}

/**
 * A KMS key that the account had before. Fails the plan if it is in another account, or cannot encrypt data keys.
 *
 * Its policy belongs to its owner, and no data source of Terraform reads it, so an output shows the statements
 * that it needs.
 */
export class ExistingKey extends Construct {
  readonly keyArn: string;

  constructor(scope: Construct, id: string, { keyArn, grants, outputName }: ExistingKeyProps) {
    super(scope, id);
    this.keyArn = keyArn;
    const stack = CipherwatchStack.of(this);
    new DataAwsKmsKey(this, "Key", {
      keyId: keyArn,
      lifecycle: {
        postcondition: [
          {
            condition: `\${self.aws_account_id == ${stack.accountId}}`,
            errorMessage: `${keyArn} is a key of account \${self.aws_account_id}. CloudTrail records its changes there, so no detection of this deployment reports them. Use a key of this account.`,
          },
          {
            condition:
              '${self.key_usage == "ENCRYPT_DECRYPT" && self.key_spec == "SYMMETRIC_DEFAULT"}',
            errorMessage: `${keyArn} has the usage \${self.key_usage} and the spec \${self.key_spec}. Records need a symmetric encryption key: ENCRYPT_DECRYPT and SYMMETRIC_DEFAULT.`,
          },
        ],
      },
    });
    new TerraformOutput(stack, outputName, { value: policyJson(this, "Policy", grants) });
  }
}
