import { readdirSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/**
 * Lists the pages to which the emails, errors and Terraform of the package refer by path, such as
 * `docs/runbooks/key-outsider.md`. The package contains them, because its users have no clone of the repository.
 */
export function packagedPages(): readonly string[] {
  const runbooks = readdirSync(resolve(root, "docs/runbooks")).filter((name) =>
    name.endsWith(".md"),
  );
  return [
    ...["alarm-events", "existing", "monitoring-keys", "replay", "settings"].map(
      (name) => `docs/${name}.md`,
    ),
    ...runbooks.map((name) => `docs/runbooks/${name}`),
  ];
}
