/**
 * The names that CDKTF 0.21 generates. CDKTF documents none of them, so no other file may rely on their
 * form; names.test.ts checks them against what CDKTF synthesizes.
 */

/** The hash of the path that CDKTF appends to the name of a nested construct, as in `Topic_Policy_1A2B3C4D`. */
const PATH_HASH = /_[\dA-F]{8}(?= |$)/;

const CROSS_STACK_OUTPUT = "cross-stack-output-";
const REMOTE_STATE = /\bdata\.terraform_remote_state\.cross-stack-reference-input-([\w-]+)/g;

/** Removes the path hash from the address of a resource: `alarm/aws_sns_topic.UrgentTopic_Resource`. */
export function constructAddress(address: string): string {
  return address.replace(PATH_HASH, "");
}

/** Whether an output exists only for other stacks to read. */
export function isCrossStackOutput(outputName: string): boolean {
  return outputName.startsWith(CROSS_STACK_OUTPUT);
}

/**
 * Finds the stacks whose remote state a text refers to, such as an expression or an error of Terraform.
 * @returns stack ids in order of appearance, possibly repeated
 */
export function remoteStateStacks(text: string): readonly string[] {
  return Array.from(text.matchAll(REMOTE_STATE), ([, stack = ""]) => stack);
}
