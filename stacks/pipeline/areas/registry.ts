import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow, PULL_IMAGE } from "../../constructs/policy.ts";
import { type Area, onAllResources } from "./area.ts";

/** The registry, pushing images, and pulling them to deploy them again or in another environment. */
export function registry(stack: CipherwatchStack): Area {
  const resources = [
    stack.regionalArn("ecr", `repository/${resourceName(stack.settings.env, "*")}`),
  ];
  return {
    read: [
      allow("ReadRegistry", resources, [
        "ecr:DescribeRepositories",
        "ecr:GetLifecyclePolicy",
        "ecr:ListTagsForResource",
      ]),
      onAllResources(stack, "SignInToRegistry", ["ecr:GetAuthorizationToken"]),
      allow("PullImages", resources, ["ecr:DescribeImages", ...PULL_IMAGE]),
    ],
    write: [
      allow("ManageRegistry", resources, [
        "ecr:CreateRepository",
        "ecr:DeleteLifecyclePolicy",
        "ecr:PutImageScanningConfiguration",
        "ecr:PutImageTagMutability",
        "ecr:PutLifecyclePolicy",
        "ecr:TagResource",
        "ecr:UntagResource",
      ]),
      allow("PushImages", resources, [
        "ecr:CompleteLayerUpload",
        "ecr:DescribeImageScanFindings",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ]),
    ],
  };
}
