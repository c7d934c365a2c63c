import type { DeployedDatabase } from "../../../terraform/access.ts";
import type { Access } from "../iam/access.ts";
import type { KeyStore } from "../kms/keys.ts";
import type { Operations, RecordedServiceName } from "../shared/operation.ts";
import { iamOperations } from "./iam.ts";
import { rdsOperations } from "./rds.ts";
import { secretsManagerOperations } from "./secrets-manager.ts";
import {
  ec2Operations,
  ecrOperations,
  ecsOperations,
  eventsOperations,
  loadBalancingOperations,
  sqsOperations,
  wafOperations,
} from "./services.ts";

/** Returns the operations of the services whose calls are checked and recorded, and otherwise not emulated. */
export function recordedServices(
  databases: readonly DeployedDatabase[],
  access: Access,
  keys: KeyStore,
): Readonly<Record<RecordedServiceName, Operations>> {
  return {
    ec2: ec2Operations,
    ecr: ecrOperations,
    ecs: ecsOperations,
    elasticloadbalancing: loadBalancingOperations,
    events: eventsOperations,
    iam: iamOperations(access),
    rds: rdsOperations(databases),
    secretsmanager: secretsManagerOperations(databases, keys),
    sqs: sqsOperations,
    wafv2: wafOperations,
  };
}
