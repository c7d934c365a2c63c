import { flag, text } from "./kinds.ts";
import type { Rule, ValuesOf } from "./setting.ts";

export const settings = {
  /** GitHub repository whose workflows plan and deploy. None unless said otherwise: no pipeline. */
  githubRepository: text(/^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}\/[\w.-]{1,100}$/, {
    wrong: "this is no GitHub repository",
    allowed: "owner and name, such as example-org/cipherwatch",
    next: "take it from the repository's address, without https://github.com/",
  }).optional(),

  /** Ids in the subjects of the repository's tokens. None unless said otherwise: subjects with names alone. */
  githubRepositoryIds: text(/^[1-9]\d*\/[1-9]\d*$/, {
    wrong: "these are no ids of a GitHub repository and its owner",
    allowed: "the owner's id and the repository's, such as 123456/456789",
    next: "take them from `gh api repos/OWNER/NAME`: owner.id and id; unset it if the subjects lack them",
  }).optional(),

  /** GitHub environment whose jobs may deploy. */
  githubEnvironment: text(/^[\w.-]{1,255}$/, {
    wrong: "this is no name of an environment that a subject can hold",
    allowed: "letters, digits, underscores, dots and hyphens",
    next: "set it to the environment's name in GitHub, or unset it for the default",
  }).byEnvironment({ dev: "dev", prod: "production" }),

  /** Make the account's trust in GitHub's tokens, of which there can be one. Off where it exists. */
  githubOidcProvider: flag.byDefault(true),
};

export const rules: readonly Rule<ValuesOf<typeof settings>>[] = [
  {
    among: ["githubRepository", "githubRepositoryIds"],
    wrongWith: ({ githubRepository, githubRepositoryIds }) =>
      githubRepositoryIds !== undefined &&
      githubRepository === undefined &&
      "ids without the repository they are of are of no use",
    allowed: "owner and name, where CIPHERWATCH_GITHUB_REPOSITORY_IDS is set",
    next: "set it, or unset CIPHERWATCH_GITHUB_REPOSITORY_IDS",
  },
];
