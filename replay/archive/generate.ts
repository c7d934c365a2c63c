import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Account, createAccount, type Fields, isoSeconds, REGIONS } from "./account.ts";
import { type Incident, type IncidentEvent, placeIncidents } from "./incidents.ts";
import { type Random, seededRandom } from "./random.ts";
import { chooseByShare, everydayRecord } from "./traffic.ts";

export interface ArchiveOptions {
  /** Folder in which to create `AWSLogs/`. */
  readonly folder: string;
  /** Number of everyday events. The events of the incidents are added to them. */
  readonly events: number;
  /** Seed of the random values: the same seed and options generate the same bytes. */
  readonly seed: number;
  /** Length of the history, in days. */
  readonly days: number;
}

export interface GeneratedArchive {
  /** Number of events, including those of the incidents. */
  readonly events: number;
  readonly files: number;
  readonly compressedBytes: number;
  /** Size of the decompressed files. */
  readonly bytes: number;
  /** The role and KMS key of Cipherwatch. */
  readonly roleArn: string;
  readonly keyArn: string;
  readonly incidents: readonly Incident[];
}

const ACCOUNT_ID = "111122223333";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** How often CloudTrail delivers a file for each Region with events. */
const DELIVERY_INTERVAL = 5 * MINUTE;
/** The end of the history, in milliseconds since the epoch. */
const END = Date.UTC(2026, 5, 15);

/** Relative load by hour of the day in UTC: office hours in Sydney, and a base load of machines. */
const HOURLY_LOAD = [9, 9, 9, 8, 8, 8, 7, 5, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 6, 8, 9];

/**
 * Generates a CloudTrail archive in the layout of a trail:
 * `AWSLogs/<account>/CloudTrail/<Region>/<yyyy>/<mm>/<dd>/`, with a gzipped `Records` envelope every five
 * minutes per Region, and an hourly digest. The load varies by weekday, hour and chance. Incidents happen
 * at fixed fractions of the history.
 */
export function generateArchive({ folder, events, seed, days }: ArchiveOptions): GeneratedArchive {
  const random = seededRandom(seed);
  const account = createAccount(ACCOUNT_ID, random);
  const start = END - days * DAY;
  const { incidents, events: incidentEvents } = placeIncidents(account, start, days * DAY);
  const totals = { events: 0, files: 0, bytes: 0, compressedBytes: 0 };
  for (const { from, count } of divide(events, start, random)) {
    for (const [region, records] of recordsOf(account, incidentEvents, from, count)) {
      if (records.length > 0) {
        const written = writeLog(folder, region, from, records, random);
        totals.events += records.length;
        totals.files++;
        totals.bytes += written.bytes;
        totals.compressedBytes += written.compressedBytes;
      }
      if (from % HOUR === 0) writeDigest(folder, region, from, random);
    }
  }
  return { ...totals, roleArn: account.roleArn, keyArn: account.keyArn, incidents };
}

interface Delivery {
  readonly from: number;
  /** Number of everyday events. */
  readonly count: number;
}

/** Divides events among deliveries, in proportion to their load. */
function divide(events: number, start: number, random: Random): readonly Delivery[] {
  const times = Array.from(
    { length: Math.round((END - start) / DELIVERY_INTERVAL) },
    (_, index) => start + index * DELIVERY_INTERVAL,
  );
  const loads = times.map((from) => loadAt(from, random));
  const total = loads.reduce((sum, load) => sum + load, 0);
  let cumulative = 0;
  let assigned = 0;
  return times.map((from, index) => {
    // Rounds the running total, so that the counts add up to `events`.
    cumulative += loads[index] ?? 0;
    const count = Math.round((cumulative / total) * events) - assigned;
    assigned += count;
    return { from, count };
  });
}

function loadAt(at: number, random: Random): number {
  const date = new Date(at);
  const isWeekend = date.getUTCDay() === 0 || date.getUTCDay() === 6;
  const hourly = (HOURLY_LOAD[date.getUTCHours()] ?? 1) * (isWeekend ? 0.4 : 1);
  return (hourly + 1) * (0.7 + 0.6 * random.next());
}

/** The records of a delivery by Region, in order of time. */
function recordsOf(
  account: Account,
  incidentEvents: readonly IncidentEvent[],
  from: number,
  count: number,
): ReadonlyMap<string, readonly Fields[]> {
  const { random } = account;
  const records = new Map<string, Fields[]>(REGIONS.map(([region]) => [region, []]));
  for (let index = 0; index < count; index++) {
    const [region] = chooseByShare(REGIONS, ([, share]) => share, random.next());
    const at = from + random.below(DELIVERY_INTERVAL);
    records.get(region)?.push(everydayRecord(account, region, at));
  }
  for (const { at, region, record } of incidentEvents) {
    if (at >= from && at < from + DELIVERY_INTERVAL) records.get(region)?.push(record);
  }
  for (const list of records.values()) {
    list.sort((a, b) => Date.parse(String(a.eventTime)) - Date.parse(String(b.eventTime)));
  }
  return records;
}

function writeLog(
  folder: string,
  region: string,
  from: number,
  records: readonly Fields[],
  random: Random,
): { readonly bytes: number; readonly compressedBytes: number } {
  const path = join(folder, `AWSLogs/${ACCOUNT_ID}/CloudTrail/${region}/${datePath(from)}`);
  const delivered = stamp(from + 2 * DELIVERY_INTERVAL).replace(/\d\dZ$/, "Z");
  const name = `${ACCOUNT_ID}_CloudTrail_${region}_${delivered}_${random.text(16)}.json.gz`;
  const text = JSON.stringify({ Records: records });
  const data = gzipSync(text);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, name), data);
  return { bytes: Buffer.byteLength(text), compressedBytes: data.length };
}

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html */
function writeDigest(folder: string, region: string, at: number, random: Random): void {
  const path = `AWSLogs/${ACCOUNT_ID}/CloudTrail-Digest/${region}/${datePath(at)}`;
  const name = `${ACCOUNT_ID}_CloudTrail-Digest_${region}_trail_${REGIONS[0][0]}_${stamp(at)}.json.gz`;
  const digest = {
    awsAccountId: ACCOUNT_ID,
    digestStartTime: isoSeconds(at - HOUR),
    digestEndTime: isoSeconds(at),
    digestS3Object: `${path}/${name}`,
    digestSignatureAlgorithm: "SHA256withRSA",
    previousDigestSignature: random.hex(64),
    logFiles: [],
  };
  mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, path, name), gzipSync(JSON.stringify(digest)));
}

const datePath = (at: number) => new Date(at).toISOString().slice(0, 10).replaceAll("-", "/");
/** `20260302T091427Z` */
const stamp = (at: number) => isoSeconds(at).replaceAll(/[-:]/g, "");
