import { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition/index.js";
import { Construct } from "constructs";
import { resourceName, rewrapRoleName, serviceNamespace } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { rewrapFromPermissions, rewrapToPermissions } from "../kms.ts";
import { allow } from "./policy.ts";
import {
  databaseVariables,
  hardened,
  logsOf,
  type ServiceTaskProps,
  toPairs,
} from "./service-task.ts";
import { TaskRole } from "./task-role.ts";

export interface RewrapTaskProps
  extends Pick<
    ServiceTaskProps,
    | "image"
    | "executionRoleArn"
    | "logGroupName"
    | "keyArn"
    | "previousKeyArns"
    | "databaseHost"
    | "databasePort"
    | "databaseName"
    | "rewrapUser"
  > {
  /** Identifies the database in IAM policies: `db-…`. */
  readonly databaseResourceId: string;
}

/**
 * The task definition of the worker that moves records from previous KMS keys to the current one, and its role.
 * An operator runs it (docs/keys.md); nothing starts it by default. It needs little CPU: it waits for KMS.
 */
export class RewrapTask extends Construct {
  constructor(scope: Construct, id: string, props: RewrapTaskProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { env, region, cpuArchitecture } = stack.settings;
    const { keyArn, previousKeyArns, databaseResourceId, rewrapUser } = props;
    const role = new TaskRole(this, "Role", {
      name: rewrapRoleName(env),
      description:
        "Lets the rewrap worker move records to another KMS key, without decrypting them",
      permissions: [
        ...rewrapFromPermissions(previousKeyArns),
        ...rewrapToPermissions([keyArn]),
        allow(
          "SignInToDatabase",
          [stack.regionalArn("rds-db", `dbuser:${databaseResourceId}/${rewrapUser}`)],
          ["rds-db:connect"],
        ),
      ],
    });
    new EcsTaskDefinition(this, "Task", {
      family: resourceName(env, "rewrap"),
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture },
      executionRoleArn: props.executionRoleArn,
      taskRoleArn: role.roleArn,
      containerDefinitions: JSON.stringify([
        {
          name: "rewrap",
          essential: true,
          command: ["node", "service/rewrap.ts"],
          ...hardened(props.image),
          environment: toPairs({
            ...databaseVariables({ ...props, databaseUser: rewrapUser }),
            AWS_REGION: region,
            KMS_KEY_ARN: keyArn,
            KMS_PREVIOUS_KEY_ARNS: previousKeyArns.join(","),
            METRICS_NAMESPACE: serviceNamespace(env),
          }),
          stopTimeout: 30,
          logConfiguration: logsOf(this, props, "rewrap"),
        },
      ]),
      dependsOn: [role.permissions],
    });
  }
}
