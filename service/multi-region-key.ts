/** The partition, account and key id of a multi-Region key: all of its ARN but the Region. */
const MULTI_REGION_KEY = /^arn:(aws[a-z-]*):kms:[a-z0-9-]+:(\d{12}:key\/mrk-[0-9a-f]+)$/;

/**
 * Returns a function that finds, for the KMS key of a record, the configured key that decrypts it: the same
 * key, or the related multi-Region key in the configured Region. Related keys have the same id and key material,
 * so each decrypts the ciphertexts of the others.
 * https://docs.aws.amazon.com/kms/latest/developerguide/mrk-how-it-works.html
 */
export function keyMatcher(configured: readonly string[]): (keyArn: string) => string | undefined {
  const exact = new Set(configured);
  const related = new Map(
    configured.flatMap((arn) => {
      const id = multiRegionId(arn);
      return id === undefined ? [] : [[id, arn] as const];
    }),
  );
  return (keyArn) => {
    if (exact.has(keyArn)) return keyArn;
    const id = multiRegionId(keyArn);
    return id === undefined ? undefined : related.get(id);
  };
}

/** Identifies a multi-Region key in all Regions. Undefined for a key of a single Region. */
function multiRegionId(keyArn: string): string | undefined {
  const [, partition, id] = MULTI_REGION_KEY.exec(keyArn) ?? [];
  return id && `${partition}:${id}`;
}
