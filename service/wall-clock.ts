/** The time by which quotas are counted and records expire. */
export interface WallClock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Follows the parent process, the lab, whose time runs faster: `clock <milliseconds> <speed>`. */
  readonly receive: (message: unknown) => void;
}

const MESSAGE = /^clock (\d+) ([\d.]+)$/;

export function createWallClock(): WallClock {
  let lab: { readonly time: number; readonly speed: number; readonly at: number } | undefined;
  return {
    now: () =>
      lab === undefined ? Date.now() : lab.time + (performance.now() - lab.at) * lab.speed,
    receive(message) {
      const [, time, speed] = (typeof message === "string" && MESSAGE.exec(message)) || [];
      if (time === undefined) return;
      lab = { time: Number(time), speed: Number(speed), at: performance.now() };
    },
  };
}
