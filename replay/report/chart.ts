import type { CountsByMinute } from "../evaluate/counts.ts";
import { MINUTE } from "../evaluate/scan.ts";
import { counted, dateTime, duration, number } from "./format.ts";
import { type Html, html } from "./html.ts";
import type { AlarmReport, DetectionReport } from "./report.ts";

const WIDTH = 960;
const HEIGHT = 140;
const LEFT = 56;
const BOTTOM = 22;
const BAND_HEIGHT = 16;
const MAX_BARS = 240;

/** Durations that a bar may represent. The shortest with at most `MAX_BARS` bars is used. */
const BAR_LENGTHS: readonly number[] = [
  1, 5, 15, 60, 180, 360, 720, 1440, 2880, 7200, 10080, 43200,
].map((minutes) => minutes * MINUTE);

interface Bar {
  readonly from: number;
  readonly matches: number;
  /** The most matches in one minute. */
  readonly peak: number;
}

/**
 * Draws matches over time as bars, and below them a band per alarm with its times in ALARM. The SVG needs no
 * script and shows exact numbers as tooltips. Screen readers treat it as one image; the page has the same
 * data in tables.
 */
export function renderChart(
  { id, matches, alarms }: DetectionReport,
  span: { readonly first: number; readonly last: number },
): Html {
  const length = barLength(span);
  const bars = barsOf(matches, span, length);
  const begin = bars[0]?.from ?? span.first;
  const end = begin + bars.length * length;
  const most = Math.max(1, ...bars.map((bar) => bar.matches));
  const x = (at: number) => LEFT + ((at - begin) / (end - begin)) * (WIDTH - LEFT);
  const plot = HEIGHT - BOTTOM;
  const y = (value: number) => plot - (value / most) * (plot - 8);
  const width = Math.max((WIDTH - LEFT) / bars.length - 1, 1);
  const height = HEIGHT + alarms.length * BAND_HEIGHT;
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${id}: ${summary(matches.count, alarms)}">
<line class="axis" x1="${LEFT}" y1="${plot}" x2="${WIDTH}" y2="${plot}"/>
<line class="grid" x1="${LEFT}" y1="${y(most)}" x2="${WIDTH}" y2="${y(most)}"/>
<text x="${LEFT - 6}" y="${y(most) + 4}" text-anchor="end">${number(most)}</text>
<text x="${LEFT - 6}" y="${plot}" text-anchor="end">0</text>
<text x="${LEFT}" y="${HEIGHT - 6}">${dateTime(begin)} UTC</text>
<text x="${WIDTH}" y="${HEIGHT - 6}" text-anchor="end">${dateTime(end)} UTC</text>
<text x="${(WIDTH + LEFT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${duration(length)} per bar</text>
${bars.map((bar) => renderBar(bar, { x, y, plot, width }))}
${alarms.map((alarm, index) => renderBand(alarm, { x, end, top: HEIGHT + index * BAND_HEIGHT }))}
</svg>`;
}

function summary(count: number, alarms: readonly AlarmReport[]): string {
  const fired = alarms.reduce((sum, alarm) => sum + alarm.fired.length, 0);
  return `${counted(count, "match", "matches")} over time; its alarms fired ${counted(fired, "time")}`;
}

function barLength({ first, last }: { readonly first: number; readonly last: number }): number {
  const longest = BAR_LENGTHS.at(-1) ?? MINUTE;
  const fits = (length: number) =>
    Math.floor(last / length) - Math.floor(first / length) < MAX_BARS;
  return BAR_LENGTHS.find(fits) ?? Math.ceil((last - first) / MAX_BARS / longest) * longest;
}

function barsOf(
  { minutes, counts }: CountsByMinute,
  { first, last }: { readonly first: number; readonly last: number },
  length: number,
): readonly Bar[] {
  const start = Math.floor(first / length);
  const bars = Array.from({ length: Math.floor(last / length) - start + 1 }, (_, index) => ({
    from: (start + index) * length,
    matches: 0,
    peak: 0,
  }));
  for (const [index, minute] of minutes.entries()) {
    const count = counts[index] ?? 0;
    const bar = bars[Math.floor((minute * MINUTE) / length) - start];
    if (bar === undefined) continue;
    bar.matches += count;
    bar.peak = Math.max(bar.peak, count);
  }
  return bars;
}

function renderBar(
  { from, matches, peak }: Bar,
  at: {
    readonly x: (time: number) => number;
    readonly y: (value: number) => number;
    readonly plot: number;
    readonly width: number;
  },
): Html {
  if (matches === 0) return html``;
  const top = Math.min(at.y(matches), at.plot - 1);
  return html`<rect class="bar" x="${round(at.x(from))}" y="${round(top)}" width="${round(at.width)}" height="${round(at.plot - top)}"><title>${dateTime(from)} UTC: ${counted(matches, "match", "matches")}, at most ${number(peak)} in a minute</title></rect>
`;
}

function renderBand(
  { name, fired }: AlarmReport,
  at: { readonly x: (time: number) => number; readonly end: number; readonly top: number },
): Html {
  const spans = fired.map(({ from, to }) => {
    const left = Math.min(at.x(from), WIDTH - 2);
    const right = Math.min(at.x(to ?? at.end), WIDTH);
    const until = to === null ? "until the end" : `for ${duration(to - from)}`;
    return html`<rect class="alarm" x="${round(left)}" y="${at.top}" width="${round(Math.max(right - left, 2))}" height="10"><title>${name} in ALARM from ${dateTime(from)} UTC ${until}</title></rect>
`;
  });
  return html`<text x="${LEFT - 6}" y="${at.top + 9}" text-anchor="end">ALARM</text>
<line class="grid" x1="${LEFT}" y1="${at.top + 10}" x2="${WIDTH}" y2="${at.top + 10}"/>
${spans}`;
}

const round = (value: number) => Math.round(value * 10) / 10;
