const GIB = 2 ** 30;

/**
 * GiB of memory of the size `large`, by the letter of the instance family. Each doubling of the size doubles
 * it. Of families that vary, such as x1e and x2g, the smallest.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
 */
const MEMORY_OF_LARGE: ReadonlyMap<string, number> = new Map([
  ["c", 4],
  ["t", 8],
  ["m", 8],
  ["r", 16],
  ["z", 16],
  ["x", 32],
]);

/** Sizes below `xlarge`, in relation to `large`. */
const SMALL_SIZES: ReadonlyMap<string, number> = new Map([
  ["micro", 1 / 8],
  ["small", 1 / 4],
  ["medium", 1 / 2],
  ["large", 1],
]);

/**
 * The part of the memory that RDS counts as DBInstanceClassMemory, which excludes the operating system and
 * the processes of RDS. AWS publishes no figure; a db.t4g.micro with 1 GiB has about 80 connections.
 */
const DATABASE_SHARE = 0.75;

/** Reserved for superusers and RDS, and used by migrations and operators. */
const RESERVED = 10;

/**
 * A lower bound of the connections that services can open on an RDS instance for PostgreSQL, whose
 * `max_connections` is LEAST(DBInstanceClassMemory/9531392, 5000).
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
 * @param instanceClass `db.`, a family and a size; an unknown family counts as the one with least memory
 */
export function connectionsOfInstanceClass(instanceClass: string): number {
  const [, family = "", size = ""] = instanceClass.split(".");
  const memory = (MEMORY_OF_LARGE.get(family.charAt(0)) ?? 4) * timesLarge(size) * GIB;
  return Math.min(Math.floor((memory * DATABASE_SHARE) / 9_531_392), 5_000) - RESERVED;
}

function timesLarge(size: string): number {
  const small = SMALL_SIZES.get(size);
  return small ?? 2 * Number(/^(\d*)xlarge$/.exec(size)?.[1] || 1);
}
