import type { Stacks } from "../../terraform/json.ts";

/** A deviation from a control. */
export interface Finding {
  /** `<stack>/<type>.<name>`, or a type without any resource in the stacks. */
  readonly address: string;
  /** Path of the attribute; empty if the finding is about more than one. */
  readonly attribute: string;
  readonly problem: string;
}

/** A way to break a check, applied to every resource that allows it. */
export interface Violation {
  readonly title: string;
  /** Stacks with the violation, and the address at which the check must find it. */
  readonly apply: (
    stacks: Stacks,
  ) => readonly { readonly address: string; readonly stacks: Stacks }[];
}
