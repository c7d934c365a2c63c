import type { GitHub } from "./client.ts";

/**
 * Makes a branch consist of one commit on top of another: creates the branch, or replaces what it had.
 * @param files content by path
 */
export async function replaceBranch(
  { rest, repository }: GitHub,
  branch: string,
  parent: string,
  message: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const { data: base } = await rest.git.getCommit({ ...repository, commit_sha: parent });
  const { data: tree } = await rest.git.createTree({
    ...repository,
    base_tree: base.tree.sha,
    tree: Object.entries(files).map(([path, content]) => ({
      path,
      content,
      mode: "100644" as const,
      type: "blob" as const,
    })),
  });
  const { data: commit } = await rest.git.createCommit({
    ...repository,
    message,
    tree: tree.sha,
    parents: [parent],
  });
  const { data: existing } = await rest.git.listMatchingRefs({
    ...repository,
    ref: `heads/${branch}`,
  });
  const ref = `refs/heads/${branch}`;
  if (existing.some((each) => each.ref === ref)) {
    await rest.git.updateRef({
      ...repository,
      ref: `heads/${branch}`,
      sha: commit.sha,
      force: true,
    });
  } else {
    await rest.git.createRef({ ...repository, ref, sha: commit.sha });
  }
}
