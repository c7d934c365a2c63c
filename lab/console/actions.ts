import { z } from "zod";
import { fetchFromLab } from "../fetch-from-lab.ts";
import { clientHeaders, OWN_CLIENT } from "../identity/token.ts";
import type { FormValues } from "./panels/commands-panel.ts";
import type { ConsoleSources } from "./sources.ts";

const Name = z.string().max(1024);

/** An action of a button on the page. */
export const Action = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("encrypt"), name: Name, text: z.string().max(65_536) }),
  z.strictObject({ action: z.literal("decrypt"), name: Name, key: z.string().max(1024) }),
  z.strictObject({ action: z.literal("wrong-key"), name: Name }),
  z.strictObject({ action: z.literal("attack"), id: z.string().max(100) }),
  z.strictObject({ action: z.literal("speed"), speed: z.number().min(1).max(600) }),
  z.strictObject({ action: z.literal("pause") }),
  z.strictObject({ action: z.literal("step") }),
  z.strictObject({ action: z.literal("reset") }),
]);

export type Action = z.infer<typeof Action>;

/** The result of an action, which the page shows. */
export interface ActionResult {
  /** The request that was sent, such as `POST /encrypt`, or a description of the action. */
  readonly title: string;
  readonly status?: number;
  readonly body?: unknown;
  readonly key?: string;
}

export interface Actions {
  /**
   * Runs an action.
   * @throws Error with a message for the user, if the service does not respond or another attack is running
   */
  readonly run: (action: Action) => Promise<ActionResult>;
  /** Returns the Name and Key of the last encryption. */
  readonly values: () => FormValues;
  /** Returns a description of the running or latest attack; empty before the first. */
  readonly attackStatus: () => string;
}

/** A step of the clock: alarms are evaluated once in this time. */
const STEP = 60_000;

const EncryptResponse = z.object({ Key: z.string() });

/** Creates the actions of the page. @param runAttack runs an attack, and resolves with a description of its result */
export function createActions(
  { clock, startSpeed, urls }: ConsoleSources,
  runAttack: (id: string) => Promise<string>,
): Actions {
  let values: FormValues = { name: "Stephen", key: undefined };
  let attack: string | undefined;
  let attackStatus = "";

  async function post(path: string, body: object): Promise<ActionResult> {
    const response = await fetchFromLab("service", `${urls.service}${path}`, {
      method: "POST",
      headers: await clientHeaders(urls.issuer, OWN_CLIENT),
      body: JSON.stringify(body),
    });
    return { title: `POST ${path}`, status: response.status, body: await response.json() };
  }

  async function encrypt(name: string, text: string): Promise<ActionResult> {
    const result = await post("/encrypt", { Name: name, Text: text });
    const response = EncryptResponse.safeParse(result.body);
    if (!response.success) return result;
    values = { name, key: response.data.Key };
    return { ...result, key: response.data.Key };
  }

  function startAttack(id: string): ActionResult {
    if (attack !== undefined)
      throw new Error(`The attack ${attack} is still running. Wait until it ends.`);
    attack = id;
    attackStatus = `Attack ${id} is running.`;
    runAttack(id)
      .then((result) => {
        attackStatus = result;
      })
      .catch((error: unknown) => {
        attackStatus = `Attack ${id} failed: ${error instanceof Error ? error.message : error}`;
      })
      .finally(() => {
        attack = undefined;
      });
    return { title: attackStatus };
  }

  function setSpeed(speed: number): ActionResult {
    clock.setSpeed(speed);
    return {
      title: speed === 0 ? "Paused." : `One real second is ${speed} seconds in the lab.`,
    };
  }

  return {
    run: async (action) => {
      switch (action.action) {
        case "encrypt":
          return encrypt(action.name, action.text);
        case "decrypt":
          return post("/decrypt", { Name: action.name, Key: action.key });
        case "wrong-key":
          return post("/decrypt", { Name: action.name, Key: "some-random-false-key" });
        case "attack":
          return startAttack(action.id);
        case "speed":
          return setSpeed(action.speed);
        case "pause":
          return setSpeed(0);
        case "step":
          clock.advance(STEP);
          return { title: "Lab time moved forward by one minute." };
        case "reset":
          return setSpeed(startSpeed);
      }
    },
    values: () => values,
    attackStatus: () => attackStatus,
  };
}
