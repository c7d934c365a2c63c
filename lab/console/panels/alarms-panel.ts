import { html } from "hono/html";
import {
  type Alarm,
  isAnomalyAlarm,
  isCompositeAlarm,
  isGroupedAlarm,
} from "../../../cloudwatch/alarm/alarm.ts";
import type { AlarmRecord } from "../../aws/cloudwatch/alarms/alarm-store.ts";
import type { ConsoleSources, NamedResource } from "../sources.ts";
import { attributesText, type Html, terraformAddress, timeElement } from "./format.ts";

const ORDER = { ALARM: 0, INSUFFICIENT_DATA: 1, OK: 2 } as const;

/**
 * Lists the alarms, those in ALARM first.
 * @param selected name of the alarm whose metric the chart shows
 */
export function alarmsPanel(
  { aws, addressOf }: ConsoleSources,
  selected: string,
  limit: number,
): Html {
  const { alarms } = aws.services.cloudWatch.state();
  const sorted = alarms.toSorted(
    (a, b) =>
      ORDER[a.state.value] - ORDER[b.state.value] ||
      (a.state.value === "ALARM" ? b.stateTransitionedAt - a.stateTransitionedAt : 0),
  );
  const firing = alarms.filter(({ state }) => state.value === "ALARM").length;
  return html`<p class="summary ${firing > 0 ? "alert" : ""}">${
    firing === 0 ? `All ${alarms.length} alarms are quiet.` : `${firing} of ${alarms.length} firing`
  }</p>
  <ul class="alarms">${sorted.slice(0, limit).map((record) => alarmItem(record, selected, addressOf(typeOf(record.alarm), record.alarm.name)))}</ul>`;
}

function alarmItem(record: AlarmRecord, selected: string, address: string | undefined): Html {
  const { alarm, state, stateTransitionedAt, actionsEnabled } = record;
  const [title = alarm.name] = alarm.description.split("\n");
  const chart = isCompositeAlarm(alarm)
    ? ""
    : html`<button type="button" data-chart="${alarm.name}" aria-pressed="${alarm.name === selected}">Show metric</button>`;
  return html`<li class="alarm ${state.value === "ALARM" ? "firing" : ""}" id="alarm-${alarm.name}">
    <details>
      <summary>
        <span class="badge ${state.value}">${state.value.replace("_", " ")}</span>
        <span class="alarm-name">${alarm.name}</span>
      </summary>
      <p>${title}</p>
      <p class="condition">${conditionOf(alarm)}${actionsEnabled ? "" : " Its actions are disabled."}</p>
      ${terraformAddress(address)}
    </details>
    ${
      state.value === "ALARM"
        ? html`<p class="reason">${state.reason} <span>Since ${timeElement(stateTransitionedAt)}.</span></p>${contributorLines(record)}`
        : ""
    }
    ${chart}
  </li>`;
}

function contributorLines({ contributors = [] }: AlarmRecord): readonly Html[] {
  return contributors.map(
    ({ attributes, transitionedAt }) =>
      html`<p class="reason">${attributesText(attributes)} <span>Since ${timeElement(transitionedAt)}.</span></p>`,
  );
}

function typeOf(alarm: Alarm): NamedResource {
  return isCompositeAlarm(alarm) ? "aws_cloudwatch_composite_alarm" : "aws_cloudwatch_metric_alarm";
}

const RELATIONS = {
  GreaterThanOrEqualToThreshold: "≥",
  GreaterThanThreshold: ">",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "≤",
} as const;

function conditionOf(alarm: Alarm): string {
  if (isCompositeAlarm(alarm)) return `Fires when ${alarm.rule}.`;
  const { statistic, metricName, period, datapointsToAlarm, evaluationPeriods } = alarm;
  const threshold = isAnomalyAlarm(alarm)
    ? `above its band of ${alarm.deviations} standard deviations`
    : `${RELATIONS[alarm.comparisonOperator]} ${alarm.threshold}`;
  const series = isGroupedAlarm(alarm) ? ` of one ${alarm.groupBy}` : "";
  return (
    `Fires when the ${statistic.toLowerCase()} of ${metricName}${series} is ${threshold} ` +
    `in ${datapointsToAlarm} of ${evaluationPeriods} periods of ${period} s.`
  );
}
