import { type GitHub, isByBot } from "./client.ts";

/** Marks the pipeline's comment, unseen on the page. */
export const COMMENT_MARKER = "<!-- cipherwatch-plan-comment -->";

/** Markdown that stays below GitHub's limit with the marker added to it. */
export const MARKER_CHARACTERS = COMMENT_MARKER.length + 1;

/**
 * The pipeline's comment on a pull request: by the bot and with the marker, for others can write the
 * marker, too.
 */
export async function findComment(
  { rest, paginate, repository }: GitHub,
  pullRequest: number,
): Promise<{ readonly id: number; readonly body: string } | undefined> {
  const comments = await paginate(rest.issues.listComments, {
    ...repository,
    issue_number: pullRequest,
    per_page: 100,
  });
  const found = comments.find(
    (comment) => isByBot(comment) && comment.body?.trimEnd().endsWith(COMMENT_MARKER),
  );
  return found === undefined ? undefined : { id: found.id, body: found.body ?? "" };
}

/**
 * Writes the pipeline's comment: edits the one that is there, and only makes one when there is none.
 * @returns its address
 */
export async function upsertComment(
  github: GitHub,
  pullRequest: number,
  markdown: string,
): Promise<string> {
  const { rest, repository } = github;
  const body = `${markdown}\n${COMMENT_MARKER}`;
  const existing = await findComment(github, pullRequest);
  const { data } =
    existing === undefined
      ? await rest.issues.createComment({ ...repository, issue_number: pullRequest, body })
      : await rest.issues.updateComment({ ...repository, comment_id: existing.id, body });
  return data.html_url;
}
