// What an edit changed, in sentences.

import type { Derivation } from "../../../../schema/easel_app_server";
import { count, percent } from "./format";
import type { EditReport } from "./source";

/** Describes an edit: what was to be left alone first. */
export function describeEdit(report: EditReport): string {
  const { outside, inside, shift, composite } = report;
  const sentences = [];
  if (outside) {
    const { share, meanDifference, box } = outside;
    const where = box ? `, in a box of ${count(box.width)} × ${count(box.height)} pixels at ${box.x}, ${box.y}` : "";
    sentences.push(
      `Outside the mask ${percent(share)} of the pixels changed${where}; ` +
        `the mean difference is ${meanDifference.toFixed(2)} of 255.`,
    );
    if (inside) sentences.push(`Inside the mask ${percent(inside.share)} changed.`);
  } else if (inside) {
    sentences.push(`${percent(inside.share)} of the pixels changed.`);
  }
  if (report.incomplete) sentences.push(`Not everything was compared: ${report.incomplete}.`);
  if (shift) {
    const [across, down] = [shift.x < 0 ? "to the left" : "to the right", shift.y < 0 ? "up" : "down"];
    sentences.push(`The picture moved ${Math.abs(shift.x)} pixels ${across} and ${Math.abs(shift.y)} ${down}.`);
  }
  if (report.aspectChanged) sentences.push("The aspect ratio changed.");
  if (report.resampled) sentences.push("The result had another size and was scaled for the comparison.");
  if (composite === "applied") sentences.push("The pixels outside the mask were put back in an image of its own.");
  else if (composite !== "none") sentences.push(`The pixels outside the mask could not be put back: ${composite.refused}.`);
  return sentences.join(" ");
}

/** Describes how Easel made an image from others. */
export function describeDerivation(derivation: Derivation): string {
  const credentials = derivation.dropsContentCredentials ? " Content Credentials of the file were not copied." : "";
  return (
    `The pixels outside the mask are those of ${derivation.from[1] ?? "the original"}, the others those of ` +
    `${derivation.from[0] ?? "the edit"}, blended over ${derivation.feather} pixels.${credentials}`
  );
}
