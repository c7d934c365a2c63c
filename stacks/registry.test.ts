import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { synthStack } from "../terraform/cdktf/synthesize.ts";
import { RegistryStack } from "./registry.ts";
import { conditionsOf, resourceOf, statementsOf } from "./testing/synthesized.ts";

const stackOf = (variables: Readonly<Record<string, string>> = {}) =>
  synthStack((app) => new RegistryStack(app, "registry", { settings: settingsOf(variables) }));

const stack = stackOf();
const repository = resourceOf(stack, "aws_ecr_repository");

describe("the repository", () => {
  test("has immutable tags, scans on push and is encrypted with its own key", () => {
    expect(repository).toMatchObject({
      name: "cipherwatch-dev-service",
      image_tag_mutability: "IMMUTABLE",
      image_scanning_configuration: { scan_on_push: true },
      encryption_configuration: [
        {
          encryption_type: "KMS",
          kms_key: expect.stringMatching(/^\$\{aws_kms_key\.RegistryKey_.+\.arn\}$/),
        },
      ],
    });
  });

  test("has no policy, so that other accounts have no access", () => {
    expect(stack.resource).not.toHaveProperty("aws_ecr_repository_policy");
  });

  test("can be deleted with its images in dev, and cannot be deleted in prod", () => {
    expect(repository).toMatchObject({ force_delete: true });
    expect(repository).not.toHaveProperty("lifecycle");
    expect(resourceOf(stackOf({ ENV: "prod" }), "aws_ecr_repository")).toMatchObject({
      force_delete: false,
      lifecycle: { prevent_destroy: true },
    });
  });

  test("keeps as many tagged images as the settings say, and untagged images for a week", () => {
    const { policy } = resourceOf(stackOf({ IMAGES_KEPT: "20" }), "aws_ecr_lifecycle_policy");
    const { rules } = JSON.parse(String(policy));
    expect(rules).toMatchObject([
      {
        rulePriority: 1,
        selection: {
          tagStatus: "untagged",
          countType: "sinceImagePushed",
          countUnit: "days",
          countNumber: 7,
        },
      },
      {
        rulePriority: 2,
        selection: {
          tagStatus: "tagged",
          tagPatternList: ["*"],
          countType: "imageCountMoreThan",
          countNumber: 20,
        },
      },
    ]);
  });
});

test("allows use of the key only through ECR", () => {
  const { policy } = resourceOf(stack, "aws_kms_key");
  const [administration, ...grants] = statementsOf(stack, policy);
  expect(administration?.sid).toBe("AccountAdministersKey");
  expect(grants.map((grant) => [grant.actions, conditionsOf(grant)])).toEqual([
    [
      ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
      ["StringEquals kms:ViaService ecr.ap-southeast-2.amazonaws.com"],
    ],
  ]);
});
