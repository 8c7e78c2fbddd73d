// The view of usage: sums, two charts by day, and tables with the same numbers.

import { createBars } from "./bars";
import { element } from "./dom";
import { count, countOf, dollars } from "./format";
import type { UsageEntry, UsageReadResponse } from "./source";

/** Days in the charts. */
const MAX_DAYS = 31;
const DAY = 24 * 60 * 60 * 1000;

/** Images and cost that have something in common. */
interface Sum {
  images: number;
  /** The known part of the cost. */
  cost: number;
  /** Whether a price is missing. */
  isPartial: boolean;
}

const NOTHING: Sum = { images: 0, cost: 0, isPartial: false };

/** Fills the view. A file has no limits, which are those of one day. */
export function showUsage(view: HTMLElement, usage: UsageReadResponse, hasLimits: boolean): void {
  const byDay = sumBy(usage.data, (entry) => entry.day);
  const byModel = sumBy(usage.data, (entry) => `${entry.provider} · ${entry.model}`);
  const days = lastDays(byDay);
  const { totals, data } = usage;
  const sum = sumBy(data, () => "all").get("all") ?? NOTHING;
  const since = usage.nextCursor === null ? undefined : data.at(-1)?.day;
  const total = totals.estimatedCostUsd ?? sum.cost;
  view.replaceChildren(
    element("h2", {}, "Usage"),
    element(
      "p",
      {},
      `${countOf(totals.images, "image")}, ${count(totals.syntheticImages)} of them drawn by the preview. `,
      `Estimated cost: ${formatCost(total, totals.estimatedCostUsd === null)}. Days are in UTC.`,
    ),
    ...(since === undefined ? [] : [element("p", { class: "note" }, `The days below are those since ${since}.`)]),
    ...(hasLimits ? [element("p", { class: "note" }, limits(usage))] : []),
    element(
      "div",
      { class: "charts" },
      createBars("Images by day", days.map(([day, sum]) => ({ label: day, value: sum.images })), count),
      createBars("Cost by day", days.map(([day, { cost, isPartial }]) => ({ label: day, value: cost, isPartial })), formatCost),
    ),
    createTable("By day, newest first", "Day", [...byDay].sort(([a], [b]) => b.localeCompare(a))),
    createTable("By model, most images first", "Model", [...byModel].sort(([, a], [, b]) => b.images - a.images)),
  );
}

function limits({ spending }: UsageReadResponse): string {
  const { today, limits } = spending;
  const images = today.reserved.images + today.spent.images + today.uncertain.images;
  const cost = today.reserved.costUsd + today.spent.costUsd + today.uncertain.costUsd;
  const of = (limit: string | null) => (limit === null ? "no limit" : `limit ${limit}`);
  const imageLimit = of(limits.imagesPerDay === null ? null : count(limits.imagesPerDay));
  const costLimit = of(limits.costPerDayUsd === null ? null : dollars(limits.costPerDayUsd));
  return `Billed today: ${countOf(images, "image")} (${imageLimit}), ${dollars(cost)} (${costLimit}).`;
}

function formatCost(cost: number, isPartial: boolean): string {
  if (!isPartial) return dollars(cost);
  return cost === 0 ? dollars(null) : `at least ${dollars(cost)}`;
}

function sumBy(entries: UsageEntry[], key: (entry: UsageEntry) => string): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const entry of entries) {
    const sum = sums.get(key(entry)) ?? NOTHING;
    const cost = entry.estimatedCostUsd;
    sums.set(key(entry), {
      images: sum.images + entry.images,
      cost: sum.cost + (cost ?? 0),
      isPartial: sum.isPartial || cost === null,
    });
  }
  return sums;
}

/** Returns the newest days up to the last one with usage, and those between that have none. */
function lastDays(byDay: Map<string, Sum>): [string, Sum][] {
  const newest = [...byDay.keys()].sort().at(-1);
  if (newest === undefined) return [];
  const end = Date.parse(newest);
  const days = Array.from({ length: MAX_DAYS }, (_, index) =>
    new Date(end - (MAX_DAYS - 1 - index) * DAY).toISOString().slice(0, 10),
  );
  return days.map((day) => [day, byDay.get(day) ?? NOTHING]);
}

function createTable(caption: string, key: string, rows: [string, Sum][]): HTMLElement {
  const body = rows.map(([label, { images, cost, isPartial }]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, label),
      element("td", {}, count(images)),
      element("td", {}, formatCost(cost, isPartial)),
    ),
  );
  const head = [key, "Images", "Estimated cost"].map((text) => element("th", { scope: "col" }, text));
  const table = element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body),
  );
  return element("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption }, table);
}
