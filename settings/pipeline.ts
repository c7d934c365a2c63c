import type * as general from "./general.ts";
import { flag, type Refinement, same, setting, text, type ValuesOf } from "./setting.ts";

export const settings = {
  githubRepository: setting({
    description: "GitHub repository whose workflows plan and deploy. No pipeline if unset.",
    schema: text(
      /^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}\/[\w.-]{1,100}$/,
      "is not a valid GitHub repository",
    ).optional(),
    allowed: "owner and name, such as example-org/cipherwatch",
    next: "copy it from the repository's URL, without https://github.com/",
  }),

  githubRepositoryIds: setting({
    description:
      "IDs of the owner and the repository, if the subject claims of the repository's OIDC tokens contain them.",
    schema: text(
      /^[1-9]\d*\/[1-9]\d*$/,
      "is not a valid pair of GitHub owner and repository IDs",
    ).optional(),
    allowed: "the owner's ID and the repository's ID, such as 123456/456789",
    next: "copy owner.id and id from `gh api repos/OWNER/NAME`; unset it if the subject claims lack IDs",
  }),

  githubEnvironment: setting({
    description: "GitHub environment whose jobs can deploy.",
    schema: text(
      /^[\w.-]{1,255}$/,
      "is not a GitHub environment name that a subject claim can contain",
    ),
    defaults: { dev: "dev", prod: "production" },
    ownDefault: (env) => env,
    allowed: "letters, digits, underscores, dots and hyphens",
    next: "set it to the environment's name in GitHub, or unset it to use the default",
  }),

  githubOidcProvider: flag({
    description:
      "Create the account's OIDC provider for GitHub. Turn it off if the account already has one.",
    defaults: same(true),
  }),
};

type Values = ValuesOf<typeof settings> & Pick<ValuesOf<typeof general.settings>, "env">;

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["githubRepository", "env"],
    check: ({ githubRepository, env }) =>
      githubRepository !== undefined &&
      env.includes("-") &&
      `cannot deploy to ${env}: its settings are in the variable SETTINGS_${env.toUpperCase()} of GitHub, whose names have no hyphens`,
    allowed: "no repository, if CIPHERWATCH_ENV has a hyphen",
    next: "choose a name without a hyphen, such as euprod, or deploy without the pipeline",
  },
  {
    fields: ["githubRepository", "githubRepositoryIds"],
    check: ({ githubRepository, githubRepositoryIds }) =>
      githubRepositoryIds !== undefined &&
      githubRepository === undefined &&
      "must be set if CIPHERWATCH_GITHUB_REPOSITORY_IDS is",
    allowed: "owner and name, such as example-org/cipherwatch",
    next: "set it, or unset CIPHERWATCH_GITHUB_REPOSITORY_IDS",
  },
];
