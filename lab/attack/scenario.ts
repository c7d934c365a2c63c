import type { LabClient } from "./lab-client.ts";

/** A sequence of calls or log events that a detection must report. */
export interface Scenario {
  /** A clause without a full stop, for example "mallory disables an alarm's actions". */
  readonly description: string;
  /**
   * `live`: calls the service or the AWS endpoint, which record the calls as in AWS. `injected`: puts the
   * record into the log group itself, because the lab does not emulate the attacked service.
   */
  readonly kind: "live" | "injected";
  /** `on`: runs only in a lab with identity; `off`: only in one without. Default: runs in every lab. */
  readonly identity?: "on" | "off";
  /** Runs the scenario. @param threshold the threshold of the detection's alarm in this lab */
  readonly run: (lab: LabClient, threshold: number) => Promise<unknown>;
}
