// The picture before and after an edit, with a slider between them and a heat map of what differs.

import { element } from "./dom";
import type { Pictures } from "./lineage";
import { describeEdit } from "./report";
import type { HeatMap, ImageEntry } from "./source";

/** Creates the comparison of an edit with the image that it changes. `loadHeatMap` is called when it is switched on. */
export function createComparison(
  base: ImageEntry,
  entry: ImageEntry,
  pictures: Pictures,
  loadHeatMap: () => Promise<HeatMap>,
): HTMLElement {
  const before = element("img", { alt: "Before the edit", class: "before" });
  const after = element("img", { alt: "After the edit", class: "after" });
  pictures.load(base, before);
  pictures.load(entry, after);
  const { width, height } = entry.image;
  const stage = element("div", { class: "stage" }, after, before);
  stage.style.aspectRatio = `${width} / ${height}`;
  const isOther = base.image.width * height !== base.image.height * width;
  const note = isOther ? "The images have different proportions, so the smaller one has margins." : null;
  const slider = element("input", { type: "range", id: "slider", min: "0", max: "100", value: "50" });
  const show = () => {
    stage.style.setProperty("--position", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${slider.value} % before, ${100 - Number(slider.value)} % after`);
  };
  slider.addEventListener("input", show);
  show();
  return element(
    "section",
    { class: "wide", "aria-label": "Before and after" },
    element("h3", {}, "Before and after"),
    stage,
    note === null ? null : element("p", { class: "note" }, note),
    element("div", { class: "slider" }, element("label", { for: "slider" }, "Part that shows the image before"), slider),
    createHeatMapSwitch(stage, loadHeatMap),
  );
}

/** Creates the check box that lays the heat map over the pictures, and the text of what differs. */
function createHeatMapSwitch(stage: HTMLElement, load: () => Promise<HeatMap>): HTMLElement {
  const box = element("input", { type: "checkbox", id: "heat-map" });
  const status = element("span", { role: "status" });
  const picture = element("img", { alt: "Heat map: what differs is red", class: "heat", hidden: true });
  stage.append(picture);
  const show = async () => {
    if (!picture.hasAttribute("src")) {
      status.textContent = "Comparing…";
      const { url, report } = await load();
      picture.src = url;
      status.textContent = report ? describeEdit(report) : "";
    }
    picture.hidden = !box.checked;
  };
  box.addEventListener("change", () => {
    show().catch((error: unknown) => {
      box.checked = false;
      status.textContent = error instanceof Error ? error.message : String(error);
    });
  });
  return element("p", { class: "actions" }, box, element("label", { for: "heat-map" }, "Show what differs"), status);
}
