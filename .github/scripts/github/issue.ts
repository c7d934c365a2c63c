import { BOT, type GitHub, isByBot } from "./client.ts";

/**
 * Opens, updates or closes the one issue about a condition, found by author and invisible marker.
 * @param about content of the issue; undefined closes it
 * @param gone comment to add when closing
 */
export async function keepIssue(
  { rest, paginate, repository }: GitHub,
  marker: string,
  about: { readonly title: string; readonly body: string } | undefined,
  gone: string,
): Promise<"opened" | "updated" | "closed" | "none"> {
  const open = await paginate(rest.issues.listForRepo, {
    ...repository,
    state: "open",
    creator: BOT,
    per_page: 100,
  });
  const existing = open.find(
    (issue) =>
      isByBot(issue) && issue.pull_request === undefined && issue.body?.trimEnd().endsWith(marker),
  );
  if (about !== undefined) {
    const content = { title: about.title, body: `${about.body}\n${marker}` };
    if (existing === undefined) {
      await rest.issues.create({ ...repository, ...content });
      return "opened";
    }
    await rest.issues.update({ ...repository, issue_number: existing.number, ...content });
    return "updated";
  }
  if (existing === undefined) return "none";
  const { number } = existing;
  await rest.issues.createComment({ ...repository, issue_number: number, body: gone });
  await rest.issues.update({
    ...repository,
    issue_number: number,
    state: "closed",
    state_reason: "completed",
  });
  return "closed";
}
