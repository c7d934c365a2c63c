/**
 * Resources that the emulator still has after everything was destroyed, as AWS does, by the start of their
 * line: service, class and state.
 */
const EXPECTED_REMAINDERS: readonly string[] = [
  // KMS deletes a key 7 to 30 days after the request.
  "kms Key PendingDeletion ",
  // EC2 lists these for about an hour after deletion.
  "ec2 NatGateway deleted ",
  "ec2 VPCEndPoint deleted ",
  // ECS keeps deleted resources as inactive for a while.
  "ecs Cluster INACTIVE ",
  "ecs Service INACTIVE ",
  "ecs TaskDefinition INACTIVE ",
];

/** Returns the remaining resources that AWS would not keep either. */
export function unexpectedRemainders(remaining: readonly string[]): string[] {
  return remaining.filter((line) => !EXPECTED_REMAINDERS.some((start) => line.startsWith(start)));
}
