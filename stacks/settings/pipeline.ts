import { flag, text } from "./kinds.ts";
import { byDefault, byEnvironment, optional, rulesFor, type ValuesOf } from "./setting.ts";

export const settings = {
  /** GitHub repository whose workflows plan and deploy. None unless said otherwise: no pipeline. */
  githubRepository: optional(
    text(/^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}\/[\w.-]{1,100}$/, {
      wrong: "this is no GitHub repository",
      allowed: "owner and name, such as example-org/cipherwatch",
      next: "take it from the repository's address, without https://github.com/",
    }),
  ),

  /** Ids in the subjects of the repository's tokens. None unless said otherwise: subjects with names alone. */
  githubRepositoryIds: optional(
    text(/^[1-9]\d*\/[1-9]\d*$/, {
      wrong: "these are no ids of a GitHub repository and its owner",
      allowed: "the owner's id and the repository's, such as 123456/456789",
      next: "take them from `gh api repos/OWNER/NAME`: owner.id and id; unset it if the subjects lack them",
    }),
  ),

  /** GitHub environment whose jobs may deploy. */
  githubEnvironment: byEnvironment(
    { dev: "dev", prod: "production" },
    text(/^[\w.-]{1,255}$/, {
      wrong: "this is no name of an environment that a subject can hold",
      allowed: "letters, digits, underscores, dots and hyphens",
      next: "set it to the environment's name in GitHub, or unset it for the default",
    }),
  ),

  /** Make the account's trust in GitHub's tokens, of which there can be one. Off where it exists. */
  githubOidcProvider: byDefault(true, flag),
};

const rule = rulesFor<ValuesOf<typeof settings>>();

export const rules = [
  rule(
    ["githubRepository", "githubRepositoryIds"],
    ({ githubRepository, githubRepositoryIds }) =>
      githubRepositoryIds !== undefined && githubRepository === undefined
        ? "ids without the repository they are of are of no use"
        : undefined,
    {
      allowed: "owner and name, where CIPHERWATCH_GITHUB_REPOSITORY_IDS is set",
      next: "set it, or unset CIPHERWATCH_GITHUB_REPOSITORY_IDS",
    },
  ),
];
