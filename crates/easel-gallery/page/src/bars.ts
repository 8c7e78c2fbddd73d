// A bar chart as SVG. The tables below it have the same numbers, so a screen reader hears only its summary.

import { element, svg } from "./dom";

interface Bar {
  label: string;
  value: number;
  /** Whether the value is only the known part of a larger one. */
  isPartial?: boolean;
}

const WIDTH = 640;
const HEIGHT = 200;
const MARGIN = { top: 18, right: 8, bottom: 24, left: 8 };

/** Creates a chart with one bar for each value. One that is only partly known has a question mark. */
export function createBars(
  title: string,
  bars: Bar[],
  format: (value: number, isPartial: boolean) => string,
): HTMLElement {
  const highest = Math.max(...bars.map((bar) => bar.value), 0);
  const figure = element("figure", { class: "chart" }, element("figcaption", {}, title));
  const hasUnknown = bars.some((bar) => bar.isPartial);
  if (highest === 0 && !hasUnknown) {
    figure.append(element("p", { class: "note" }, "Nothing yet."));
    return figure;
  }
  const peak = bars.find((bar) => bar.value === highest);
  const [first, last] = [bars[0]?.label ?? "", bars.at(-1)?.label ?? ""];
  const highestText = format(highest, highest === 0 || (peak?.isPartial ?? false));
  const missing = hasUnknown ? " Days with a question mark have costs that are unknown." : "";
  const summary = `${title}, ${first} to ${last}. Highest: ${highestText} on ${peak?.label ?? ""}.${missing}`;
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summary });
  const inner = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const step = inner.width / bars.length;
  const base = MARGIN.top + inner.height;
  bars.forEach(({ label, value, isPartial = false }, index) => {
    const height = value === 0 ? 0 : Math.max((value / highest) * inner.height, 1);
    const left = MARGIN.left + index * step;
    const bar = svg("rect", {
      class: "bar",
      x: (left + step * 0.1).toFixed(1),
      y: (base - height).toFixed(1),
      width: (step * 0.8).toFixed(1),
      height: height.toFixed(1),
      rx: "2",
    });
    bar.append(svg("title", {}, `${label}: ${format(value, isPartial)}`));
    chart.append(bar);
    if (!isPartial) return;
    const mark = { x: (left + step / 2).toFixed(1), y: (base - height - 4).toFixed(1), "text-anchor": "middle" };
    chart.append(svg("text", mark, "?"));
  });
  const right = String(WIDTH - MARGIN.right);
  chart.append(
    svg("line", { class: "axis", x1: String(MARGIN.left), x2: right, y1: String(base), y2: String(base) }),
    svg("text", { x: String(MARGIN.left), y: String(HEIGHT - 6) }, first),
    svg("text", { x: right, y: String(HEIGHT - 6), "text-anchor": "end" }, last),
    svg("text", { x: String(MARGIN.left), y: "12" }, highestText),
  );
  figure.append(chart);
  return figure;
}
