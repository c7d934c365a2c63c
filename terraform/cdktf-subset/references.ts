/** A reference, or the beginning or end of an expression of Terraform. */
const REFERENCE = /\$\{stack:([^/}]+)\/([^}]+)\}|\$\{|\}/g;

/**
 * Returns a reference to an attribute, for use within any text. It names the stack of the attribute until the stacks
 * are rendered, because other stacks read the attribute from that stack's state.
 */
export const reference = (stackId: string, address: string) => `\${stack:${stackId}/${address}}`;

/** @param expressionOf receives the stack and the address of each reference, and returns what replaces it */
export function replaceReferences(
  text: string,
  expressionOf: (stackId: string, address: string) => string,
): string {
  let isInExpression = false;
  return text.replaceAll(REFERENCE, (token: string, stackId?: string, address?: string) => {
    if (stackId === undefined || address === undefined) {
      isInExpression = token !== "}";
      return token;
    }
    const expression = expressionOf(stackId, address);
    return isInExpression ? expression : `\${${expression}}`;
  });
}
