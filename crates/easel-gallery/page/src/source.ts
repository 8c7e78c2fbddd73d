// Where the images come from: the server of `easel gallery --serve`, or the file itself that `--out` has written.

import { EmbeddedSource } from "./embedded";
import { ServedSource } from "./served";
import type { EditReport, ImageEntry, InputImage, UsageEntry, UsageReadResponse } from "../../../../schema/easel_app_server";

export type { EditReport, ImageEntry, InputImage, UsageEntry, UsageReadResponse };

/** The name of a thread, or the start of its first message. */
export interface ThreadName {
  id: string;
  name: string;
}

/** Images, newest first, and the cursor of those that follow. */
export interface ImagePage {
  data: ImageEntry[];
  nextCursor: string | null;
}

export interface Source {
  /** Whether new images can arrive. */
  readonly isLive: boolean;
  /** What the page says about images that are not in it; `null` if all are. */
  readonly note: string | null;
  images(cursor: string | null): Promise<ImagePage>;
  threads(): Promise<ThreadName[]>;
  usage(): Promise<UsageReadResponse>;
  /** Returns the URL of a small picture, and what releases its memory. `index` is the image's position in the store. */
  thumbnail(image: ImageEntry, index: number, signal: AbortSignal): Promise<Picture>;
  /** Returns the URL of the largest picture that the source has. */
  picture(image: ImageEntry, index: number, signal: AbortSignal): Promise<Picture>;
  /** Returns what differs between an edit and the image that it changes, as a picture to be laid over them. */
  heatMap(base: ImageEntry, edit: ImageEntry): Promise<HeatMap>;
  /** Waits until the newest image is another one than `newest`, or for some time. Returns which one it is. */
  waitForChange(newest: string | null): Promise<string | null>;
}

export interface HeatMap {
  url: string;
  /** The differences in numbers; `null` if they are those of the record. */
  report: EditReport | null;
}

export interface Picture {
  url: string;
  release: () => void;
}

/** The server does not know the image, or it was deleted. */
export class NotFound extends Error {}

/** The page has no right to read anything. Another attempt would end in the same way. */
export class Unauthorized extends Error {}

/** The server has no time, or cannot be reached. Another attempt may succeed. */
export class Unavailable extends Error {}

/** Opens the data that is embedded in the page, or else the server. */
export function openSource(): Source {
  const snapshot = document.getElementById("snapshot");
  return snapshot ? new EmbeddedSource(snapshot) : new ServedSource();
}
