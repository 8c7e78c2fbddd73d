/** Image generation and editing through Easel. Start at {@link Easel}. */
export { Easel, type Approve, type EaselOptions, type StoredImage } from "./easel.js";
export { Thread, type ResumeOptions, type RunOptions, type StreamOptions, type ThreadOptions } from "./thread.js";
export { StreamedTurn, type TurnResult } from "./turn.js";
export { Image, type Preview } from "./image.js";
export { inlineImage, localImage, type AttachmentOptions, type Input, type InputPart } from "./input.js";
export { MINIMUM_VERSION, SDK_VERSION } from "./connection/version.js";
export type { ServerInfo } from "./session.js";
export * from "./errors.js";
export type * from "./generated/protocol.js";
