import { type GitHub, isByBot } from "./client.ts";

/** Marks the pipeline's comment; not visible on the page. */
export const COMMENT_MARKER = "<!-- cipherwatch-plan-comment -->";

/** Characters that the marker adds to a comment. */
export const MARKER_CHARACTERS = COMMENT_MARKER.length + 1;

export interface PlanComment {
  readonly id: number;
  readonly body: string;
  /** Milliseconds since 1970 of the last change, by anyone. */
  readonly updatedAt: number;
}

/**
 * Finds the pipeline's comment on a pull request by author and marker: anyone can write the marker.
 */
export async function findComment(
  { rest, paginate, repository }: GitHub,
  pullRequest: number,
): Promise<PlanComment | undefined> {
  const comments = await paginate(rest.issues.listComments, {
    ...repository,
    issue_number: pullRequest,
    per_page: 100,
  });
  const found = comments.find(
    (comment) => isByBot(comment) && comment.body?.trimEnd().endsWith(COMMENT_MARKER),
  );
  return found === undefined
    ? undefined
    : { id: found.id, body: found.body ?? "", updatedAt: Date.parse(found.updated_at) };
}

/** The whole text of a comment. */
export function withMarker(markdown: string): string {
  return `${markdown}\n${COMMENT_MARKER}`;
}

/**
 * Creates the pipeline's comment, or updates it if it exists.
 * @returns its URL
 */
export async function upsertComment(
  github: GitHub,
  pullRequest: number,
  markdown: string,
): Promise<string> {
  const { rest, repository } = github;
  const body = withMarker(markdown);
  const existing = await findComment(github, pullRequest);
  const { data } =
    existing === undefined
      ? await rest.issues.createComment({ ...repository, issue_number: pullRequest, body })
      : await rest.issues.updateComment({ ...repository, comment_id: existing.id, body });
  return data.html_url;
}
