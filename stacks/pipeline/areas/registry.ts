import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { type Area, onAnything } from "./area.ts";

/** The registry and, for the job that builds the image, what a push takes. */
export function registry(stack: CipherwatchStack): Area {
  const resources = [
    stack.regionalArn("ecr", `repository/${resourceName(stack.settings.env, "*")}`),
  ];
  return {
    read: [
      {
        sid: "ReadRegistry",
        actions: ["ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:ListTagsForResource"],
        resources,
      },
    ],
    write: [
      {
        sid: "ManageRegistry",
        actions: [
          "ecr:CreateRepository",
          "ecr:DeleteLifecyclePolicy",
          "ecr:PutImageScanningConfiguration",
          "ecr:PutImageTagMutability",
          "ecr:PutLifecyclePolicy",
          "ecr:TagResource",
          "ecr:UntagResource",
        ],
        resources,
      },
      onAnything(stack, "SignInToRegistry", ["ecr:GetAuthorizationToken"]),
      {
        sid: "PushImages",
        actions: [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:DescribeImageScanFindings",
          "ecr:DescribeImages",
          "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ],
        resources,
      },
    ],
  };
}
