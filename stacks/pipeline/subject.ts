/** A GitHub repository, as it appears in the subject of its tokens. */
export interface Repository {
  /** `owner/name` */
  readonly name: string;
  /** `ownerId/repositoryId`, if the subjects contain ids. */
  readonly ids?: string | undefined;
}

/**
 * Builds the `sub` claim of a workflow's OIDC token. For repositories created or renamed since July 2026 it
 * contains the ids of owner and repository, so that a repository which takes over their name does not match.
 * https://docs.github.com/en/actions/concepts/security/openid-connect#immutable-subject-claims
 * @param context the part after the repository, such as `pull_request`
 */
export function subjectOf({ name, ids }: Repository, context: string): string {
  const [owner, repository] = name.split("/");
  if (ids === undefined) return `repo:${owner}/${repository}:${context}`;
  const [ownerId, repositoryId] = ids.split("/");
  return `repo:${owner}@${ownerId}/${repository}@${repositoryId}:${context}`;
}
