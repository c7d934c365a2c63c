import { ChatbotSlackChannelConfiguration } from "@cdktf/provider-aws/lib/chatbot-slack-channel-configuration/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { policyJson, servicePrincipal } from "./policy.ts";

export interface ChatChannelProps {
  /** Id of the Slack workspace, which an administrator has authorized in the console of Amazon Q. */
  readonly teamId: string;
  readonly channelId: string;
  readonly topicArns: readonly string[];
}

/**
 * A Slack channel that receives the notifications of topics, through Amazon Q Developer in chat applications.
 * Members of the channel cannot run commands in the account: the role has no permissions, and the guardrail
 * denies everything. Without a guardrail, AWS applies AdministratorAccess.
 * https://docs.aws.amazon.com/chatbot/latest/APIReference/API_CreateSlackChannelConfiguration.html
 */
export class ChatChannel extends Construct {
  constructor(scope: Construct, id: string, { teamId, channelId, topicArns }: ChatChannelProps) {
    super(scope, id);
    const { env } = CipherwatchStack.of(this).settings;
    const name = resourceName(env, "chat");
    const role = new IamRole(this, "Role", {
      name,
      description: "Has no permissions. Amazon Q in chat applications requires a role.",
      assumeRolePolicy: policyJson(this, "Trust", [
        {
          sid: "ChatAssumes",
          principals: servicePrincipal("chatbot.amazonaws.com"),
          actions: ["sts:AssumeRole"],
        },
      ]),
    });
    new ChatbotSlackChannelConfiguration(this, "Channel", {
      configurationName: name,
      slackTeamId: teamId,
      slackChannelId: channelId,
      snsTopicArns: [...topicArns],
      iamRoleArn: role.arn,
      guardrailPolicyArns: ["arn:aws:iam::aws:policy/AWSDenyAll"],
      loggingLevel: "ERROR",
    });
  }
}
