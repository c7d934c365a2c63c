import type { Conclusion } from "../../.github/scripts/checks/graph.ts";
import type { Job, Workflow } from "../../.github/scripts/checks/workflow.ts";
import type { GitHubTestbed } from "./testbed.ts";

/** The event that triggers a workflow. */
export interface TriggerEvent {
  readonly name: "pull_request" | "push" | "workflow_dispatch" | "workflow_run" | "schedule";
  readonly ref: string;
  /** The commit that is checked out. */
  readonly sha: string;
  /** The part of GitHub's webhook payload that the workflows read. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Head of a pull request, or of a branch; main by default. */
  readonly head?: { readonly sha: string; readonly branch: string; readonly repository: string };
  /** Login of the user who caused the event; octocat by default. */
  readonly actor?: string;
  /** From a fork: GitHub passes no variables, secrets or OIDC token, and the job's token only reads. */
  readonly fork?: boolean;
}

/** One run of a workflow. */
export interface WorkflowRun {
  readonly testbed: GitHubTestbed;
  /** Such as `deploy.yml`. */
  readonly file: string;
  readonly workflow: Workflow;
  readonly event: TriggerEvent;
  /** Folder that holds the uploaded artifacts. */
  readonly artifacts: string;
  readonly id: number;
  /** SARIF categories uploaded to code scanning. */
  readonly categories: Set<string>;
  /** Attested images, as `<repository>@<digest>`. */
  readonly attested: string[];
  /** ARNs of the roles that jobs assumed. */
  readonly assumedRoles: string[];
}

export interface StepResult {
  /** GitHub's `steps.<id>.outcome`. */
  readonly outcome: Conclusion;
  readonly outputs: Readonly<Record<string, string>>;
}

/** One run of a job: its workspace, and what its steps have set so far. */
export interface JobRun {
  readonly run: WorkflowRun;
  readonly name: string;
  readonly job: Job;
  readonly workspace: string;
  /** Name of the GitHub environment that the job uses. */
  readonly environment?: string;
  readonly permissions: Readonly<Record<string, string>>;
  /** Environment variables for all later steps (GITHUB_ENV). */
  readonly exported: Record<string, string>;
  /** Additions to PATH for all later steps (GITHUB_PATH). */
  readonly paths: string[];
  readonly steps: Record<string, StepResult>;
  log: string;
  summary: string;
}
