import type { Emulator, StoredObject } from "./emulator.ts";

/** The parts of a Terraform state that the suite reads. */
interface State {
  readonly resources: readonly {
    readonly type: string;
    readonly instances: readonly {
      readonly attributes: { readonly name: string; readonly target_key_arn: string };
    }[];
  }[];
}

export async function listStates(emulator: Emulator, bucket: string): Promise<StoredObject[]> {
  return (await emulator.objects()).filter((object) => object.bucket === bucket);
}

export function stateText({ body }: StoredObject): string {
  return Buffer.from(body, "base64").toString();
}

/** Returns the ARN of the KMS key for each alias name in the states. */
export function keyArnsByAlias(states: readonly StoredObject[]): ReadonlyMap<string, string> {
  return new Map(
    states
      .flatMap((state) => (JSON.parse(stateText(state)) as State).resources)
      .filter(({ type }) => type === "aws_kms_alias")
      .flatMap(({ instances }) => instances)
      .map(({ attributes }) => [attributes.name, attributes.target_key_arn]),
  );
}
