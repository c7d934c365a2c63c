/** A delivery of an event to the trail's log group. */
export interface Delivery {
  /** Epoch milliseconds. */
  readonly due: number;
  /**
   * Milliseconds from the timestamp of the log event until its delivery. Metric filters count the event in the
   * minute of its timestamp.
   */
  readonly age: number;
}

/** Returns the deliveries of a call made at a time: one, or two for an event that is delivered twice. */
export type Deliveries = (calledAt: number) => readonly Delivery[];

/** Delivers each event once, after the same delay, with the time of delivery as its timestamp. */
export function fixedDelay(seconds: number): Deliveries {
  return (calledAt) => [{ due: calledAt + seconds * 1000, age: 0 }];
}

/** Multiples of the average delay: nine of ten events take from SHORTEST to USUAL, the others up to LONGEST. */
const SHORTEST = 0.35;
const USUAL = 1.4;
const LONGEST = 3;
const USUAL_FRACTION = 0.9;

const REPEATED_FRACTION = 0.05;

/**
 * Delivers events after random delays, therefore out of order, and one of 20 events twice. AWS documents an average
 * of about 5 minutes without a guarantee, and at-least-once delivery. It does not document the timestamps of the log
 * events, so each is a random time between the call and the delivery: alarms must work with any of them, and with
 * datapoints that arrive late.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
 * @param random returns numbers from 0 up to, but not including, 1
 */
export function spreadDelays(averageSeconds: number, random: () => number): Deliveries {
  const delay = () => averageSeconds * 1000 * delayShare(random());
  const delivery = (calledAt: number, after: number): Delivery => ({
    due: calledAt + Math.round(after),
    age: Math.round(after * random()),
  });
  return (calledAt) => {
    const after = delay();
    const first = delivery(calledAt, after);
    if (random() >= REPEATED_FRACTION) return [first];
    return [first, delivery(calledAt, Math.max(after, delay()))];
  };
}

/** Quantile function of the delay, as a share of the average. */
function delayShare(fraction: number): number {
  return fraction < USUAL_FRACTION
    ? SHORTEST + (fraction / USUAL_FRACTION) * (USUAL - SHORTEST)
    : USUAL + ((fraction - USUAL_FRACTION) / (1 - USUAL_FRACTION)) * (LONGEST - USUAL);
}

/** Returns the longest delay that `spreadDelays` chooses, in seconds. */
export const longestDelay = (averageSeconds: number): number => averageSeconds * LONGEST;
