import { type ControlGroup, createControlGroup } from "./control-group.ts";

/** Microseconds after which the kernel renews the CPU time of a group. */
const PERIOD = 100_000;

/**
 * Limits CPU time as Fargate does. https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu and
 * https://docs.kernel.org/scheduler/sched-bwc.html
 * @param cpus vCPUs, or a fraction of one
 * @returns undefined where this process may not create control groups
 */
export function limitCpu(cpus: number): ControlGroup | undefined {
  const quota = cpus * PERIOD;
  return (
    createControlGroup("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", String(quota)) ??
    createControlGroup("/sys/fs/cgroup", "cpu.max", `${quota} ${PERIOD}`)
  );
}
