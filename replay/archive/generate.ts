import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createAccount, type Fields, iso, REGIONS } from "./account.ts";
import { type Incident, plantIncidents } from "./incidents.ts";
import { type Random, seededRandom } from "./random.ts";

export interface ArchiveOptions {
  /** Receives `AWSLogs/…`. */
  readonly folder: string;
  /** Ordinary events; the incidents come on top. */
  readonly events: number;
  /** The same seed and options give the same bytes. */
  readonly seed: number;
  /** Days of history, the last of which ends at `END`. */
  readonly days: number;
  readonly accountId?: string;
}

export interface Archive {
  /** With the incidents' events. */
  readonly events: number;
  readonly files: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Whom and what the service's detections are to be bound to. */
  readonly roleArn: string;
  readonly keyArn: string;
  readonly incidents: readonly Incident[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** CloudTrail delivers about this often, a file for each Region that had events. */
const DELIVERY = 5 * MINUTE;
const END = Date.UTC(2026, 5, 15);

/** How busy an hour of the day is, in UTC: an office in Sydney, and a floor of machines. */
const BUSY = [9, 9, 9, 8, 8, 8, 7, 5, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 6, 8, 9];

/**
 * Writes a CloudTrail archive as a trail would: `AWSLogs/<account>/CloudTrail/<Region>/<yyyy>/<mm>/<dd>/`,
 * a gzipped `Records` envelope each five minutes and Region, and a digest an hour beside them. Weekdays,
 * office hours and chance decide how much happens; incidents are planted at fixed parts of the span.
 */
export function generateArchive({
  folder,
  events,
  seed,
  days,
  accountId = "111122223333",
}: ArchiveOptions): Archive {
  const random = seededRandom(seed);
  const account = createAccount(accountId, random);
  const start = END - days * DAY;
  const slots = Math.round((days * DAY) / DELIVERY);
  const planted = plantIncidents(account, start, days * DAY);
  const weights = Array.from({ length: slots }, (_, slot) =>
    weightOf(start + slot * DELIVERY, random),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);

  let written = 0;
  let files = 0;
  let bytes = 0;
  let compressedBytes = 0;
  let share = 0;
  for (const [slot, weight] of weights.entries()) {
    const opened = start + slot * DELIVERY;
    // Rounding the running total, not each slot, makes the number of events exact.
    const before = Math.round((share / total) * events);
    share += weight;
    const count = Math.round((share / total) * events) - before;
    const records = new Map<string, Fields[]>(REGIONS.map(([region]) => [region, []]));
    for (let index = 0; index < count; index++) {
      const region = pickRegion(random.next());
      const at = opened + Math.floor(random.next() * DELIVERY);
      records.get(region)?.push(account.ordinary(region, at));
    }
    for (const { at, region, record } of planted.events) {
      if (at >= opened && at < opened + DELIVERY) records.get(region)?.push(record);
    }
    for (const [region, list] of records) {
      const path = join(folder, `AWSLogs/${accountId}/CloudTrail/${region}/${day(opened)}`);
      if (list.length > 0) {
        list.sort((a, b) => Date.parse(String(a.eventTime)) - Date.parse(String(b.eventTime)));
        const text = JSON.stringify({ Records: list });
        const data = gzipSync(text);
        const delivered = stamp(opened + 2 * DELIVERY);
        const name = `${accountId}_CloudTrail_${region}_${delivered}_${random.text(16)}.json.gz`;
        mkdirSync(path, { recursive: true });
        writeFileSync(join(path, name), data);
        files++;
        written += list.length;
        bytes += Buffer.byteLength(text);
        compressedBytes += data.length;
      }
      if (opened % HOUR === 0) writeDigest(folder, { accountId, region, at: opened, random });
    }
  }
  return {
    events: written,
    files,
    bytes,
    compressedBytes,
    roleArn: account.roleArn,
    keyArn: account.keyArn,
    incidents: planted.incidents,
  };
}

function weightOf(at: number, random: Random): number {
  const date = new Date(at);
  const weekend = date.getUTCDay() === 0 || date.getUTCDay() === 6;
  return ((BUSY[date.getUTCHours()] ?? 1) * (weekend ? 0.4 : 1) + 1) * (0.7 + 0.6 * random.next());
}

function pickRegion(chance: number): string {
  let sum = 0;
  for (const [region, share] of REGIONS) {
    sum += share;
    if (chance < sum) return region;
  }
  return REGIONS[0][0];
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html */
function writeDigest(
  folder: string,
  of: {
    readonly accountId: string;
    readonly region: string;
    readonly at: number;
    readonly random: Random;
  },
): void {
  const { accountId, region, at, random } = of;
  const prefix = `AWSLogs/${accountId}/CloudTrail-Digest/${region}/${day(at)}`;
  mkdirSync(join(folder, prefix), { recursive: true });
  const name = `${accountId}_CloudTrail-Digest_${region}_trail_${REGIONS[0][0]}_${stamp(at, true)}.json.gz`;
  const digest = {
    awsAccountId: accountId,
    digestStartTime: iso(at - HOUR),
    digestEndTime: iso(at),
    digestS3Object: `${prefix}/${name}`,
    digestSignatureAlgorithm: "SHA256withRSA",
    previousDigestSignature: random.hex(64),
    logFiles: [],
  };
  writeFileSync(join(folder, prefix, name), gzipSync(JSON.stringify(digest)));
}

const day = (at: number) => new Date(at).toISOString().slice(0, 10).replaceAll("-", "/");
const stamp = (at: number, seconds = false) =>
  `${new Date(at)
    .toISOString()
    .slice(0, seconds ? 19 : 16)
    .replaceAll(/[-:]/g, "")}Z`;
