import type { Change } from "./terraform.ts";

/** What the emulator does unlike AWS, and why that is no fault of the stacks. */
interface Excuse {
  /** Resource type, such as `aws_ecs_service`. */
  readonly type: string;
  readonly why: string;
}

/** A difference that a plan shows right after an apply. Nothing else may differ. */
export interface ExcusedDifference extends Excuse {
  /** The attribute's path; what lies below it is excused, too. */
  readonly attribute: string;
}

export const excusedDifferences: readonly ExcusedDifference[] = [];

/** Something that the emulator still has after everything was destroyed. Nothing else may be left. */
export interface ExcusedRemainder {
  /** How its line starts: the emulator's service and class, and its state. */
  readonly what: string;
  readonly why: string;
}

export const excusedRemainders: readonly ExcusedRemainder[] = [
  {
    what: "kms Key PendingDeletion ",
    why: "KMS deletes a key 7 to 30 days after it was asked to, and so does the emulator.",
  },
  ...["NatGateway", "VPCEndPoint"].map((kind) => ({
    what: `ec2 ${kind} deleted `,
    why: "EC2 lists what was deleted for about an hour, and so does the emulator.",
  })),
  ...["Cluster", "Service", "TaskDefinition"].map((kind) => ({
    what: `ecs ${kind} INACTIVE `,
    why: "ECS keeps what was deleted for a while, inactive, and so does the emulator.",
  })),
];

/** What is left and no excuse covers. */
export function unexcusedRemainders(left: readonly string[]): string[] {
  return left.filter((line) => !excusedRemainders.some(({ what }) => line.startsWith(what)));
}

/** The changes of a second plan that no excuse covers, one line each. */
export function unexcused(changes: readonly Change[]): string[] {
  return changes.flatMap(({ address, type, actions, attributes }) => {
    if (actions.join() !== "update") return [`${address}: ${actions.join(" and ")}`];
    return attributes
      .filter(
        (path) =>
          !excusedDifferences.some(
            (excuse) =>
              excuse.type === type &&
              (path === excuse.attribute || path.startsWith(`${excuse.attribute}.`)),
          ),
      )
      .map((path) => `${address}: ${path}`);
  });
}
