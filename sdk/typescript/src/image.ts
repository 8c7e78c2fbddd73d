import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { ImageIntegrityError } from "./errors.js";
import type { ImageChunk, ImagePreview, ImageRecord, MediaType, Methods, PreviewSize } from "./generated/protocol.js";

/** Bytes to read with one request. A response is one line, so the largest chunks would delay other answers. */
const CHUNK = 1 << 20;

/** Sends the requests of an image. */
export interface Requester {
  request<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["response"]>;
}

/** A smaller copy of an image, as JPEG, or as PNG if a pixel is transparent. */
export interface Preview extends Omit<ImagePreview, "data"> {
  /** The encoded preview. */
  bytes: Uint8Array;
}

/** An image that Easel has stored. */
export class Image {
  readonly #easel: Requester;

  /** @internal */
  constructor(
    easel: Requester,
    /** All that is known about the image: what was requested and applied, inputs, usage, and the file. */
    readonly record: ImageRecord,
  ) {
    this.#easel = easel;
  }

  /** The handle of the image, unique among all images. */
  get id(): string {
    return this.record.id;
  }

  /** The absolute path of the file, on the machine of the server. */
  get path(): string {
    return this.record.path;
  }

  /** The format of the file. */
  get mediaType(): MediaType {
    return this.record.mediaType;
  }

  /** Width in pixels. */
  get width(): number {
    return this.record.width;
  }

  /** Height in pixels. */
  get height(): number {
    return this.record.height;
  }

  /**
   * Reads the file over the connection, and checks its SHA-256.
   *
   * @throws {ImageIntegrityError} if the file is not the one that Easel stored.
   */
  async bytes(): Promise<Uint8Array> {
    const content = new Uint8Array(this.record.bytes);
    for (let offset: number | null = 0; offset !== null;) {
      const chunk: ImageChunk | null = await this.#read(offset);
      const data = Buffer.from(chunk?.data ?? "", "base64");
      const next: number | null = chunk?.nextOffset ?? null;
      if (offset + data.length > content.length || (next !== null && next <= offset)) {
        throw new ImageIntegrityError(`${this.id} has more bytes than its record says; its file was changed`);
      }
      content.set(data, offset);
      offset = next;
    }
    if (createHash("sha256").update(content).digest("hex") !== this.record.sha256) {
      throw new ImageIntegrityError(`the bytes of ${this.id} do not have its SHA-256; its file was changed`);
    }
    return content;
  }

  /** Makes a smaller copy, by default of at most 1,568 pixels and 32 KiB. The file stays as it is. */
  async preview(size: PreviewSize = {}): Promise<Preview> {
    const { preview } = await this.#easel.request("image/read", { imageId: this.id, preview: size });
    if (!preview) throw new ImageIntegrityError(`${this.id} has no preview`);
    const { data, ...rest } = preview;
    return { ...rest, bytes: new Uint8Array(Buffer.from(data, "base64")) };
  }

  /**
   * Copies the file to a path on the machine of the server, in an existing folder, and returns the absolute path. The
   * extension must belong to the format. An existing file is replaced only with `overwrite`.
   */
  async export(path: string, options: { overwrite?: boolean } = {}): Promise<string> {
    const params = { imageId: this.id, path: resolve(path), ...options };
    return (await this.#easel.request("image/export", params)).path;
  }

  async #read(offset: number): Promise<ImageChunk | null> {
    return (await this.#easel.request("image/read", { imageId: this.id, offset, length: CHUNK })).chunk;
  }
}
