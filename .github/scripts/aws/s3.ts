import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";

/** @throws S3ServiceException such as `NoSuchKey` */
export async function readObject(
  s3: S3Client,
  place: { readonly Bucket: string; readonly Key: string },
): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand(place));
  if (Body === undefined) throw new Error(`S3 returned no content of ${place.Key}.`);
  return await Body.transformToString();
}
