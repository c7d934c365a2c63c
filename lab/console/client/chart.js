// Draws the metric of an alarm with its threshold, the evaluated window and the times in ALARM.
import uPlot from "./uplot.js";

const HEIGHT = 220;
const container = document.getElementById("chart");
const dark = matchMedia("(prefers-color-scheme: dark)");

let chart;
let latest;

new ResizeObserver(() => {
  chart?.setSize({ width: container.clientWidth, height: HEIGHT });
}).observe(container);
dark.addEventListener("change", () => {
  chart?.destroy();
  chart = undefined;
  if (latest !== undefined) drawChart(latest);
});

/** Draws a chart. @param metric as `MetricChart` in the server's chart.ts */
export function drawChart(metric) {
  if (metric === undefined || metric === null) return;
  latest = metric;
  const { alarm, label, threshold, times, values } = metric;
  document.getElementById("chart-title").textContent = `Metric of ${alarm}`;
  document.getElementById("chart-label").textContent = label;
  const largest = Math.max(0, ...values);
  document.getElementById("chart-summary").textContent =
    values.length === 0
      ? "No data in the last 30 lab minutes."
      : `${values.length} periods with data, at most ${largest}` +
        (threshold === undefined ? "." : `; the threshold is ${threshold}.`);
  chart ??= new uPlot(options(), [[], []], container);
  chart.setData([times, values]);
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options() {
  const axis = {
    stroke: color("--muted"),
    grid: { stroke: color("--line") },
    ticks: { show: false },
  };
  return {
    width: container.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    fmtDate: uPlot.fmtDate,
    scales: {
      x: { range: () => [latest.start, latest.end] },
      y: {
        range: () => [0, Math.max(1, latest.threshold ?? 0, ...latest.values) * 1.2],
      },
    },
    axes: [
      {
        ...axis,
        values: (_, seconds) =>
          seconds.map((at) => new Date(at * 1000).toISOString().slice(11, 16)),
      },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
    ],
    series: [
      {},
      {
        stroke: color("--accent"),
        fill: color("--accent"),
        width: 2,
        points: { show: true, size: 8, fill: color("--accent") },
        paths: uPlot.paths.bars({ size: [0.6, 30, 4] }),
      },
    ],
    hooks: { drawClear: [drawBackground], draw: [drawThreshold] },
  };
}

function drawBackground(plot) {
  const fill = ([from, to], style) => {
    const left = Math.max(plot.bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(plot.bbox.left + plot.bbox.width, plot.valToPos(to, "x", true));
    if (right <= left) return;
    plot.ctx.fillStyle = style;
    plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
  };
  for (const range of latest.inAlarm) fill(range, color("--alert-band"));
  fill(latest.evaluated, color("--evaluated-band"));
}

function drawThreshold(plot) {
  if (latest.threshold === undefined) return;
  const y = plot.valToPos(latest.threshold, "y", true);
  plot.ctx.save();
  plot.ctx.strokeStyle = color("--alert");
  plot.ctx.lineWidth = 2 * devicePixelRatio;
  plot.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  plot.ctx.beginPath();
  plot.ctx.moveTo(plot.bbox.left, y);
  plot.ctx.lineTo(plot.bbox.left + plot.bbox.width, y);
  plot.ctx.stroke();
  plot.ctx.restore();
}
