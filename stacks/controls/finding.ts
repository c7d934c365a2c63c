import type { Stacks } from "../../terraform/json.ts";

/** Something that a rule does not accept. */
export interface Finding {
  /** `<stack>/<type>.<name>`; a type alone where the stacks have none of it. */
  readonly address: string;
  /** Path of what is wrong in it; empty where that is no single attribute. */
  readonly attribute: string;
  readonly problem: string;
}

/** Stacks that break a rule, and where. */
export interface Broken {
  readonly address: string;
  readonly stacks: Stacks;
}

/** A way of breaking a rule, tried wherever the stacks offer it. */
export interface Example {
  readonly title: string;
  readonly broken: (stacks: Stacks) => readonly Broken[];
}
