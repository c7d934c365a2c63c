import { z } from "zod";
import type { Terraform } from "./reader.ts";

const Alarms = z.object({ alarm_names: z.array(z.string().min(1)) }).optional();

/** Returns the names of the alarms that roll back a deployment of an ECS service. They are not part of the monitoring. */
export function deploymentAlarmNames(terraform: Terraform): ReadonlySet<string> {
  return new Set(
    terraform
      .resources("aws_ecs_service")
      .flatMap((service) => Alarms.parse(service.get("alarms"))?.alarm_names ?? []),
  );
}
