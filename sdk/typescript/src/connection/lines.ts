import { StringDecoder } from "node:string_decoder";
import { ProtocolError } from "../errors.js";

/** The longest line that is read, in UTF-16 code units. A response with a chunk of an image is a long line. */
export const MAX_LINE = 64 * 1024 * 1024;

/** Splits a stream of UTF-8 into lines. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #limit: number;
  #parts: string[] = [];
  #length = 0;

  constructor(limit: number = MAX_LINE) {
    this.#limit = limit;
  }

  /**
   * Takes the next bytes, and returns the lines that they complete.
   *
   * @throws {ProtocolError} if a line exceeds the limit.
   */
  push(bytes: Buffer): string[] {
    const lines: string[] = [];
    const [first = "", ...rest] = this.#decoder.write(bytes).split("\n");
    this.#append(first);
    for (const part of rest) {
      lines.push(this.#parts.join(""));
      this.#parts = [];
      this.#length = 0;
      this.#append(part);
    }
    return lines;
  }

  #append(part: string): void {
    this.#length += part.length;
    if (this.#length > this.#limit)
      throw new ProtocolError(`the server wrote a line of more than ${this.#limit} characters`);
    if (part !== "") this.#parts.push(part);
  }
}
