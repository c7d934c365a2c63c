import { fetchFromLab } from "../fetch-from-lab.ts";

/** Changes the speed of a lab while a task runs. Speeds are lab seconds per real second; 0 is paused. */
export interface SpeedControl {
  /** Runs a task at a speed, and restores the earlier one afterwards. */
  readonly atSpeed: (speed: number, task: () => Promise<unknown>) => Promise<void>;
  /** Restores the speed from before the running task, if there is one, for a program that ends early. */
  readonly restoreSpeed: () => Promise<void>;
}

export function createSpeedControl(
  consoleUrl: string,
  currentSpeed: () => Promise<number>,
): SpeedControl {
  let earlier: number | undefined;
  const restoreSpeed = async () => {
    if (earlier === undefined) return;
    const speed = earlier;
    earlier = undefined;
    await setSpeed(consoleUrl, speed);
  };
  return {
    atSpeed: async (speed, task) => {
      earlier = await currentSpeed();
      try {
        await setSpeed(consoleUrl, speed);
        await task();
      } finally {
        await restoreSpeed();
      }
    },
    restoreSpeed,
  };
}

/** Sets the lab's speed, as the buttons of the console do. */
async function setSpeed(consoleUrl: string, speed: number): Promise<void> {
  const page = await (await fetchFromLab("console", consoleUrl)).text();
  const token = /name="console-token" content="([^"]+)"/.exec(page)?.[1] ?? "";
  const response = await fetchFromLab("console", `${consoleUrl}/api/actions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Console-Token": token },
    body: JSON.stringify(speed === 0 ? { action: "pause" } : { action: "speed", speed }),
  });
  if (!response.ok) throw new Error(`The console cannot set the speed: ${await response.text()}`);
}
