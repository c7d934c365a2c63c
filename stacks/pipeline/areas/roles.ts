import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import { boundaryArn } from "../boundary.ts";
import type { Area } from "./area.ts";

/** Services that the stacks pass a role to. */
const PASS_TO = [
  "cloudtrail.amazonaws.com",
  "ecs-tasks.amazonaws.com",
  "events.amazonaws.com",
  "monitoring.rds.amazonaws.com",
  "vpc-flow-logs.amazonaws.com",
] as const;

/** Services that create a service-linked role when an account first uses them. */
const WITH_LINKED_ROLE = [
  "apidestinations.events.amazonaws.com",
  "ecs.amazonaws.com",
  "ecs.application-autoscaling.amazonaws.com",
  "elasticloadbalancing.amazonaws.com",
  "rds.amazonaws.com",
] as const;

/**
 * The roles of the stacks, only with the permissions boundary: otherwise the pipeline could create a role with
 * more permissions than its own. Bootstrap's roles and the boundary have another path and do not match.
 */
export function roles(stack: CipherwatchStack): Area {
  const shifts = stack.settings.deploymentStrategy !== "rolling";
  const chats = stack.settings.slackChannelId !== undefined;
  const linked = [
    ...WITH_LINKED_ROLE,
    ...(chats ? ["management.chatbot.amazonaws.com"] : []),
    // https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-auth-slr.html
    ...(stack.settings.replicaRegion === undefined ? [] : ["mrk.kms.amazonaws.com"]),
  ];
  const resources = [stack.roleArn(resourceName(stack.settings.env, "*"))];
  return {
    read: [
      allow("ReadRoles", resources, [
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
      ]),
    ],
    write: [
      allow(
        "ManageBoundRoles",
        resources,
        [
          "iam:CreateRole",
          "iam:DeleteRole",
          "iam:DeleteRolePolicy",
          "iam:PutRolePermissionsBoundary",
          "iam:PutRolePolicy",
          "iam:UpdateAssumeRolePolicy",
          "iam:UpdateRole",
          "iam:UpdateRoleDescription",
        ],
        ["StringEquals", "iam:PermissionsBoundary", boundaryArn(stack)],
      ),
      allow("TagRoles", resources, ["iam:TagRole", "iam:UntagRole"]),
      allow(
        "PassRoles",
        resources,
        ["iam:PassRole"],
        [
          "StringEquals",
          "iam:PassedToService",
          ...PASS_TO,
          ...(shifts ? ["ecs.amazonaws.com"] : []), // moves requests between two versions
          ...(stack.settings.operatingHours === undefined ? [] : ["scheduler.amazonaws.com"]),
          ...(chats ? ["chatbot.amazonaws.com"] : []),
        ],
      ),
      allow(
        "LetServicesMakeTheirRoles",
        linked.map((name) => stack.globalArn("iam", `role/aws-service-role/${name}/*`)),
        ["iam:CreateServiceLinkedRole"],
        ["StringEquals", "iam:AWSServiceName", ...linked],
      ),
    ],
  };
}
