import type { Billed, CodexErrorInfo, ImageError, JsonValue, TurnError } from "./generated/protocol.js";
import type { TurnResult } from "./turn.js";

/** The base of all errors of this package. */
export class EaselError extends Error {
  override readonly name: string = "EaselError";
}

/**
 * The server goes on, but not as the user may expect it: the configuration has a problem, such as a misspelled key,
 * which is ignored, or a turn has one. It is emitted, and not thrown.
 */
export class EaselWarning extends Error {
  override readonly name = "EaselWarning";

  /** @internal */
  constructor(
    /** What happened, in one sentence. */
    readonly summary: string,
    /** What follows, or what to do. `null` if the summary says it all. */
    readonly details: string | null = null,
    /** The file that the warning is about. `null` if it is about no file. */
    readonly path: string | null = null,
    /** The thread whose turn has the problem. `null` for a problem of the configuration. */
    readonly threadId: string | null = null,
  ) {
    super(details === null ? summary : `${summary} ${details}`);
  }
}

/** The executable was not found, or could not be started. */
export class EaselNotFoundError extends EaselError {
  override readonly name = "EaselNotFoundError";
}

/** The executable and this package do not fit together. */
export class EaselVersionError extends EaselError {
  override readonly name = "EaselVersionError";
}

/** The server wrote something that is not the protocol, such as a line that is too long. */
export class ProtocolError extends EaselError {
  override readonly name = "ProtocolError";
}

/**
 * The server ended, or closed the connection, before it answered. The next call starts a new server. A turn that had
 * started is stored as interrupted: look at `thread.turns()` before you run it again, since it may have been billed.
 */
export class EaselExitedError extends EaselError {
  override readonly name = "EaselExitedError";

  /** @internal */
  constructor(
    message: string,
    /** The exit code. `null` if a signal ended the server, or if it was reached over a socket. */
    readonly exitCode: number | null = null,
    /** The signal that ended the server. */
    readonly signal: string | null = null,
    /** The end of what the server wrote to stderr. */
    readonly stderr = "",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The server refused a request. Nothing has happened, unless `code` is −32603. */
export class RequestError extends EaselError {
  override readonly name: string = "RequestError";

  /** @internal */
  constructor(
    message: string,
    /** The method of the request. */
    readonly method: string,
    /** The JSON-RPC error code. */
    readonly code: number,
    /** More for programs. `null` without such details. */
    readonly data: JsonValue = null,
  ) {
    super(message);
  }
}

/** −32600: the request does not fit the state, such as an unknown thread or a turn that still runs. */
export class InvalidRequestError extends RequestError {
  override readonly name = "InvalidRequestError";
}

/** −32602: a param is invalid. */
export class InvalidParamsError extends RequestError {
  override readonly name = "InvalidParamsError";

  /** The param, such as `input[1].path`. `null` if the server does not name one. */
  get field(): string | null {
    const { data } = this;
    const field = data !== null && typeof data === "object" && !Array.isArray(data) ? data["field"] : null;
    return typeof field === "string" ? field : null;
  }
}

/** −32001: too many requests are in flight. Try again after a pause. */
export class OverloadedError extends RequestError {
  override readonly name = "OverloadedError";
}

/** −32800: the server stops. */
export class RequestCancelledError extends RequestError {
  override readonly name = "RequestCancelledError";
}

/** A turn ended without its result. `result` has what it made before. */
abstract class UnfinishedTurnError extends EaselError {
  /** @internal */
  constructor(
    message: string,
    /** What the turn made until it ended, with the images to keep. */
    readonly result: TurnResult,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The turn failed, for example because the provider rejected the credential. */
export class TurnFailedError extends UnfinishedTurnError {
  override readonly name = "TurnFailedError";

  /** @internal */
  constructor(error: TurnError | null, result: TurnResult) {
    super(error?.message ?? "the turn failed without a reason", result);
    this.kind = error?.codexErrorInfo ?? "other";
  }

  /** The kind of failure. */
  readonly kind: CodexErrorInfo;
}

/** The turn was interrupted. If an `AbortSignal` did it, `cause` is its reason. */
export class TurnInterruptedError extends UnfinishedTurnError {
  override readonly name = "TurnInterruptedError";

  /** Whether the provider may charge for an image that did not arrive. */
  get billed(): Billed {
    const bills = this.result.failures.map((failure) => failure.billed);
    return bills.includes("yes") ? "yes" : bills.includes("uncertain") ? "uncertain" : "no";
  }
}

/** The turn ended without an image, because its image calls failed. `error` is the failure of the last one. */
export class ImageFailedError extends UnfinishedTurnError {
  override readonly name = "ImageFailedError";

  /** @internal */
  constructor(
    /** Why there is no image: its kind, whether it was billed, and whether the same call may succeed later. */
    readonly error: ImageError,
    result: TurnResult,
  ) {
    super(error.message, result);
  }
}

/** The events of a turn were read too slowly, and some are lost. The turn itself goes on: see `turn.result()`. */
export class EventOverflowError extends EaselError {
  override readonly name = "EventOverflowError";
}

/** The bytes that arrived are not those of the image. */
export class ImageIntegrityError extends EaselError {
  override readonly name = "ImageIntegrityError";
}
