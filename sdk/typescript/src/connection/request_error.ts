import {
  InvalidParamsError,
  InvalidRequestError,
  OverloadedError,
  RequestCancelledError,
  RequestError,
} from "../errors.js";
import type { JsonValue } from "../generated/protocol.js";

const BY_CODE = new Map<number, typeof RequestError>([
  [-32600, InvalidRequestError],
  [-32602, InvalidParamsError],
  [-32001, OverloadedError],
  [-32800, RequestCancelledError],
]);

/** Returns the error of a JSON-RPC error object. */
export function requestError(method: string, code: number, message: string, data?: JsonValue): RequestError {
  return new (BY_CODE.get(code) ?? RequestError)(message, method, code, data ?? null);
}
