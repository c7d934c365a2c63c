import { CloudwatchEventApiDestination } from "@cdktf/provider-aws/lib/cloudwatch-event-api-destination/index.js";
import { CloudwatchEventConnection } from "@cdktf/provider-aws/lib/cloudwatch-event-connection/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { policyJson, servicePrincipal } from "./policy.ts";

/** What the header holds until somebody sets its secret: docs/alarm-events.md. No secret itself. */
const UNSET = "not-set-yet";

/** Far above what alarms do; what exceeds it waits. */
const INVOCATIONS_PER_SECOND = 10;

/** An HTTPS address that a rule can post its events to, with an Authorization header. */
export class Webhook extends Construct {
  readonly destinationArn: string;
  /** Role with which a rule may post. */
  readonly roleArn: string;

  constructor(scope: Construct, id: string, { url }: { readonly url: string }) {
    super(scope, id);
    const { env } = CipherwatchStack.of(this).settings;
    const name = resourceName(env, "webhook");
    const connection = new CloudwatchEventConnection(this, "Connection", {
      name,
      description: "The Authorization header of the webhook; its secret is set by hand",
      authorizationType: "API_KEY",
      authParameters: { apiKey: { key: "Authorization", value: UNSET } },
      // The secret is set past Terraform, so that neither its state nor its variables hold it.
      lifecycle: { ignoreChanges: ["auth_parameters"] },
    });
    const destination = new CloudwatchEventApiDestination(this, "Destination", {
      name,
      description: "Told of each change of an alarm's state",
      connectionArn: connection.arn,
      httpMethod: "POST",
      invocationEndpoint: url,
      invocationRateLimitPerSecond: INVOCATIONS_PER_SECOND,
    });
    this.destinationArn = destination.arn;
    this.roleArn = this.#role(name, destination.arn);
  }

  #role(name: string, destinationArn: string): string {
    const stack = CipherwatchStack.of(this);
    const rules = stack.regionalArn("events", `rule/${resourceName(stack.settings.env, "*")}`);
    const role = new IamRole(this, "Role", {
      name,
      description: "EventBridge posts to the webhook",
      assumeRolePolicy: policyJson(this, "Trust", [
        {
          sid: "RulesAssume",
          principals: servicePrincipal("events.amazonaws.com"),
          actions: ["sts:AssumeRole"],
          conditions: [
            ["StringEquals", "aws:SourceAccount", stack.accountId],
            ["ArnLike", "aws:SourceArn", rules],
          ],
        },
      ]),
    });
    new IamRolePolicy(this, "Permissions", {
      name: "post",
      role: role.name,
      policy: policyJson(this, "Post", [
        {
          sid: "PostToWebhook",
          actions: ["events:InvokeApiDestination"],
          resources: [destinationArn],
        },
      ]),
    });
    return role.arn;
  }
}
