const REFERENCE = /\$\{stack:([^/}]+)\/([^}]+)\}/g;

/**
 * Refers to an attribute, within any text. A reference names the stack of the attribute until the stacks are
 * rendered, because other stacks read the attribute from that stack's state.
 */
export const reference = (stackId: string, address: string) => `\${stack:${stackId}/${address}}`;

/** @param replace receives the stack and the address of each reference, and returns what stands for it */
export function replaceReferences(
  text: string,
  replace: (stackId: string, address: string) => string,
): string {
  return text.replaceAll(REFERENCE, (_, stackId: string, address: string) =>
    replace(stackId, address),
  );
}
