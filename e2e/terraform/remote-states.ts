import { ENDPOINT_SERVICES } from "../../detections/scope.ts";
import type { Emulator, StoredObject } from "./emulator.ts";

/** The parts of a Terraform state that the suite reads. */
interface State {
  readonly resources: readonly {
    readonly type: string;
    readonly instances: readonly {
      readonly attributes: Readonly<Record<string, string>>;
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
    attributesOf(states, "aws_kms_alias").map(({ name = "", target_key_arn = "" }) => [
      name,
      target_key_arn,
    ]),
  );
}

/** Returns what AWS assigned in the network stack: the security groups in the given order, and addresses. */
export function networkOf(states: readonly StoredObject[], groupNames: readonly string[]) {
  const groups = attributesOf(states, "aws_security_group");
  return {
    securityGroupIds: groupNames.flatMap((groupName) =>
      groups.flatMap(({ name, id = "" }) => (name === groupName ? [id] : [])),
    ),
    vpcEndpointIds: ENDPOINT_SERVICES.flatMap((service) =>
      attributesOf(states, "aws_vpc_endpoint").flatMap(({ service_name = "", id = "" }) =>
        service_name.endsWith(`.${service}`) ? [id] : [],
      ),
    ),
    natAddresses: attributesOf(states, "aws_eip").map(({ public_ip = "" }) => public_ip),
  };
}

function attributesOf(states: readonly StoredObject[], resourceType: string) {
  return states
    .flatMap((state) => (JSON.parse(stateText(state)) as State).resources)
    .filter(({ type }) => type === resourceType)
    .flatMap(({ instances }) => instances.map(({ attributes }) => attributes));
}
