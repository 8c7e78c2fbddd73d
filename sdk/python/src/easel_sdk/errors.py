"""The errors of this package, which all are an `EaselError`, and its warning."""

from typing import TYPE_CHECKING, Any

from easel_sdk.generated.protocol import Billed, CodexErrorInfo, ImageError, TurnError

if TYPE_CHECKING:
    from easel_sdk.results import TurnResult


class EaselError(Exception):
    """The base of all errors of this package."""


class EaselWarning(UserWarning):
    """The server goes on, but not as the user may expect it.

    The configuration has a problem, such as a misspelled key, which is ignored, or a turn has one.
    """

    def __init__(
        self, summary: str, details: str | None = None, path: str | None = None, thread_id: str | None = None
    ) -> None:
        super().__init__(summary if details is None else f"{summary} {details}")
        self.summary = summary
        """What happened, in one sentence."""
        self.details = details
        """What follows, or what to do. `None` if the summary says it all."""
        self.path = path
        """The file that the warning is about. `None` if it is about no file."""
        self.thread_id = thread_id
        """The thread whose turn has the problem. `None` for a problem of the configuration."""


class EaselNotFoundError(EaselError):
    """The executable was not found, or could not be started."""


class EaselVersionError(EaselError):
    """The executable and this package do not fit together."""


class ProtocolError(EaselError):
    """The server wrote something that is not the protocol, such as a line that is too long."""


class EaselExitedError(EaselError):
    """The server ended, or closed the connection, before it answered.

    The next call starts a new server. A turn that had started is stored as interrupted: look at `thread.turns()` before
    you run it again, since it may have been billed.
    """

    def __init__(self, message: str, exit_code: int | None = None, stderr: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        """The exit code, negative for a signal. `None` for a server that was reached over a socket."""
        self.stderr = stderr
        """The end of what the server wrote to stderr."""


class RequestError(EaselError):
    """The server refused a request. Nothing has happened, unless `code` is -32603."""

    def __init__(self, message: str, method: str, code: int, data: Any = None) -> None:
        super().__init__(message)
        self.method = method
        """The method of the request."""
        self.code = code
        """The JSON-RPC error code."""
        self.data = data
        """More for programs. `None` without such details."""


class InvalidRequestError(RequestError):
    """-32600: the request does not fit the state, such as an unknown thread or a turn that still runs."""


class InvalidParamsError(RequestError):
    """-32602: a param is invalid."""

    @property
    def field(self) -> str | None:
        """The param, such as `input[1].path`. `None` if the server does not name one."""
        field = self.data.get("field") if isinstance(self.data, dict) else None
        return field if isinstance(field, str) else None


class OverloadedError(RequestError):
    """-32001: too many requests are in flight. Try again after a pause."""


class RequestCancelledError(RequestError):
    """-32800: the server stops."""


class UnfinishedTurnError(EaselError):
    """A turn ended without its result."""

    def __init__(self, message: str, result: "TurnResult[Any]") -> None:
        super().__init__(message)
        self.result = result
        """What the turn made until it ended, with the images to keep."""


class TurnFailedError(UnfinishedTurnError):
    """The turn failed, for example because the provider rejected the credential."""

    def __init__(self, error: TurnError | None, result: "TurnResult[Any]") -> None:
        super().__init__(error.message if error else "the turn failed without a reason", result)
        self.kind: CodexErrorInfo = (error and error.codex_error_info) or "other"
        """The kind of failure."""


class TurnInterruptedError(UnfinishedTurnError):
    """The turn was interrupted."""

    @property
    def billed(self) -> Billed:
        """Whether the provider may charge for an image that did not arrive."""
        bills = {failure.billed for failure in self.result.failures}
        return "yes" if "yes" in bills else "uncertain" if "uncertain" in bills else "no"


class ImageFailedError(UnfinishedTurnError):
    """The turn ended without an image, because its image calls failed."""

    def __init__(self, error: ImageError, result: "TurnResult[Any]") -> None:
        super().__init__(error.message, result)
        self.error = error
        """Why the last call failed: its kind, whether it was billed, and whether the same call may succeed later."""


class EventOverflowError(EaselError):
    """The events of a turn were read too slowly, and some are lost. The turn itself goes on: see `turn.result()`."""


class ImageIntegrityError(EaselError):
    """The bytes that arrived are not those of the image."""


_BY_CODE: dict[int, type[RequestError]] = {
    -32600: InvalidRequestError,
    -32602: InvalidParamsError,
    -32001: OverloadedError,
    -32800: RequestCancelledError,
}


def request_error(method: str, code: int, message: str, data: Any = None) -> RequestError:
    """Returns the error of a JSON-RPC error object."""
    return _BY_CODE.get(code, RequestError)(message, method, code, data)
