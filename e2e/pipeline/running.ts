import type { Job, Workflow } from "../../.github/scripts/checks/workflow.ts";
import type { World } from "./world.ts";

/** What starts a workflow. */
export interface Event {
  readonly name: "pull_request" | "push" | "workflow_dispatch" | "schedule";
  readonly ref: string;
  /** The commit that is checked out. */
  readonly sha: string;
  /** As GitHub sends it. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly inputs?: Readonly<Record<string, string>>;
  /** From another repository: no secrets, no identity, a token that reads. */
  readonly fork?: boolean;
}

/** A run of a workflow. */
export interface Run {
  readonly world: World;
  readonly workflow: Workflow;
  readonly event: Event;
  readonly folder: string;
  readonly artifacts: string;
  readonly id: number;
  readonly categories: Set<string>;
  readonly attested: string[];
  readonly rolesTaken: string[];
  readonly permissionsOf: (job: Job) => Readonly<Record<string, string>>;
  readonly secretsOf: (environment: string | undefined) => Readonly<Record<string, string>>;
  /** Variables that the runner sets for every step. */
  readonly environment: (job: RunningJob) => NodeJS.ProcessEnv;
}

export type Outcome = "success" | "failure" | "skipped";

export interface StepResult {
  readonly outcome: Outcome;
  readonly outputs: Readonly<Record<string, string>>;
}

/** A job as it is played: its workspace, and what its steps have set so far. */
export interface RunningJob {
  readonly run: Run;
  readonly name: string;
  readonly job: Job;
  readonly workspace: string;
  /** GitHub's name of the environment that the job is in. */
  readonly environment?: string;
  readonly permissions: Readonly<Record<string, string>>;
  /** Set for all later steps. */
  readonly exported: Record<string, string>;
  readonly paths: string[];
  readonly steps: Record<string, StepResult>;
  log: string;
  summary: string;
}
