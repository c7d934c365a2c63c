/** A GitHub repository, as the subjects of its workflows' tokens name it. */
export interface Repository {
  /** `owner/name` */
  readonly name: string;
  /** `ownerId/repositoryId`, where the subjects have them. */
  readonly ids?: string;
}

/**
 * The subject of the tokens of a repository's workflows. Repositories made or renamed since July 2026
 * have the ids of owner and repository in it, so that nobody who takes over a name is taken for them.
 * https://docs.github.com/en/actions/concepts/security/openid-connect#immutable-subject-claims
 * @param context what follows the repository, such as `pull_request`
 */
export function subjectOf({ name, ids }: Repository, context: string): string {
  const [owner, repository] = name.split("/");
  if (ids === undefined) return `repo:${owner}/${repository}:${context}`;
  const [ownerId, repositoryId] = ids.split("/");
  return `repo:${owner}@${ownerId}/${repository}@${repositoryId}:${context}`;
}
