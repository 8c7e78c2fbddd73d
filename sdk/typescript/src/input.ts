import { resolve } from "node:path";
import type { ImageDetail, MediaType, UserInput } from "./generated/protocol.js";
import { Image } from "./image.js";

/** What a user says: a prompt, or parts of text and images in their order. A string is text. */
export type Input = string | InputPart | readonly InputPart[];

/** One part of a message. An `Image` of an earlier turn, also of another thread, is an image to edit or to follow. */
export type InputPart = string | Image | UserInput;

/** Options of an attached image. */
export interface AttachmentOptions {
  /** How closely the model looks at the image. */
  detail?: ImageDetail;
}

/** An image file. Easel copies it when the turn starts. A relative path starts at this process's working folder. */
export function localImage(path: string, options: AttachmentOptions = {}): UserInput {
  return { type: "localImage", path: resolve(path), ...options };
}

/** An image that is only in memory. */
export function inlineImage(bytes: Uint8Array, mediaType: MediaType, options: AttachmentOptions = {}): UserInput {
  return { type: "image", url: `data:${mediaType};base64,${Buffer.from(bytes).toString("base64")}`, ...options };
}

/** Returns the parts of a message as the protocol has them. */
export function toUserInput(input: Input): UserInput[] {
  const parts: readonly InputPart[] = Array.isArray(input) ? input : [input as InputPart];
  return parts.map((part) => {
    if (typeof part === "string") return { type: "text", text: part };
    return part instanceof Image ? { type: "localImage", path: part.path } : part;
  });
}
