import { Octokit } from "@octokit/rest";
import type { z } from "zod";
import { optionalVariable, variable } from "../github/environment.ts";
import { StepError } from "../github/step.ts";

/** GitHub's API for one repository, with the token of an administrator. */
export interface SettingsApi {
  /** `owner/name` */
  readonly repository: string;
  /**
   * Reads a part of the repository's settings, such as `/actions/permissions`.
   * @returns undefined if it does not exist
   * @throws StepError if the token may not read it, or the response is not what GitHub documents
   */
  readonly read: <T>(path: string, schema: z.ZodType<T>) => Promise<T | undefined>;
}

/** A setting of GitHub on which the guarantees of the pipeline rely. */
export interface SettingCheck {
  /** A sentence that is true if the setting is right. */
  readonly title: string;
  /** @returns what is wrong; undefined if nothing is */
  readonly check: (api: SettingsApi) => Promise<string | undefined>;
  /** How to set it: a command, or where to find it. */
  readonly fix: string;
}

export function settingsApi(): SettingsApi {
  const repository = variable("GITHUB_REPOSITORY");
  const octokit = new Octokit({
    auth: variable("GITHUB_TOKEN"),
    baseUrl: optionalVariable("GITHUB_API_URL") ?? "https://api.github.com",
    userAgent: "cipherwatch-check-github",
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
  return {
    repository,
    read: async (path, schema) => {
      const data = await octokit.request(`GET /repos/${repository}${path}`).then(
        (response) => response.data as unknown,
        (error: { readonly status?: number; readonly message: string }) => {
          if (error.status === 404) return undefined;
          throw new StepError(
            `GitHub rejected GET /repos/${repository}${path}: ${error.message}. The token must belong to an administrator of the repository.`,
          );
        },
      );
      if (data === undefined) return undefined;
      const parsed = schema.safeParse(data);
      if (parsed.success) return parsed.data;
      throw new StepError(
        `GitHub's response to GET /repos/${repository}${path} is invalid: ${parsed.error.issues.map(({ path: field, message }) => `${field.join(".")}: ${message}`).join("; ")}`,
      );
    },
  };
}
