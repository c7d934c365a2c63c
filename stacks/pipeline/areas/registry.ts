import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import { type Area, onAllResources } from "./area.ts";

/** The registry, and pushing images for the job that builds them. */
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
      onAllResources(stack, "SignInToRegistry", ["ecr:GetAuthorizationToken"]),
      allow("PushImages", resources, [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:DescribeImageScanFindings",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ]),
    ],
  };
}
