"""The types of the protocol. Generated from the schema by `just sdk-types`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from easel_sdk.generated.model import Model
from pydantic import Field
from typing_extensions import TypeAliasType


class AccountLoginCompletedNotification(Model):
    """A login ended."""

    error: str | None
    """Why the login failed. `null` on success."""

    login_id: Annotated[str | None, Field(alias='loginId')]
    """Always `null`: logins of Easel end at once and have no id."""

    success: bool
    """Whether the login succeeded."""


class AccountTokenUsageDailyBucket(Model):
    """The tokens of one day."""

    start_date: Annotated[str, Field(alias='startDate')]
    """The day, `YYYY-MM-DD` in UTC."""

    tokens: int
    """Input and output tokens together."""


class AccountTokenUsageSummary(Model):
    """Sums of used tokens."""

    current_streak_days: Annotated[int | None, Field(alias='currentStreakDays')]
    """Consecutive days with usage, up to today."""

    lifetime_tokens: Annotated[int | None, Field(alias='lifetimeTokens')]
    """All tokens since the home was created."""

    longest_running_turn_sec: Annotated[int | None, Field(alias='longestRunningTurnSec')]
    """Always `null`."""

    longest_streak_days: Annotated[int | None, Field(alias='longestStreakDays')]
    """The largest number of consecutive days with usage."""

    peak_daily_tokens: Annotated[int | None, Field(alias='peakDailyTokens')]
    """The tokens of the busiest day."""


class AgentMessageDeltaNotification(Model):
    """The next part of an agent message."""

    delta: str
    """The text to append."""

    item_id: Annotated[str, Field(alias='itemId')]
    """The agent message."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the message."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the message."""


class ApiKeyAccount(Model):
    """A key of the public API."""

    type: Annotated[Literal['apiKey'], Field(title='ApiKeyAccountType')] = 'apiKey'
    """Always `apiKey`."""


class ApiKeyLoginAccountResponse(Model):
    """The key is stored."""

    type: Annotated[Literal['apiKey'], Field(title='ApiKeyLoginAccountResponseType')] = 'apiKey'
    """Always `apiKey`."""


class AppliedImage(Model):
    """The parameters of an image. `null` when not requested or unknown."""

    background: str | None
    """`transparent`, `opaque` or `auto`."""

    n: Annotated[int | None, Field(ge=0)]
    """Number of images."""

    output_format: Annotated[str | None, Field(alias='outputFormat')]
    """`png`, `jpeg` or `webp`."""

    quality: str | None
    """The quality, in the provider's terms."""

    size: str | None
    """`WIDTHxHEIGHT` in pixels, or `auto`."""


ApprovalCause = TypeAliasType(
    "ApprovalCause", Annotated[Literal['always', 'overLimit', 'unknownPrice', 'hook'], Field(title='ApprovalCause')]
)
"""
Why the server asks.

- `always`: Every call needs an approval.
- `overLimit`: The call exceeds a limit.
- `unknownPrice`: A limit of cost applies, and the price of the call is not configured.
- `hook`: A hook of the user leaves this call to the user. The answer covers no other call.
"""


class ApprovalImage(Model):
    """An image that a call would send."""

    id: str | None
    """The handle. `null` for a file that the model named by path."""

    path: str
    """Absolute path of Easel's copy."""


ApprovalPolicy = TypeAliasType("ApprovalPolicy", Annotated[Literal['never'], Field(title='ApprovalPolicy')])
"""
When the Codex app-server asks for approval of commands. Easel runs none. Its questions about image calls depend on
`approval` in its configuration.

- `never`: Never.
"""


ApprovalScope = TypeAliasType(
    "ApprovalScope", Annotated[Literal['call', 'turn', 'session', 'day'], Field(title='ApprovalScope')]
)
"""
What an approval covers. An approval of a call within the limits covers no call that exceeds one.

- `call`: This call.
- `turn`: All calls of the turn.
- `session`: All calls of the thread until the end of the day, in turns that this connection starts.
- `day`: All calls until the end of the day, in turns that this connection starts.
"""


ApprovalsReviewer = TypeAliasType("ApprovalsReviewer", Annotated[Literal['user'], Field(title='ApprovalsReviewer')])
"""
Who approves. Without effect: Easel asks the client.

- `user`: The user.
"""


class AppsInstalledParams(Model):
    """
    Lists the installed apps.

    The params of other servers are accepted and have no effect.
    """


class AppsInstalledResponse(Model):
    """The apps that are installed. Easel has none."""

    apps: Annotated[list[Any], Field(max_length=0)]
    """Always empty."""


class AppsListParams(Model):
    """
    Lists the apps on offer.

    The params of other servers are accepted and have no effect.
    """


AuthMode = TypeAliasType("AuthMode", Annotated[Literal['apikey', 'chatgptAuthTokens'], Field(title='AuthMode')])
"""
Kinds of credentials.

- `apikey`: A key of the public API.
- `chatgptAuthTokens`: ChatGPT tokens that a client owns.
"""


Billed = TypeAliasType("Billed", Annotated[Literal['yes', 'no', 'uncertain'], Field(title='Billed')])
"""
Whether the provider charged for a call. If some images arrived, this is about the missing ones.

- `yes`: The provider charged.
- `no`: The provider did not charge.
- `uncertain`: Unknown: the request was sent and its outcome did not arrive.
"""


class ByteRange(Model):
    """A half-open range of bytes of a text in UTF-8."""

    end: Annotated[int, Field(ge=0)]
    """The byte after the last one."""

    start: Annotated[int, Field(ge=0)]
    """The first byte."""


class CancelLoginAccountParams(Model):
    """Cancels a login."""

    login_id: Annotated[str, Field(alias='loginId')]
    """The id of the login."""


CancelLoginAccountStatus = TypeAliasType(
    "CancelLoginAccountStatus", Annotated[Literal['canceled', 'notFound'], Field(title='CancelLoginAccountStatus')]
)
"""
Whether a login was cancelled. Every login of Easel ends at once, so there is never one to cancel.

- `canceled`: Never sent.
- `notFound`: No login has this id.
"""


class ChatgptAuthTokensLoginAccountResponse(Model):
    """The tokens are in use."""

    type: Annotated[Literal['chatgptAuthTokens'], Field(title='ChatgptAuthTokensLoginAccountResponseType')] = (
        'chatgptAuthTokens'
    )
    """Always `chatgptAuthTokens`."""


ChatgptAuthTokensRefreshReason = TypeAliasType(
    "ChatgptAuthTokensRefreshReason", Annotated[Literal['unauthorized'], Field(title='ChatgptAuthTokensRefreshReason')]
)
"""
Why the server needs a new token.

- `unauthorized`: A provider responded with HTTP status 401.
"""


class ChatgptDeviceCodeLoginAccountParams(Model):
    """Login with a device code. Rejected: Easel does not support it."""

    type: Annotated[Literal['chatgptDeviceCode'], Field(title='ChatgptDeviceCodeLoginAccountParamsType')] = (
        'chatgptDeviceCode'
    )
    """Always `chatgptDeviceCode`."""


class ChatgptLoginAccountParams(Model):
    """Login in a browser. Rejected: Easel does not support it."""

    type: Annotated[Literal['chatgpt'], Field(title='ChatgptLoginAccountParamsType')] = 'chatgpt'
    """Always `chatgpt`."""


class ClientInfo(Model):
    """Who a client is."""

    name: str
    """The name of the client. Threads that it starts have it as `originator`."""

    title: str | None = None
    """The name to show to people."""

    version: str
    """The version of the client."""


CodexErrorInfo = TypeAliasType(
    "CodexErrorInfo",
    Annotated[
        Literal['contextWindowExceeded', 'usageLimitExceeded', 'rateLimitExceeded', 'unauthorized', 'badRequest', 'internalServerError', 'other'],
        Field(title='CodexErrorInfo'),
    ],
)
"""
Kinds of turn failures. The subset of the Codex app-server's kinds that Easel uses.

- `contextWindowExceeded`: The conversation is too long for the model.
- `usageLimitExceeded`: The account has used up a limit of its plan.
- `rateLimitExceeded`: The provider received too many requests; a later turn may succeed.
- `unauthorized`: There is no credential, or the provider did not accept it.
- `badRequest`: The provider rejected the request as invalid.
- `internalServerError`: The provider or Easel failed.
- `other`: Any other failure.
"""


class CollaborationSettings(Model):
    """The settings of a collaboration mode. Its fields are in snake_case, as in the Codex app-server."""

    developer_instructions: str | None
    """The developer instructions of the thread. `null` when it has none."""

    model: str
    """The model."""

    reasoning_effort: str | None
    """The reasoning effort. `null`: the model's default."""


class ConfigReadParams(Model):
    """Reads the effective configuration."""

    cwd: str | None = None
    """Absolute path of the project whose layer is included. Absent: no project layer."""

    include_layers: Annotated[bool | None, Field(alias='includeLayers')] = None
    """Whether the response has the layers. Default false."""


class ConfigRequirementsReadParams(Model):
    """Reads the requirements that an administrator sets."""


class ConfigRequirementsReadResponse(Model):
    """The requirements that an administrator sets. Easel has none."""

    requirements: dict[str, Any] | None
    """Always `null`: only the user configures Easel."""


class ConfigWarningNotification(Model):
    """The configuration has a problem that Easel can work around."""

    details: str | None
    """What follows from the problem, or how to solve it. `null` when the summary says it all."""

    path: str | None = None
    """The file that the warning is about. Absent when it is about no file."""

    summary: str
    """One sentence. It never contains a value, which may be a secret."""


class ContextCompactedNotification(Model):
    """The conversation was compacted. For clients that do not know the item `contextCompaction`, which says the same."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread whose conversation was compacted."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn that has the item."""


class ContextCompactionItem(Model):
    """Marks where a catalogue took the place of the older turns for the model. Clients still read all turns."""

    completed_at_ms: Annotated[int | None, Field(alias='completedAtMs')]
    """When the item ended, in Unix milliseconds. `null` while it is in progress."""

    id: str
    """The id of the item, unique in its thread."""

    started_at_ms: Annotated[int, Field(alias='startedAtMs')]
    """When the item started, in Unix milliseconds."""


class ContextCompactionThreadItem(ContextCompactionItem):
    """The conversation became too long for the model, and a catalogue took the place of its older turns."""

    type: Annotated[Literal['contextCompaction'], Field(title='ContextCompactionThreadItemType')] = 'contextCompaction'
    """Always `contextCompaction`."""


class CreditsSnapshot(Model):
    """The credits of an account."""

    balance: str | None
    """The balance, in the backend's own format."""

    has_credits: Annotated[bool, Field(alias='hasCredits')]
    """Whether the account has credits."""

    unlimited: bool
    """Whether the credits are unlimited."""


CwdFilter = TypeAliasType("CwdFilter", Annotated[str | list[str], Field(title='CwdFilter')])
"""One working folder or several. Absolute paths."""


DerivationKind = TypeAliasType("DerivationKind", Annotated[Literal['composite'], Field(title='DerivationKind')])
"""
What Easel does to make an image from others.

- `composite`: Takes the pixels outside the mask from the base and the others from the edit.
"""


class EditedPixels(Model):
    """The pixels that an edit could change."""

    changed: Annotated[int, Field(ge=0)]
    """How many of them differ by more than the tolerance."""

    pixels: Annotated[int, Field(ge=0)]
    """Their number."""

    share: float
    """`changed` as a part of `pixels`, from 0 to 1."""


class EmptyPageResponse(Model):
    """The only page of a list without entries."""

    data: Annotated[list[Any], Field(max_length=0)]
    """Always empty."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """Always `null`: there is no second page."""


class ErrorObject(Model):
    """Why a request failed. A failed turn or image is not an error of a request: see `Turn` and `ImageGenerationItem`."""

    code: int
    """The kind of error. `docs/CLIENTS.md` lists the codes."""

    data: Any | None = None
    """More for clients to act on, such as `field`, the param that is invalid. Absent without such details."""

    message: str
    """What happened and what to do, in one sentence."""


class ExperimentalFeatureEnablementSetParams(Model):
    """Switches features until the server stops."""

    enablement: dict[str, bool]
    """On or off, by name. Other features keep their state; unknown names are ignored."""


class ExperimentalFeatureEnablementSetResponse(Model):
    """The features were switched."""

    enablement: dict[str, bool]
    """The features that the request switched."""


class ExperimentalFeatureListParams(Model):
    """Lists the features."""

    cursor: str | None = None
    """`nextCursor` of the previous page. Absent: the first page."""

    limit: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of entries in the page, 1 to 500. Default 500."""

    thread_id: Annotated[str | None, Field(alias='threadId')] = None
    """Uses the configuration of this thread. Absent: the default configuration."""


ExportFit = TypeAliasType("ExportFit", Annotated[Literal['contain', 'cover', 'refuse'], Field(title='ExportFit')])
"""
How a picture fills a size of another aspect.

- `contain`: The whole picture is shown in the middle, with the background around it.
- `cover`: The whole size is filled, and two sides of the picture are cut off.
- `refuse`: The request fails.
"""


ExportFormat = TypeAliasType("ExportFormat", Annotated[Literal['png', 'jpeg', 'webp'], Field(title='ExportFormat')])
"""
A format that pictures are written in.

- `png`: PNG, lossless.
- `jpeg`: JPEG, without transparency.
- `webp`: WebP, lossless.
"""


ExportSet = TypeAliasType(
    "ExportSet", Annotated[Literal['web', 'apple', 'windows', 'android', 'sizes', 'sprites'], Field(title='ExportSet')]
)
"""
A set of files.

- `web`: `favicon.ico` (16 and 32 pixels), `icon-192.png`, `icon-512.png`, `icon-mask.png` (512 pixels, opaque, with the
image in the middle 80 %), `apple-touch-icon.png` (180 pixels, opaque) and `manifest.webmanifest`. Needs 512
pixels.
- `apple`: `icon.icns` (32 to 1,024 pixels) and `AppIcon.png` (1,024 pixels, opaque). Needs 1,024 pixels.
- `windows`: `icon.ico` (16, 24, 32, 48, 64, 128 and 256 pixels). Needs 256 pixels.
- `android`: `mipmap-mdpi/ic_launcher.png` (48 pixels), `-hdpi` (72), `-xhdpi` (96), `-xxhdpi` (144), `-xxxhdpi` (192), and
`ic_launcher-playstore.png` (512). Needs 512 pixels.
- `sizes`: `NAME-SIDE.png` for each of `sizes`.
- `sprites`: `NAME.png` with all images in a grid, and `NAME.json` with the rectangle of each: `frames`, with the handle as
`name`, and `x`, `y`, `w` and `h` in pixels.
"""


class ExportedFile(Model):
    """A file of a set."""

    bytes: Annotated[int, Field(ge=0)]
    """Size in bytes."""

    height: Annotated[int | None, Field(ge=0)]
    """Height in pixels, like the width."""

    path: str
    """Absolute path, with the links of the folder resolved."""

    sha256: str
    """SHA-256 of the file, in lowercase hexadecimal."""

    width: Annotated[int | None, Field(ge=0)]
    """Width in pixels, of the largest picture in an icon. `null` for a file without pictures."""


FeatureStage = TypeAliasType(
    "FeatureStage", Annotated[Literal['underDevelopment', 'stable'], Field(title='FeatureStage')]
)
"""
How finished a feature is.

- `underDevelopment`: The feature may change or be removed.
- `stable`: The feature is finished.
"""


class FunctionCallResponseItem(Model):
    """A call of a function tool by the model."""

    arguments: str
    """The arguments as the model wrote them: a JSON object as text."""

    call_id: str
    """The id that the output of the call repeats."""

    name: str
    """The name of the function."""

    namespace: str | None
    """The namespace of the function. `null` for a function without one."""

    type: Annotated[Literal['function_call'], Field(title='FunctionCallResponseItemType')] = 'function_call'
    """Always `function_call`."""


class GetAccountParams(Model):
    """Reads the account in use."""

    refresh_token: Annotated[bool | None, Field(alias='refreshToken')] = None
    """Without effect: the client that owns the tokens refreshes them."""


class GetAccountRateLimitsParams(Model):
    """Reads the usage limits that the backend last reported."""


class GetAccountSecuritySetupParams(Model):
    """
    Reads advice on the security of the account.

    The params of other servers are accepted and have no effect.
    """


class GetAccountSecuritySetupResponse(Model):
    """What the account should do for its security. Easel does not ask."""

    notice: Any
    """Always `null`."""


class GetAccountTokenUsageParams(Model):
    """Reads how many tokens this home has used."""

    thread_id: Annotated[str | None, Field(alias='threadId')] = None
    """A thread whose usage the response includes."""


class GetWorkspaceMessagesParams(Model):
    """
    Reads the messages of the account's workspace.

    The params of other servers are accepted and have no effect.
    """


class GetWorkspaceMessagesResponse(Model):
    """Messages of the account's workspace to its members. Easel reads none."""

    feature_enabled: Annotated[bool, Field(alias='featureEnabled')]
    """Always `false`."""

    messages: Annotated[list[Any], Field(max_length=0)]
    """Always empty."""


class GitInfo(Model):
    """The state of a Git repository, as a client reported it."""

    branch: str | None
    """The branch."""

    origin_url: Annotated[str | None, Field(alias='originUrl')]
    """The URL of the remote `origin`."""

    sha: str | None
    """The commit."""


class GitInfoPatch(Model):
    """
    Changes of [`GitInfo`](super::GitInfo). A missing field stays, `null` clears it, a string replaces it. This is the
    only part of the protocol in which `null` and a missing field differ.
    """

    branch: str | None = None
    """The branch."""

    origin_url: Annotated[str | None, Field(alias='originUrl')] = None
    """The URL of the remote `origin`."""

    sha: str | None = None
    """The commit."""


HeldBackReason = TypeAliasType(
    "HeldBackReason",
    Annotated[
        Literal['imageGenerationOff', 'authNotEligible', 'modelWithoutImageInput', 'imagegenextOff', 'providerWithoutImages', 'providerWithoutNamespaceTools', 'executorMissing', 'standaloneOffered', 'providerWithoutHostedTool', 'separateImageProvider', 'hookConfigured', 'approvalRequired'],
        Field(title='HeldBackReason'),
    ],
)
"""
Reasons why an image tool is not offered. This list is closed.

- `imageGenerationOff`: The feature `image_generation` is off.
- `authNotEligible`: The credential in use does not allow image tools.
- `modelWithoutImageInput`: The model cannot read images.
- `imagegenextOff`: The feature `imagegenext` is off.
- `providerWithoutImages`: The provider has no image API.
- `providerWithoutNamespaceTools`: The provider does not support tools in namespaces.
- `executorMissing`: The server cannot run the standalone tool. Easel always can and never sends this.
- `standaloneOffered`: The standalone tool is offered instead.
- `providerWithoutHostedTool`: The provider has no image tool of its own.
- `separateImageProvider`: `images.provider` selects a provider that the tool does not reach: another one for the hosted tool, or not the
one with which the thread was loaded. Resuming the thread loads it with the selected one.
- `hookConfigured`: A hook runs before each image call, and the provider's own tool makes images without one.
- `approvalRequired`: Every image call needs an approval, and the provider's own tool makes images without one.
"""


HistoryMode = TypeAliasType("HistoryMode", Annotated[Literal['paginated'], Field(title='HistoryMode')])
"""
How clients read the history of a thread.

- `paginated`: In pages.
"""


class HooksListEntry(Model):
    """The hooks of one folder."""

    cwd: str
    """The folder, as the request names it."""

    errors: Annotated[list[Any], Field(max_length=0)]
    """Always empty."""

    hooks: Annotated[list[Any], Field(max_length=0)]
    """Always empty."""

    warnings: Annotated[list[str], Field(max_length=0)]
    """Always empty."""


class HooksListParams(Model):
    """Lists the hooks of an agent's tools, by folder. Those of image calls are in `config/read`."""

    cwds: list[str] | None = None
    """The folders, at most 256. Absent or empty: the server's."""

    thread_id: Annotated[str | None, Field(alias='threadId')] = None
    """Lists the folder of this thread instead."""


class HooksListResponse(Model):
    """The hooks of each folder."""

    data: list[HooksListEntry]
    """One entry per folder, in the order of the request."""


class IdleThreadStatus(Model):
    """The thread is in memory and runs no turn."""

    type: Annotated[Literal['idle'], Field(title='IdleThreadStatusType')] = 'idle'
    """Always `idle`."""


ImageAction = TypeAliasType("ImageAction", Annotated[Literal['generate', 'edit'], Field(title='ImageAction')])
"""
What an image call does.

- `generate`: Makes an image from a prompt.
- `edit`: Makes an image from a prompt and reference images.
"""


class ImageApproval(Model):
    """An image call that waits for an approval."""

    action: ImageAction
    """What the call does."""

    cause: ApprovalCause
    """Why the server asks."""

    cost_left_in_thread_usd: Annotated[float | None, Field(alias='costLeftInThreadUsd')]
    """What is left to the thread of `limits.cost_per_thread`, in US dollars. `null` without that limit."""

    cost_left_today_usd: Annotated[float | None, Field(alias='costLeftTodayUsd')]
    """What is left today of `limits.cost_per_day`, in US dollars. `null` without that limit."""

    count: Annotated[int, Field(ge=0)]
    """Number of images that the call requests."""

    estimated_cost_usd: Annotated[float | None, Field(alias='estimatedCostUsd')]
    """The estimated cost in US dollars. `null` when a price is missing."""

    images: list[ApprovalImage]
    """The images that are sent with it, the mask last."""

    images_left_today: Annotated[int | None, Field(alias='imagesLeftToday', ge=0)]
    """What is left today of `limits.images_per_day`. `null` without that limit."""

    model: str
    """The image model of the provider."""

    prompt: str
    """The prompt. A long one is cut and ends with an ellipsis."""

    provider: str
    """The id of the provider."""

    timeout_ms: Annotated[int, Field(alias='timeoutMs', ge=0)]
    """Milliseconds until no answer counts as a denial."""


class ImageChunk(Model):
    """A range of the bytes of an image."""

    data: str
    """The bytes from `offset`, in base64. Empty at and past the end of the file."""

    next_offset: Annotated[int | None, Field(alias='nextOffset', ge=0)]
    """The `offset` of the next chunk. `null` at the end of the file."""

    offset: Annotated[int, Field(ge=0)]
    """The position of the first byte in the file."""


class ImageCompositeParams(Model):
    """Makes an image from an edit and the image that was edited: outside the mask with exactly the pixels of the latter."""

    base_id: Annotated[str | None, Field(alias='baseId')] = None
    """The handle of the image that was edited. Absent: the one in the record of the edit."""

    feather: Annotated[int | None, Field(ge=0)] = None
    """Over how many pixels inside the mask the two images blend, 0 to 64. Default 8."""

    image_id: Annotated[str, Field(alias='imageId')]
    """The handle of the edit: a generated image."""

    mask_id: Annotated[str | None, Field(alias='maskId')] = None
    """
    The handle of the mask. Its transparent pixels are taken from the edit. Absent: the one in the record of the
    edit.
    """


class ImageDeleteParams(Model):
    """Deletes an image from a thread. The file is deleted when no other thread uses the image."""

    image_id: Annotated[str, Field(alias='imageId')]
    """The handle of the image."""

    thread_id: Annotated[str | None, Field(alias='threadId')] = None
    """The thread to delete the image from. Required only when several threads use it."""


class ImageDeleteResponse(Model):
    """The image was deleted from the thread."""

    file_deleted: Annotated[bool, Field(alias='fileDeleted')]
    """Whether the file was deleted. False while another thread uses the image."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that no longer has the image."""


class ImageDeletedNotification(Model):
    """A client deleted an image from the thread."""

    image_id: Annotated[str, Field(alias='imageId')]
    """The handle of the image."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that had the image."""


ImageDetail = TypeAliasType(
    "ImageDetail", Annotated[Literal['auto', 'low', 'high', 'original'], Field(title='ImageDetail')]
)
"""
How closely a model looks at an image.

- `auto`: The model decides.
- `low`: A small version of the image.
- `high`: A large version of the image.
- `original`: The image at its own size.
"""


ImageErrorKind = TypeAliasType(
    "ImageErrorKind",
    Annotated[
        Literal['invalidArguments', 'referenceNotFound', 'referenceRefused', 'moderationBlocked', 'unauthorized', 'configuration', 'usageLimit', 'rateLimited', 'budgetExceeded', 'approvalDenied', 'hookDenied', 'timeout', 'network', 'badResponse', 'storage', 'interrupted', 'internal'],
        Field(title='ImageErrorKind'),
    ],
)
"""
Kinds of failures of an image call. This list is closed.

- `invalidArguments`: The arguments of the call are invalid.
- `referenceNotFound`: A reference image does not exist.
- `referenceRefused`: A reference image may not be read or sent.
- `moderationBlocked`: The provider's moderation rejected the prompt or the result.
- `unauthorized`: There is no credential, or the provider did not accept it.
- `configuration`: Something must be set up first: the provider does not know the model or the path, wants the organization to be
verified, or a proxy refuses the connection.
- `usageLimit`: The account has used up a limit of its plan.
- `rateLimited`: The provider received too many requests.
- `budgetExceeded`: A limit of images or of cost would be exceeded (`limits.images_per_turn` and others), or it needs a price that
is unknown.
- `approvalDenied`: The user did not approve the call, nobody could be asked, or the image tool was switched off while the turn ran.
- `hookDenied`: A hook of the user denied the call, or could not run (`hooks.pre_tool_use`).
- `timeout`: The provider did not deliver in time (`images.timeout_ms`).
- `network`: The provider could not be reached.
- `badResponse`: The provider's response has no usable image.
- `storage`: The image could not be stored.
- `interrupted`: A client interrupted the turn, or the server stopped.
- `internal`: Easel failed.
"""


class ImageExportParams(Model):
    """
    Copies an image out of Easel's store: byte by byte, or as another picture if a field from `width` on asks for a
    change. The image's own format, no trim and a padding of 0 are none. The image itself is not changed.

    A picture is decoded, turned upright, trimmed, scaled, padded and filled, in this order, and has no metadata except
    its color profile. The same request gives the same bytes.
    """

    background: str | None = None
    """
    The color below transparent pixels and padding, as `#rrggbb`. Absent: they stay transparent, which JPEG cannot
    store.
    """

    fit: ExportFit | None = None
    """How the picture fills a size of another aspect. Default `refuse`."""

    format: ExportFormat | None = None
    """The format of the copy. Absent: that of the image. A GIF needs another one."""

    height: Annotated[int | None, Field(ge=0)] = None
    """Height in pixels, 1 to 16,384. Absent: it follows from `width`, else the picture is not scaled."""

    image_id: Annotated[str, Field(alias='imageId')]
    """The handle of the image."""

    overwrite: bool | None = None
    """Whether to replace an existing file. Default false: the request fails if the path exists."""

    padding: Annotated[int | None, Field(ge=0)] = None
    """Pixels to leave on each side, 0 to 8,191. They count to `width` and `height`. Default 0."""

    path: str
    """Absolute path of the copy, in an existing folder. The extension must belong to the format of the copy."""

    quality: Annotated[int | None, Field(ge=0, le=255)] = None
    """The quality of a JPEG, 1 to 100. Default 90. Other formats are lossless and have no quality."""

    trim: bool | None = None
    """Whether to cut off a transparent border, or one of a single color. Default false."""

    width: Annotated[int | None, Field(ge=0)] = None
    """Width in pixels, 1 to 16,384. Absent: it follows from `height`, else the picture is not scaled."""


class ImageExportResponse(Model):
    """The copy."""

    bytes: Annotated[int, Field(ge=0)]
    """Size of the copy in bytes."""

    height: Annotated[int, Field(ge=0)]
    """Height in pixels."""

    path: str
    """Absolute path of the copy, with the links of the folder resolved."""

    sha256: str
    """SHA-256 of the file, in lowercase hexadecimal."""

    width: Annotated[int, Field(ge=0)]
    """Width in pixels."""


Size = TypeAliasType("Size", Annotated[int, Field(ge=0)])


class ImageExportSetParams(Model):
    """
    Writes a set of files, such as the icons of an app: all of them or none.

    Each picture is scaled from the original, which is not changed. The same request gives the same bytes.
    """

    background: str | None = None
    """
    The color below transparent pixels, as `#rrggbb`. Required for the files that must be opaque, if the image has
    transparent pixels; in `web` also if its outermost pixels have several colors.
    """

    fit: ExportFit | None = None
    """How an image that is not square becomes square. Default `refuse`. Sprites without `sizes` keep their shape."""

    folder: str
    """Absolute path of an existing folder. Other files in it are kept."""

    image_id: Annotated[str, Field(alias='imageId')]
    """The handle of the image."""

    image_ids: Annotated[list[str] | None, Field(alias='imageIds')] = None
    """For `sprites`, the images that follow `imageId` on the sheet, up to 255. No image may be repeated."""

    name: str | None = None
    """
    For `sizes` and `sprites`, what the names of the files begin with. For `web`, the name of the app in its
    manifest. Default: `icon`, `sprites`, and no name.
    """

    overwrite: bool | None = None
    """Whether to replace existing files. Default false: the request fails if one of the files exists."""

    set: ExportSet
    """Which files to write."""

    sizes: list[Size] | None = None
    """
    The sides of the pictures in pixels, 1 to 4,096. For `sizes`, 1 to 32 different ones, which may be larger than
    the image. For `sprites`, at most one: the side of each picture. Absent there: the pictures are not scaled.
    """


class ImageExportSetResponse(Model):
    """The files that were written."""

    files: list[ExportedFile]
    """The files, in the order of the set."""

    snippet: str | None
    """
    For `web`, the lines for the head of a page, if the files are at the root of its site. `null` for the other
    sets.
    """


class ImageGenerationCallResponseItem(Model):
    """A call of the provider's own image tool."""

    id: str
    """The id of the call."""

    result: str
    """The image, as `easel:` and its handle."""

    revised_prompt: str | None
    """The prompt as the provider rewrote it. `null` if it did not."""

    status: str
    """The state of the call, such as `completed`."""

    type: Annotated[Literal['image_generation_call'], Field(title='ImageGenerationCallResponseItemType')] = (
        'image_generation_call'
    )
    """Always `image_generation_call`."""


class ImageListParams(Model):
    """Lists generated images, newest first."""

    cursor: str | None = None
    """`nextCursor` of the previous page. Absent: the first page."""

    limit: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of entries in the page, 1 to 50. Default 25."""

    mine: bool | None = None
    """
    Lists only the images of threads that a client with the name of this connection's has started, over the same
    protocol. Default false.
    """

    thread_id: Annotated[str | None, Field(alias='threadId')] = None
    """Lists the images of this thread. Absent: the images of all threads. An unknown thread has none."""


ImageResult = TypeAliasType("ImageResult", Annotated[Literal['none', 'inline'], Field(title='ImageResult')])
"""
Whether image items carry the image itself.

- `none`: Items have paths only.
- `inline`: The live `item/completed` has the first image in base64 as `result`.
"""


ImageStatus = TypeAliasType(
    "ImageStatus", Annotated[Literal['in_progress', 'completed', 'failed'], Field(title='ImageStatus')]
)
"""
The state of an image call.

- `in_progress`: The call runs.
- `completed`: The call made at least one image.
- `failed`: The call made no image; `error` says why.
"""


class ImageUsage(Model):
    """The tokens that the provider counted for one call."""

    input_tokens: Annotated[int, Field(alias='inputTokens', ge=0)]
    """Tokens of the prompt and the reference images."""

    output_tokens: Annotated[int, Field(alias='outputTokens', ge=0)]
    """Tokens of the images."""

    total_tokens: Annotated[int, Field(alias='totalTokens', ge=0)]
    """Both together, as the provider reports it."""


class ImageUserInput(Model):
    """An image as a `data:` URL. Other URLs are rejected: Easel fetches nothing that a client or model names."""

    detail: ImageDetail | None = None
    """How closely the model looks at the image."""

    type: Annotated[Literal['image'], Field(title='ImageUserInputType')] = 'image'
    """Always `image`."""

    url: str
    """The `data:` URL, with base64."""


class InitializeResponse(Model):
    """Who the server is."""

    codex_home: Annotated[str, Field(alias='codexHome')]
    """Absolute path of Easel's home, under the name that clients of the Codex app-server read."""

    platform_family: Annotated[str, Field(alias='platformFamily')]
    """`unix` or `windows`."""

    platform_os: Annotated[str, Field(alias='platformOs')]
    """The operating system, such as `linux`, `macos` or `windows`."""

    tools: list[str]
    """Namespaced names of the image tools that a thread with the default configuration offers to the model."""

    user_agent: Annotated[str, Field(alias='userAgent')]
    """`<client name>/<protocol version> (<os>; <arch>) easel/<version>`."""


class InitializedClientNotification(Model):
    """The client has read the response to `initialize`. It may be left out."""

    method: Annotated[Literal['initialized'], Field(title='InitializedClientNotificationMethod')] = 'initialized'
    """Always `initialized`."""


class InputImage(Model):
    """A reference image as it was sent."""

    id: str | None
    """The handle. `null` for a file that the model named by path."""

    path: str
    """Absolute path of the image."""

    sha256: str
    """SHA-256 of the bytes that were sent, in lowercase hexadecimal."""


class InputImageContentItem(Model):
    """An image for the model."""

    detail: ImageDetail | None
    """How closely the model looks at the image. `null` for the provider's default."""

    image_url: str
    """The image, as `easel:` and its handle. Clients that add items may also use a data URL."""

    type: Annotated[Literal['input_image'], Field(title='InputImageContentItemType')] = 'input_image'
    """Always `input_image`."""


class InputImageDynamicToolCallOutputContentItem(Model):
    """An image."""

    image_url: Annotated[str, Field(alias='imageUrl')]
    """The bytes as a data URL."""

    type: Annotated[Literal['inputImage'], Field(title='InputImageDynamicToolCallOutputContentItemType')] = 'inputImage'
    """Always `inputImage`."""


InputModality = TypeAliasType("InputModality", Annotated[Literal['text', 'image'], Field(title='InputModality')])
"""
A kind of input.

- `text`: Text.
- `image`: Images.
"""


class InputTextContentItem(Model):
    """Text for the model."""

    text: str
    """The text."""

    type: Annotated[Literal['input_text'], Field(title='InputTextContentItemType')] = 'input_text'
    """Always `input_text`."""


class InputTextDynamicToolCallOutputContentItem(Model):
    """Text."""

    text: str
    """The text."""

    type: Annotated[Literal['inputText'], Field(title='InputTextDynamicToolCallOutputContentItemType')] = 'inputText'
    """Always `inputText`."""


class ItemAgentMessageDeltaEvent(Model):
    """The next part of an agent message."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['item/agentMessage/delta'], Field(title='ItemAgentMessageDeltaEventMethod')
    ] = 'item/agentMessage/delta'
    """Always `item/agentMessage/delta`."""

    params: AgentMessageDeltaNotification
    """The params."""


class ItemInputImage(Model):
    """A reference image of a call."""

    path: str
    """Absolute path of the image."""

    sha256: str
    """SHA-256 of the bytes that were sent, in lowercase hexadecimal."""


class ListMcpServerStatusParams(Model):
    """
    Lists MCP servers and their state.

    The params of other servers are accepted and have no effect.
    """


class LocalImageUserInput(Model):
    """An image file. Easel copies it into its store when the turn starts."""

    detail: ImageDetail | None = None
    """How closely the model looks at the image."""

    path: str
    """Absolute path of the file."""

    type: Annotated[Literal['localImage'], Field(title='LocalImageUserInputType')] = 'localImage'
    """Always `localImage`."""


LoginAccountResponse = TypeAliasType(
    "LoginAccountResponse",
    Annotated[
        ApiKeyLoginAccountResponse | ChatgptAuthTokensLoginAccountResponse, Field(title='LoginAccountResponse')
    ],
)
"""The login succeeded."""


class LogoutAccountParams(Model):
    """Removes the stored key and the tokens."""


class LogoutAccountResponse(Model):
    """The key and the tokens were removed."""


MaskUse = TypeAliasType("MaskUse", Annotated[Literal['sent'], Field(title='MaskUse')])
"""
What was done with the mask of a call. A provider that takes no mask gets no such call.

- `sent`: The provider got the mask.
"""


class McpAnnotations(Model):
    """Who a block of content is for."""

    audience: list[str]
    """`user` and `assistant`."""

    priority: float
    """From 0 to 1, the most important."""


MediaType = TypeAliasType(
    "MediaType", Annotated[Literal['image/png', 'image/jpeg', 'image/webp', 'image/gif'], Field(title='MediaType')]
)
"""
The image formats that Easel imports and stores. Always detected from the content, never from a file name.

- `image/png`: PNG.
- `image/jpeg`: JPEG.
- `image/webp`: WebP.
- `image/gif`: GIF.
"""


class MentionUserInput(Model):
    """Something that the user mentioned, such as a file. The model reads its name and path as text."""

    name: str
    """The name as the client shows it."""

    path: str
    """The path."""

    type: Annotated[Literal['mention'], Field(title='MentionUserInputType')] = 'mention'
    """Always `mention`."""


MergeStrategy = TypeAliasType("MergeStrategy", Annotated[Literal['replace', 'upsert'], Field(title='MergeStrategy')])
"""
What happens to a table when another table is written to its key.

- `replace`: Removes the keys that the new table does not have.
- `upsert`: Keeps the keys that the new table does not have.
"""


MessagePhase = TypeAliasType(
    "MessagePhase", Annotated[Literal['commentary', 'partial_answer', 'final_answer'], Field(title='MessagePhase')]
)
"""
The role of an agent message in its turn.

- `commentary`: An intermediate remark.
- `partial_answer`: A part of the answer.
- `final_answer`: The answer.
"""


MessageRole = TypeAliasType(
    "MessageRole", Annotated[Literal['user', 'assistant', 'developer'], Field(title='MessageRole')]
)
"""
Who wrote a message.

- `user`: The user.
- `assistant`: The model.
- `developer`: The client or Easel, with instructions for the model.
"""


ModeKind = TypeAliasType("ModeKind", Annotated[Literal['default'], Field(title='ModeKind')])
"""
Kinds of collaboration modes. Easel has one.

- `default`: The only mode.
"""


class ModelListParams(Model):
    """Lists the models of the provider in use."""

    cursor: str | None = None
    """`nextCursor` of the previous page. Absent: the first page."""

    include_hidden: Annotated[bool | None, Field(alias='includeHidden')] = None
    """Whether the list has hidden models. Default false."""

    limit: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of entries in the page, 1 to 50. Default 50."""


class ModelProviderCapabilitiesReadParams(Model):
    """Reads what the provider in use can do."""


class ModelProviderCapabilitiesReadResponse(Model):
    """What the provider in use can do."""

    image_generation: Annotated[bool, Field(alias='imageGeneration')]
    """Whether the provider makes images, by the standalone or the hosted tool."""

    web_search: Annotated[bool, Field(alias='webSearch')]
    """Always false: Easel does not search the web."""


class ModelProviderListParams(Model):
    """Lists the configured providers."""


class NetworkPermissions(Model):
    """Access to the network."""

    enabled: bool | None = None
    """Whether the call may use the network."""


class NotLoadedThreadStatus(Model):
    """The thread is stored and not in memory."""

    type: Annotated[Literal['notLoaded'], Field(title='NotLoadedThreadStatusType')] = 'notLoaded'
    """Always `notLoaded`."""


class OpenaiProviderSettings(Model):
    """A provider with the API of OpenAI."""

    type: Annotated[Literal['openai'], Field(title='OpenaiProviderSettingsType')] = 'openai'
    """Always `openai`."""


class OutputTextContentItem(Model):
    """Text of the model."""

    text: str
    """The text."""

    type: Annotated[Literal['output_text'], Field(title='OutputTextContentItemType')] = 'output_text'
    """Always `output_text`."""


class PermissionProfile(Model):
    """Permissions that are requested or granted."""

    network: NetworkPermissions | None = None
    """Access to the network."""


class PermissionProfileListParams(Model):
    """
    Lists permission profiles.

    The params of other servers are accepted and have no effect.
    """


class PermissionsRequestApprovalParams(Model):
    """
    Asks whether an image call may be made. Sent by the server, to a client that has declared
    `requestPermissionsApproval`.
    """

    cwd: str
    """The working folder of the thread."""

    environment_id: Annotated[str | None, Field(alias='environmentId')]
    """Always `null`."""

    image_generation: Annotated[ImageApproval, Field(alias='imageGeneration')]
    """The call."""

    item_id: Annotated[str, Field(alias='itemId')]
    """The item of the call, which has started."""

    permissions: PermissionProfile
    """What the call needs: always the network."""

    reason: str | None
    """One sentence for the user: what is made by whom, at what price."""

    started_at_ms: Annotated[int, Field(alias='startedAtMs')]
    """When the server asked, in Unix milliseconds."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the call."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the call."""


class PermissionsRequestApprovalResponse(Model):
    """The decision about an image call. Sent by the client. Without `network.enabled: true`, the call is denied."""

    permissions: PermissionProfile
    """What the client grants."""

    scope: ApprovalScope | None = 'turn'
    """What the decision covers. Absent: `turn`."""


class PixelBox(Model):
    """A rectangle of pixels of the base."""

    height: Annotated[int, Field(ge=0)]
    """Rows."""

    width: Annotated[int, Field(ge=0)]
    """Columns."""

    x: Annotated[int, Field(ge=0)]
    """The first column."""

    y: Annotated[int, Field(ge=0)]
    """The first row."""


PlanType = TypeAliasType(
    "PlanType",
    Annotated[
        Literal['free', 'go', 'plus', 'pro', 'prolite', 'promax', 'team', 'self_serve_business_prolite', 'self_serve_business_usage_based', 'business', 'ent26', 'enterprise_cbp_automation', 'enterprise_cbp_usage_based', 'enterprise', 'edu', 'edu_plus', 'edu_pro', 'sci', 'sci_plus', 'unknown'],
        Field(title='PlanType'),
    ],
)
"""
The plan of a ChatGPT account.

- `unknown`: Another plan, or no plan given.
"""


class PluginInstalledParams(Model):
    """
    Lists the installed plugins.

    The params of other servers are accepted and have no effect.
    """


class PluginInstalledResponse(Model):
    """The marketplaces of the plugins that are installed. Easel has none."""

    marketplace_load_errors: Annotated[list[Any], Field(alias='marketplaceLoadErrors', max_length=0)]
    """Always empty: nothing is loaded."""

    marketplaces: Annotated[list[Any], Field(max_length=0)]
    """Always empty."""


class PluginListParams(Model):
    """
    Lists the plugins on offer.

    The params of other servers are accepted and have no effect.
    """


class PluginListResponse(Model):
    """The marketplaces of plugins. Easel has none."""

    featured_plugin_ids: Annotated[list[str], Field(alias='featuredPluginIds', max_length=0)]
    """Always empty."""

    marketplace_load_errors: Annotated[list[Any], Field(alias='marketplaceLoadErrors', max_length=0)]
    """Always empty: nothing is loaded."""

    marketplaces: Annotated[list[Any], Field(max_length=0)]
    """Always empty."""


class PreviewSize(Model):
    """The maximum size of a preview. An image that is smaller is not enlarged."""

    max_bytes: Annotated[int | None, Field(alias='maxBytes', ge=0)] = None
    """
    The size of the encoded preview in bytes before base64, 1,024 to 8,388,608. Default 32,768, which keeps the
    response under 64 KiB. A preview that does not fit first loses quality, then pixels.
    """

    max_edge: Annotated[int | None, Field(alias='maxEdge', ge=0)] = None
    """The longest edge in pixels, 16 to 4,096. Default 1,568."""


class ProjectConfigLayerSource(Model):
    """The configuration folder of a project."""

    dot_codex_folder: Annotated[str, Field(alias='dotCodexFolder')]
    """Absolute path of the folder, under the name that clients of the Codex app-server read."""

    type: Annotated[Literal['project'], Field(title='ProjectConfigLayerSourceType')] = 'project'
    """Always `project`."""


class ProtectedPixels(Model):
    """The pixels that an edit had to leave alone."""

    box: PixelBox | None
    """The smallest box that has all changed pixels. `null` if none has changed."""

    changed: Annotated[int, Field(ge=0)]
    """How many of them differ by more than the tolerance."""

    damaged_blocks: Annotated[int | None, Field(alias='damagedBlocks', ge=0)] = None
    """
    Squares of 8 by 8 pixels, side by side from the top left, in which three quarters of the pixels are protected
    and differ by more than 32. The noise of a lossy format makes none, and damage that a person sees at least one.
    Absent without one.
    """

    mean_difference: Annotated[float, Field(alias='meanDifference')]
    """The mean of the largest difference of a channel over all of them, from 0 to 255. It has no threshold."""

    pixels: Annotated[int, Field(ge=0)]
    """Their number."""

    share: float
    """`changed` as a part of `pixels`, from 0 to 1."""


ProviderSettings = TypeAliasType("ProviderSettings", Annotated[OpenaiProviderSettings, Field(title='ProviderSettings')])
"""Kinds of provider settings. Easel uses one of the Codex app-server's kinds."""


RateLimitReachedType = TypeAliasType(
    "RateLimitReachedType",
    Annotated[
        Literal['rate_limit_reached', 'workspace_owner_credits_depleted', 'workspace_member_credits_depleted', 'workspace_owner_usage_limit_reached', 'workspace_member_usage_limit_reached'],
        Field(title='RateLimitReachedType'),
    ],
)
"""
Why a backend refuses requests.

- `rate_limit_reached`: The limit of the plan is used up.
- `workspace_owner_credits_depleted`: The credits of the workspace are used up; the user is its owner.
- `workspace_member_credits_depleted`: The credits of the workspace are used up; the user is a member.
- `workspace_owner_usage_limit_reached`: The limit of the workspace is used up; the user is its owner.
- `workspace_member_usage_limit_reached`: The limit of the workspace is used up; the user is a member.
"""


class RateLimitWindow(Model):
    """A window of time in which usage is counted."""

    resets_at: Annotated[int | None, Field(alias='resetsAt')]
    """When the window ends, in Unix seconds."""

    used_percent: Annotated[int, Field(alias='usedPercent')]
    """Percent of the limit that is used. Over 100 when more was used than the limit allows."""

    window_duration_mins: Annotated[int | None, Field(alias='windowDurationMins')]
    """Length of the window in minutes."""


class ReadOnlySandboxPolicy(Model):
    """No writing."""

    network_access: Annotated[bool, Field(alias='networkAccess')]
    """Whether commands may use the network."""

    type: Annotated[Literal['readOnly'], Field(title='ReadOnlySandboxPolicyType')] = 'readOnly'
    """Always `readOnly`."""


class ReasoningEffortOption(Model):
    """A reasoning effort of a model."""

    description: str
    """One sentence about the effort."""

    reasoning_effort: Annotated[str, Field(alias='reasoningEffort')]
    """The name of the effort."""


class ReasoningItem(Model):
    """The model's reasoning before an answer or a call. Both lists may be empty."""

    completed_at_ms: Annotated[int | None, Field(alias='completedAtMs')]
    """When the item ended, in Unix milliseconds. `null` while it is in progress."""

    content: list[str]
    """The reasoning itself, in parts. Empty unless the provider sends it."""

    id: str
    """The id of the item, unique in its thread."""

    started_at_ms: Annotated[int, Field(alias='startedAtMs')]
    """When the item started, in Unix milliseconds."""

    summary: list[str]
    """The summary, in parts. Empty unless the client or the configuration asked for one."""


ReasoningSummary = TypeAliasType(
    "ReasoningSummary", Annotated[Literal['auto', 'concise', 'detailed', 'none'], Field(title='ReasoningSummary')]
)
"""
Which summary of its reasoning a model writes.

- `auto`: The most detailed one that the model supports.
- `concise`: A short one.
- `detailed`: A long one.
- `none`: None.
"""


class ReasoningSummaryPartAddedNotification(Model):
    """The summary of the model's reasoning has a new part, which is empty so far."""

    item_id: Annotated[str, Field(alias='itemId')]
    """The reasoning item."""

    summary_index: Annotated[int, Field(alias='summaryIndex', ge=0)]
    """The index of the part in `summary` of the item."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the item."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the item."""


class ReasoningSummaryTextDeltaNotification(Model):
    """The next text of a summary of the model's reasoning."""

    delta: str
    """The text to append."""

    item_id: Annotated[str, Field(alias='itemId')]
    """The reasoning item."""

    summary_index: Annotated[int, Field(alias='summaryIndex', ge=0)]
    """The index of the part in `summary` of the item."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the item."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the item."""


class ReasoningTextDeltaNotification(Model):
    """The next text of the model's reasoning itself. Only some open models send it."""

    content_index: Annotated[int, Field(alias='contentIndex', ge=0)]
    """The index of the part in `content` of the item."""

    delta: str
    """The text to append."""

    item_id: Annotated[str, Field(alias='itemId')]
    """The reasoning item."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the item."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the item."""


class ReasoningTextReasoningText(Model):
    """Text."""

    text: str
    """The text."""

    type: Annotated[Literal['reasoning_text'], Field(title='ReasoningTextReasoningTextType')] = 'reasoning_text'
    """Always `reasoning_text`."""


class ReasoningThreadItem(ReasoningItem):
    """The model's reasoning."""

    type: Annotated[Literal['reasoning'], Field(title='ReasoningThreadItemType')] = 'reasoning'
    """Always `reasoning`."""


class RefusedComposite(Model):
    """Why the pixels outside the mask were not put back."""

    refused: str
    """The reason, in words."""


RequestId = TypeAliasType("RequestId", Annotated[int | str, Field(title='RequestId')])
"""The id of a request, chosen by its sender. Easel numbers its own requests per connection."""


class RequestedImage(Model):
    """The arguments of an image call as the model gave them."""

    action: ImageAction
    """What the call does."""

    background: str | None
    """`transparent`, `opaque` or `auto`."""

    n: Annotated[int | None, Field(ge=0)]
    """Number of images."""

    output_format: Annotated[str | None, Field(alias='outputFormat')]
    """`png`, `jpeg` or `webp`."""

    prompt: str
    """The prompt."""

    quality: str | None
    """The quality, in the provider's terms."""

    size: str | None
    """`WIDTHxHEIGHT` in pixels, or `auto`."""


class ResourceLinkMcpContent(Model):
    """A link to the file of an image."""

    mime_type: Annotated[MediaType, Field(alias='mimeType')]
    """The format."""

    name: str
    """The name of the file."""

    size: Annotated[int, Field(ge=0)]
    """The size of the file in bytes."""

    type: Annotated[Literal['resource_link'], Field(title='ResourceLinkMcpContentType')] = 'resource_link'
    """Always `resource_link`."""

    uri: str
    """`easel://image/` and the handle."""


SandboxPolicy = TypeAliasType("SandboxPolicy", Annotated[ReadOnlySandboxPolicy, Field(title='SandboxPolicy')])
"""What commands may do. Easel runs none and writes only to its home."""


SecretText = TypeAliasType("SecretText", Annotated[str, Field(title='SecretText')])
"""A key or token. Its debug form is `***`."""


class ServerRequestResolvedNotification(Model):
    """
    Nobody waits for the client's response to a request of the server any more: it has arrived, or the server withdrew
    the request. Only the connection that got the request gets this.
    """

    request_id: Annotated[RequestId, Field(alias='requestId')]
    """The id of the request."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that the request was about."""


class SessionFlagsConfigLayerSource(Model):
    """The environment, the command line, and the overrides of a thread."""

    type: Annotated[Literal['sessionFlags'], Field(title='SessionFlagsConfigLayerSourceType')] = 'sessionFlags'
    """Always `sessionFlags`."""


SessionSource = TypeAliasType(
    "SessionSource", Annotated[Literal['cli', 'vscode', 'exec', 'appServer', 'unknown'], Field(title='SessionSource')]
)
"""
The kind of client that a thread comes from.

- `cli`: The command line.
- `vscode`: The editor extension.
- `exec`: A non-interactive run.
- `appServer`: A client of this server.
- `unknown`: Unknown.
"""


class Shift(Model):
    """A movement in pixels of the base."""

    x: int
    """To the right. Negative: to the left."""

    y: int
    """Down. Negative: up."""


class SkillUserInput(Model):
    """A skill of the client. The model reads its name and path as text."""

    name: str
    """The name of the skill."""

    path: str
    """The path of the skill."""

    type: Annotated[Literal['skill'], Field(title='SkillUserInputType')] = 'skill'
    """Always `skill`."""


class SkillsListEntry(Model):
    """The skills of one folder."""

    cwd: str
    """The folder, as the request names it."""

    errors: Annotated[list[Any], Field(max_length=0)]
    """Always empty."""

    skills: Annotated[list[Any], Field(max_length=0)]
    """Always empty."""


class SkillsListParams(Model):
    """Lists the skills of the agent, by folder."""

    cwds: list[str] | None = None
    """The folders, at most 256. Absent or empty: the server's."""


class SkillsListResponse(Model):
    """The skills of each folder."""

    data: list[SkillsListEntry]
    """One entry per folder, in the order of the request."""


SortDirection = TypeAliasType("SortDirection", Annotated[Literal['asc', 'desc'], Field(title='SortDirection')])
"""
The direction of an order.

- `asc`: Oldest first.
- `desc`: Newest first.
"""


class SpendingAmount(Model):
    """Images and their cost."""

    cost_usd: Annotated[float, Field(alias='costUsd')]
    """Their cost in US dollars, as far as it is known."""

    images: Annotated[int, Field(ge=0)]
    """Number of images."""

    unpriced_images: Annotated[int, Field(alias='unpricedImages', ge=0)]
    """How many of the images have an unknown cost."""


class SpendingCounts(Model):
    """What counts for the limits, by state."""

    reserved: SpendingAmount
    """What is reserved for running calls, by estimate."""

    spent: SpendingAmount
    """What calls that ended have cost."""

    uncertain: SpendingAmount
    """What may have been billed for images that never arrived."""


class SpendingLimits(Model):
    """Limits of spending. `null`: no limit."""

    cost_per_day_usd: Annotated[float | None, Field(alias='costPerDayUsd')]
    """`limits.cost_per_day` in US dollars."""

    cost_per_thread_usd: Annotated[float | None, Field(alias='costPerThreadUsd')]
    """`limits.cost_per_thread` in US dollars."""

    images_per_day: Annotated[int | None, Field(alias='imagesPerDay', ge=0)]
    """`limits.images_per_day`"""


class SuccessResponse(Model):
    """A response to a request that succeeded."""

    id: RequestId
    """The id of the request."""

    result: Any
    """The result. `methods` (in TypeScript `Methods`) has its type for the method of the request."""


class SummaryTextReasoningSummaryText(Model):
    """Text."""

    text: str
    """The text."""

    type: Annotated[Literal['summary_text'], Field(title='SummaryTextReasoningSummaryTextType')] = 'summary_text'
    """Always `summary_text`."""


class SystemErrorThreadStatus(Model):
    """Never sent."""

    type: Annotated[Literal['systemError'], Field(title='SystemErrorThreadStatusType')] = 'systemError'
    """Always `systemError`."""


class TextAnthropicContent(Model):
    """Text."""

    text: str
    """The text."""

    type: Annotated[Literal['text'], Field(title='TextAnthropicContentType')] = 'text'
    """Always `text`."""


class TextElement(Model):
    """A span of a text that the client marked."""

    byte_range: Annotated[ByteRange, Field(alias='byteRange')]
    """The span."""

    placeholder: str | None = None
    """What the client shows in place of the span. Absent: the text itself."""


class TextMcpContent(Model):
    """Text."""

    text: str
    """The text."""

    type: Annotated[Literal['text'], Field(title='TextMcpContentType')] = 'text'
    """Always `text`."""


class TextReasoningText(Model):
    """Text of a server that uses the older name."""

    text: str
    """The text."""

    type: Annotated[Literal['text'], Field(title='TextReasoningTextType')] = 'text'
    """Always `text`."""


class TextUserInput(Model):
    """Text."""

    text: str
    """The text."""

    text_elements: Annotated[list[TextElement] | None, Field(validate_default=True)] = []
    """Spans of the text that the client marked. Easel stores and returns them and does not interpret them."""

    type: Annotated[Literal['text'], Field(title='TextUserInputType')] = 'text'
    """Always `text`."""


ThreadActiveFlag = TypeAliasType(
    "ThreadActiveFlag", Annotated[Literal['waitingOnApproval'], Field(title='ThreadActiveFlag')]
)
"""
What a running turn waits for.

- `waitingOnApproval`: An image call of the turn waits for an approval.
"""


class ThreadArchiveParams(Model):
    """Archives a thread: lists leave it out by default."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to archive."""


class ThreadArchiveResponse(Model):
    """The thread was archived."""


class ThreadArchivedNotification(Model):
    """A thread was archived."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The archived thread."""


class ThreadClosedNotification(Model):
    """A thread was unloaded from memory. `thread/resume` loads it again."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that is no longer in memory."""


class ThreadCompactStartParams(Model):
    """
    Reduces the older turns of a thread to a catalogue that the model reads instead of them. Clients still read all
    turns.
    """

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to compact."""


class ThreadCompactStartResponse(Model):
    """The turn that compacts the thread was started. Its events follow this response."""


class ThreadCompactedEvent(Model):
    """The conversation was compacted. For clients that do not know the item `contextCompaction`, which says the same."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['thread/compacted'], Field(title='ThreadCompactedEventMethod')] = 'thread/compacted'
    """Always `thread/compacted`."""

    params: ContextCompactedNotification
    """The params."""


class ThreadDeleteParams(Model):
    """Deletes a thread and the files that no fork uses."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to delete."""


class ThreadDeleteResponse(Model):
    """The thread was deleted."""


class ThreadDeletedNotification(Model):
    """A thread was deleted."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The deleted thread."""


class ThreadForkParams(Model):
    """
    Starts a thread as a copy of another and subscribes the connection to it. The copy has the same handles for the
    images and shares their files.
    """

    base_instructions: Annotated[str | None, Field(alias='baseInstructions')] = None
    """Replaces `model_instructions`: who the model is."""

    config: dict[str, Any] | None = None
    """
    Configuration that applies only to the new thread, by dotted key. Replaces the configuration of the copied
    thread.
    """

    cwd: str | None = None
    """The working folder. A relative path begins at that of the server. Absent: the one of the copied thread."""

    developer_instructions: Annotated[str | None, Field(alias='developerInstructions')] = None
    """Replaces `developer_instructions`: what the model must also follow."""

    ephemeral: bool | None = None
    """Keeps the new thread only in memory, as in `thread/start`. Default false."""

    exclude_turns: Annotated[bool | None, Field(alias='excludeTurns')] = None
    """Whether to leave `thread.turns` empty, as in `thread/resume`. Default false."""

    experimental_raw_events: Annotated[bool | None, Field(alias='experimentalRawEvents')] = None
    """Whether this connection receives `rawResponseItem/completed` for the thread. Default false."""

    last_turn_id: Annotated[str | None, Field(alias='lastTurnId')] = None
    """The last turn to copy. It must have ended. Absent: all turns that have ended."""

    model: str | None = None
    """The model. Absent: the one of the copied thread."""

    model_provider: Annotated[str | None, Field(alias='modelProvider')] = None
    """The id of the provider. Absent: the one of the copied thread."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to copy."""


class ThreadGoalGetParams(Model):
    """Reads the goal of a thread."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread."""


class ThreadGoalGetResponse(Model):
    """The goal of a thread. Threads of Easel have none."""

    goal: Any
    """Always `null`."""


class ThreadInjectItemsParams(Model):
    """Adds items to the history that the model reads, before the next turn."""

    items: list[Any]
    """
    Items of the Responses API: messages, function calls with their outputs, image calls. Images are `data:` URLs or
    handles of the thread. 1 to 256 items, at most 1 MiB without images.
    """

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread whose history gets the items."""


class ThreadInjectItemsResponse(Model):
    """The items were added."""


class ThreadItemsListParams(Model):
    """Lists the items of a thread."""

    cursor: str | None = None
    """`nextCursor` or `backwardsCursor` of another page. Absent: the first page."""

    limit: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of entries in the page, 1 to 100. Default 25."""

    sort_direction: Annotated[SortDirection | None, Field(alias='sortDirection')] = None
    """The direction of the order. Default `asc`."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to list items of."""

    turn_id: Annotated[str | None, Field(alias='turnId')] = None
    """Only the items of this turn. Absent: of all turns."""


class ThreadLoadedListParams(Model):
    """Lists the threads that are in memory."""

    cursor: str | None = None
    """`nextCursor` of the previous page. Absent: the first page."""

    limit: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of entries in the page, 1 to 500. Default 500."""


class ThreadLoadedListResponse(Model):
    """A page of the threads that are in memory."""

    data: list[str]
    """The ids of the threads, in the order of their creation."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """The cursor of the next page. `null` on the last page."""


class ThreadMetadataUpdateParams(Model):
    """Stores the state of the working folder's repository."""

    git_info: Annotated[GitInfoPatch | None, Field(alias='gitInfo')] = None
    """The fields to change."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to update."""


class ThreadNameUpdatedNotification(Model):
    """A client named a thread."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The renamed thread."""

    thread_name: Annotated[str | None, Field(alias='threadName')]
    """The new name."""


class ThreadReadParams(Model):
    """Reads a thread without loading it."""

    include_turns: Annotated[bool | None, Field(alias='includeTurns')] = None
    """Whether `thread.turns` has all turns with all their items. Default false."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to read."""


class ThreadResumeParams(Model):
    """Loads a stored thread and subscribes the connection to it. Changes of its settings fail while a turn runs."""

    base_instructions: Annotated[str | None, Field(alias='baseInstructions')] = None
    """Replaces `model_instructions`: who the model is."""

    config: dict[str, Any] | None = None
    """
    Configuration that applies only to this thread, by dotted key. Replaces the configuration that `thread/start`
    gave.
    """

    cwd: str | None = None
    """The new working folder. A relative path begins at that of the server. Absent: unchanged."""

    developer_instructions: Annotated[str | None, Field(alias='developerInstructions')] = None
    """Replaces `developer_instructions`: what the model must also follow."""

    exclude_turns: Annotated[bool | None, Field(alias='excludeTurns')] = None
    """
    Whether to leave `thread.turns` empty. Default false: it has the newest turns, with as many of their items as
    fit into a line of 64 KiB. `thread/turns/list` has all of them.
    """

    experimental_raw_events: Annotated[bool | None, Field(alias='experimentalRawEvents')] = None
    """Whether this connection receives `rawResponseItem/completed` for the thread. Default false."""

    model: str | None = None
    """The new model. Absent: unchanged."""

    model_provider: Annotated[str | None, Field(alias='modelProvider')] = None
    """The id of the new provider. Absent: unchanged."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to load."""


class ThreadRevertParams(Model):
    """Removes a turn and all turns after it from history. The images that they made are kept."""

    before_turn_id: Annotated[str, Field(alias='beforeTurnId')]
    """The first turn to remove."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to remove turns from."""


class ThreadRevertedNotification(Model):
    """A client removed turns from the history of a thread. Clients that show the history must read it again."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that lost turns."""


class ThreadRollbackParams(Model):
    """Removes the newest turns from history. The images that they made are kept."""

    num_turns: Annotated[int, Field(alias='numTurns', ge=0)]
    """How many turns to remove, at least 1. A larger number than the thread has removes all."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to remove turns from."""


ThreadSearchSortKey = TypeAliasType(
    "ThreadSearchSortKey",
    Annotated[Literal['created_at', 'updated_at', 'recency_at'], Field(title='ThreadSearchSortKey')],
)
"""
Orders of found threads.

- `created_at`: By creation.
- `updated_at`: By the last change.
- `recency_at`: The same as `updated_at`.
"""


class ThreadSectionListParams(Model):
    """
    Lists groups of threads.

    The params of other servers are accepted and have no effect.
    """


class ThreadSetNameParams(Model):
    """Names a thread."""

    name: str
    """The name, 1 to 200 characters after trimming."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to rename."""


class ThreadSetNameResponse(Model):
    """The thread was named."""


class ThreadSettingsUpdateParams(Model):
    """Changes the settings of a thread. They apply to the turns that start from now on."""

    cwd: str | None = None
    """The new working folder. A relative path begins at that of the server."""

    effort: str | None = None
    """The new reasoning effort. One that the model supports, see `model/list`."""

    model: str | None = None
    """The new model."""

    summary: ReasoningSummary | None = None
    """Which summaries of its reasoning the model writes."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to change."""


class ThreadSettingsUpdateResponse(Model):
    """The settings were stored."""


ThreadSortKey = TypeAliasType(
    "ThreadSortKey",
    Annotated[Literal['created_at', 'updated_at', 'recency_at', 'section_position'], Field(title='ThreadSortKey')],
)
"""
Orders of threads.

- `created_at`: By creation.
- `updated_at`: By the last change.
- `recency_at`: The same as `updated_at`.
- `section_position`: The same as `created_at`: Easel has no sections.
"""


ThreadSourceKind = TypeAliasType(
    "ThreadSourceKind",
    Annotated[
        Literal['cli', 'vscode', 'exec', 'appServer', 'subAgent', 'subAgentReview', 'subAgentCompact', 'subAgentThreadSpawn', 'subAgentOther', 'unknown'],
        Field(title='ThreadSourceKind'),
    ],
)
"""
Kinds of clients that threads come from: the Codex app-server's list.

- `cli`: The command line.
- `vscode`: The editor extension.
- `exec`: A non-interactive run.
- `appServer`: A client of this server: every thread of Easel.
- `subAgent`: Any agent that another thread started. Easel has none.
- `subAgentReview`: A review agent. Easel has none.
- `subAgentCompact`: A compaction agent. Easel has none.
- `subAgentThreadSpawn`: A thread that another thread started. Easel has none.
- `subAgentOther`: Another agent. Easel has none.
- `unknown`: Unknown.
"""


class ThreadStartParams(Model):
    """Starts a thread and subscribes the connection to it."""

    base_instructions: Annotated[str | None, Field(alias='baseInstructions')] = None
    """Replaces `model_instructions`: who the model is."""

    config: dict[str, Any] | None = None
    """Configuration that applies only to this thread, by dotted key."""

    cwd: str | None = None
    """The working folder. A relative path begins at that of the server. Absent: the working folder of the server."""

    developer_instructions: Annotated[str | None, Field(alias='developerInstructions')] = None
    """Replaces `developer_instructions`: what the model must also follow."""

    ephemeral: bool | None = None
    """
    Keeps the thread only in memory: no list shows it, and it ends when the last subscriber leaves. The images that
    it makes stay, with their records. Default false.
    """

    experimental_raw_events: Annotated[bool | None, Field(alias='experimentalRawEvents')] = None
    """Whether this connection receives `rawResponseItem/completed` for the thread. Default false."""

    model: str | None = None
    """The model. Absent: the configured one."""

    model_provider: Annotated[str | None, Field(alias='modelProvider')] = None
    """The id of the provider. Absent: the configured one."""


class ThreadUnarchiveParams(Model):
    """Unarchives a thread: lists show it again."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to show in lists again."""


class ThreadUnarchivedNotification(Model):
    """A thread was unarchived."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that lists show again."""


class ThreadUnsubscribeParams(Model):
    """Stops sending the events of a thread to this connection."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread whose events this connection no longer gets."""


class ThreadUsageBreakdownGroup(Model):
    """The usage of one model."""

    estimated_usage_credits_micros: Annotated[int, Field(alias='estimatedUsageCreditsMicros')]
    """Always 0: Easel has no credits."""

    input_tokens: Annotated[int | None, Field(alias='inputTokens')]
    """Tokens that the model read."""

    model: str | None
    """The name of the model."""

    output_tokens: Annotated[int | None, Field(alias='outputTokens')]
    """Tokens that the model wrote."""

    total_tokens: Annotated[int | None, Field(alias='totalTokens')]
    """Both together."""


class TokenUsage(Model):
    """Counts of tokens."""

    cache_write_input_tokens: Annotated[int, Field(alias='cacheWriteInputTokens')]
    """Input tokens that the provider wrote to its cache."""

    cached_input_tokens: Annotated[int, Field(alias='cachedInputTokens')]
    """Input tokens that the provider read from its cache."""

    input_tokens: Annotated[int, Field(alias='inputTokens')]
    """Tokens that the model read."""

    output_tokens: Annotated[int, Field(alias='outputTokens')]
    """Tokens that the model wrote."""

    reasoning_output_tokens: Annotated[int, Field(alias='reasoningOutputTokens')]
    """Output tokens that the model spent on reasoning."""

    total_tokens: Annotated[int, Field(alias='totalTokens')]
    """Input and output tokens together."""


ToolArguments = TypeAliasType("ToolArguments", Annotated[dict[str, Any] | str, Field(title='ToolArguments')])
"""The arguments of a tool call."""


ToolCallFormat = TypeAliasType(
    "ToolCallFormat", Annotated[Literal['responses', 'anthropic', 'mcp', 'codex'], Field(title='ToolCallFormat')]
)
"""
The form of the result of a tool call.

- `responses`: A `function_call_output` item of the OpenAI Responses API.
- `anthropic`: A `tool_result` block of the Anthropic Messages API.
- `mcp`: A `CallToolResult` of the Model Context Protocol.
- `codex`: The response of a client to the Codex app-server's `item/tool/call`.
"""


ToolCallPictures = TypeAliasType(
    "ToolCallPictures", Annotated[Literal['original', 'preview', 'none'], Field(title='ToolCallPictures')]
)
"""
The images in the result of a tool call.

- `original`: The files as they are stored; a preview for a file that is too large for the format. The text says so then.
- `preview`: Copies for looking, of at most 1,568 pixels and 512 KiB.
- `none`: None. The text has the paths. The response is as long as the records, which repeat the prompt.
"""


ToolExposure = TypeAliasType(
    "ToolExposure", Annotated[Literal['standalone', 'hosted', 'none'], Field(title='ToolExposure')]
)
"""
The image tool that the model gets. The gate of the thread decides.

- `standalone`: Easel's own tool, `image_gen.imagegen`.
- `hosted`: The provider's tool, `image_generation`.
- `none`: No tool.
"""


class ToolListParams(Model):
    """Lists the image tools."""

    thread_id: Annotated[str | None, Field(alias='threadId')] = None
    """The thread whose configuration decides. Absent: the default configuration."""


class ToolListUpdatedNotification(Model):
    """
    The image tools that a thread with the default configuration offers have changed, or their arguments have.
    `tool/list` has the details.
    """

    exposure: ToolExposure
    """The tool that is offered now."""

    tools: list[str]
    """The names of the offered tools, as in the response to `initialize`."""


class TurnError(Model):
    """Why a turn failed."""

    additional_details: Annotated[str | None, Field(alias='additionalDetails')]
    """More about the failure. `null` when the message says it all."""

    codex_error_info: Annotated[CodexErrorInfo | None, Field(alias='codexErrorInfo')]
    """The kind of failure, for clients that act on it."""

    message: str
    """One sentence for the user."""


class TurnInterruptParams(Model):
    """Interrupts the running turn. Images that the provider has already delivered are kept."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the turn."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn that must be running. The request fails if another turn runs, or none."""


class TurnInterruptResponse(Model):
    """The interrupt was accepted. `turn/completed` follows when the turn has ended."""


TurnItemsView = TypeAliasType(
    "TurnItemsView", Annotated[Literal['notLoaded', 'summary', 'full'], Field(title='TurnItemsView')]
)
"""
How much of a turn its `items` contain.

- `notLoaded`: `items` is empty, whatever the turn contains.
- `summary`: The user message and the last agent message. In `turn/completed` only the agent message.
- `full`: Every item.
"""


TurnStatus = TypeAliasType(
    "TurnStatus", Annotated[Literal['inProgress', 'completed', 'interrupted', 'failed'], Field(title='TurnStatus')]
)
"""
The state of a turn.

- `inProgress`: The turn runs.
- `completed`: The turn ended by itself. An image call in it may still have failed: see the items.
- `interrupted`: A client interrupted the turn, or the server stopped while it ran.
- `failed`: The turn failed; `error` says why.
"""


class TurnSteerResponse(Model):
    """The turn accepted the message."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The running turn."""


UnsubscribeStatus = TypeAliasType(
    "UnsubscribeStatus",
    Annotated[Literal['notLoaded', 'notSubscribed', 'unsubscribed'], Field(title='UnsubscribeStatus')],
)
"""
What an unsubscribe request did.

- `notLoaded`: Nothing: the thread is not in memory.
- `notSubscribed`: Nothing: the connection was not subscribed.
- `unsubscribed`: The connection receives no more events of the thread.
"""


class UsageEntry(Model):
    """The usage of one model in one thread on one day."""

    day: str
    """The day, `YYYY-MM-DD` in UTC."""

    estimated_cost_usd: Annotated[float | None, Field(alias='estimatedCostUsd')]
    """Estimated cost in US dollars, by the prices of the configuration. `null` when a price is missing."""

    images: Annotated[int, Field(ge=0)]
    """Images that were made."""

    input_tokens: Annotated[int, Field(alias='inputTokens', ge=0)]
    """Tokens that models read."""

    model: str
    """A chat model or an image model."""

    output_tokens: Annotated[int, Field(alias='outputTokens', ge=0)]
    """Tokens that models wrote."""

    provider: str
    """The id of the provider."""

    synthetic_images: Annotated[int, Field(alias='syntheticImages', ge=0)]
    """How many of them the preview provider drew, at no cost."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread with this usage."""


class UsageLimit(Model):
    """A limit that is used up, as far as it is known."""

    limit_id: Annotated[str | None, Field(alias='limitId')]
    """Which of several limits: a name of the provider, or a key such as `limits.cost_per_day`."""

    plan: str | None
    """The plan that the limit belongs to."""

    resets_at: Annotated[int | None, Field(alias='resetsAt')]
    """When the limit resets, in Unix seconds."""


class UsageLimitExceededImageFailure(Model):
    """The account has used up a limit of its plan."""

    limit_id: Annotated[str, Field(alias='limitId')]
    """The limit that is used up."""

    resets_at: Annotated[int | None, Field(alias='resetsAt')]
    """When the limit resets, in Unix seconds. `null` when unknown."""

    type: Annotated[Literal['usageLimitExceeded'], Field(title='UsageLimitExceededImageFailureType')] = (
        'usageLimitExceeded'
    )
    """Always `usageLimitExceeded`."""


class UsageReadParams(Model):
    """Reads usage by day, thread and model."""

    cursor: str | None = None
    """`nextCursor` of the previous page. Absent: the first page."""

    limit: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of entries in the page, 1 to 200. Default 100."""

    model: str | None = None
    """Only the usage of this model."""

    since: str | None = None
    """The first day, `YYYY-MM-DD` in UTC."""

    thread_id: Annotated[str | None, Field(alias='threadId')] = None
    """Only the usage of this thread. Absent: of all threads. An unknown thread has none."""

    until: str | None = None
    """The last day, `YYYY-MM-DD` in UTC."""


class UsageTotals(Model):
    """Sums of usage."""

    estimated_cost_usd: Annotated[float | None, Field(alias='estimatedCostUsd')]
    """Estimated cost in US dollars, by the prices of the configuration. `null` when a price is missing."""

    images: Annotated[int, Field(ge=0)]
    """Images that were made."""

    input_tokens: Annotated[int, Field(alias='inputTokens', ge=0)]
    """Tokens that models read."""

    output_tokens: Annotated[int, Field(alias='outputTokens', ge=0)]
    """Tokens that models wrote."""

    synthetic_images: Annotated[int, Field(alias='syntheticImages', ge=0)]
    """How many of them the preview provider drew, at no cost."""


class UserConfigLayerSource(Model):
    """`config.toml` of the home, or a profile in it."""

    file: str
    """Absolute path of the file."""

    profile: str | None
    """The name of the profile. `null` for the file itself."""

    type: Annotated[Literal['user'], Field(title='UserConfigLayerSourceType')] = 'user'
    """Always `user`."""


UserInput = TypeAliasType(
    "UserInput",
    Annotated[
        TextUserInput | ImageUserInput | LocalImageUserInput | SkillUserInput | MentionUserInput,
        Field(title='UserInput'),
    ],
)
"""One part of a user message. Audio is rejected: Easel has no use for it."""


class UserMessageItem(Model):
    """
    A message of the user. Images in `content` are `localImage` parts that name Easel's own copy, so that a client can
    show history after its own file is deleted.
    """

    client_id: Annotated[str | None, Field(alias='clientId')]
    """The `clientUserMessageId` of the request that sent the message. `null` when the client gave none."""

    completed_at_ms: Annotated[int | None, Field(alias='completedAtMs')]
    """When the item ended, in Unix milliseconds. `null` while it is in progress."""

    content: list[UserInput]
    """The parts of the message."""

    id: str
    """The id of the item, unique in its thread."""

    started_at_ms: Annotated[int, Field(alias='startedAtMs')]
    """When the item started, in Unix milliseconds."""


class UserMessageThreadItem(UserMessageItem):
    """A message of the user."""

    type: Annotated[Literal['userMessage'], Field(title='UserMessageThreadItemType')] = 'userMessage'
    """Always `userMessage`."""


class WarningNotification(Model):
    """
    Something in a turn is not as the user may expect it, and the turn goes on: the provider's hosted image tool is not
    offered to the model, because a limit of spending is used up, or because it would bypass an approval or a hook. Each
    reason is reported once a turn.
    """

    message: str
    """What happened, and what to do, for the user."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the turn."""


WriteStatus = TypeAliasType("WriteStatus", Annotated[Literal['ok', 'okOverridden'], Field(title='WriteStatus')])
"""
Whether a written value applies.

- `ok`: The value applies.
- `okOverridden`: The value was written, and a higher layer overrides it.
"""


class AccountLoginCancelClientRequest(Model):
    """`account/login/cancel`: always returns `notFound`: every login ends at once."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['account/login/cancel'], Field(title='AccountLoginCancelClientRequestMethod')] = (
        'account/login/cancel'
    )
    """Always `account/login/cancel`."""

    params: CancelLoginAccountParams
    """The params."""


class AccountLoginCompletedEvent(Model):
    """A login ended."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['account/login/completed'], Field(title='AccountLoginCompletedEventMethod')
    ] = 'account/login/completed'
    """Always `account/login/completed`."""

    params: AccountLoginCompletedNotification
    """The params."""


class AccountLogoutClientRequest(Model):
    """`account/logout`: removes the stored key and the tokens."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['account/logout'], Field(title='AccountLogoutClientRequestMethod')] = 'account/logout'
    """Always `account/logout`."""

    params: LogoutAccountParams
    """The params."""


class AccountRateLimitsReadClientRequest(Model):
    """`account/rateLimits/read`: the usage limits that the backend last reported."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['account/rateLimits/read'], Field(title='AccountRateLimitsReadClientRequestMethod')
    ] = 'account/rateLimits/read'
    """Always `account/rateLimits/read`."""

    params: GetAccountRateLimitsParams
    """The params."""


class AccountReadClientRequest(Model):
    """`account/read`: the account in use."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['account/read'], Field(title='AccountReadClientRequestMethod')] = 'account/read'
    """Always `account/read`."""

    params: GetAccountParams
    """The params."""


class AccountSecuritySetupReadClientRequest(Model):
    """`account/securitySetup/read`: advice on the account's security: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['account/securitySetup/read'], Field(title='AccountSecuritySetupReadClientRequestMethod')
    ] = 'account/securitySetup/read'
    """Always `account/securitySetup/read`."""

    params: GetAccountSecuritySetupParams
    """The params."""


class AccountUpdatedNotification(Model):
    """The credential in use changed."""

    auth_mode: Annotated[AuthMode | None, Field(alias='authMode')]
    """The kind of the new credential. `null` after a logout."""

    plan_type: Annotated[PlanType | None, Field(alias='planType')]
    """The plan of the account. `null` for an API key."""


class AccountUsageReadClientRequest(Model):
    """`account/usage/read`: tokens by day and of one thread."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['account/usage/read'], Field(title='AccountUsageReadClientRequestMethod')] = (
        'account/usage/read'
    )
    """Always `account/usage/read`."""

    params: GetAccountTokenUsageParams
    """The params."""


class AccountWorkspaceMessagesReadClientRequest(Model):
    """`account/workspaceMessages/read`: messages of the workspace: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['account/workspaceMessages/read'], Field(title='AccountWorkspaceMessagesReadClientRequestMethod')
    ] = 'account/workspaceMessages/read'
    """Always `account/workspaceMessages/read`."""

    params: GetWorkspaceMessagesParams
    """The params."""


class ActiveThreadStatus(Model):
    """A turn runs."""

    active_flags: Annotated[list[ThreadActiveFlag], Field(alias='activeFlags')]
    """What the turn waits for. Empty while it waits for nobody."""

    type: Annotated[Literal['active'], Field(title='ActiveThreadStatusType')] = 'active'
    """Always `active`."""


class AgentMessageItem(Model):
    """A message of the model."""

    completed_at_ms: Annotated[int | None, Field(alias='completedAtMs')]
    """When the item ended, in Unix milliseconds. `null` while it is in progress."""

    id: str
    """The id of the item, unique in its thread."""

    phase: MessagePhase | None
    """The role of the message in the turn. `null` when the model does not say."""

    started_at_ms: Annotated[int, Field(alias='startedAtMs')]
    """When the item started, in Unix milliseconds."""

    text: str
    """The text so far; the whole text once the item is completed."""


class AgentMessageThreadItem(AgentMessageItem):
    """A message of the model."""

    type: Annotated[Literal['agentMessage'], Field(title='AgentMessageThreadItemType')] = 'agentMessage'
    """Always `agentMessage`."""


class ApiKeyLoginAccountParams(Model):
    """Stores a key of the public API in the home, readable only by its owner."""

    api_key: Annotated[SecretText, Field(alias='apiKey')]
    """The key."""

    type: Annotated[Literal['apiKey'], Field(title='ApiKeyLoginAccountParamsType')] = 'apiKey'
    """Always `apiKey`."""


class AppInstalledClientRequest(Model):
    """`app/installed`: installed apps: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['app/installed'], Field(title='AppInstalledClientRequestMethod')] = 'app/installed'
    """Always `app/installed`."""

    params: AppsInstalledParams
    """The params."""


class AppListClientRequest(Model):
    """`app/list`: apps on offer: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['app/list'], Field(title='AppListClientRequestMethod')] = 'app/list'
    """Always `app/list`."""

    params: AppsListParams
    """The params."""


class Base64AnthropicImageSource(Model):
    """Bytes in base64."""

    data: str
    """The bytes."""

    media_type: MediaType
    """The format."""

    type: Annotated[Literal['base64'], Field(title='Base64AnthropicImageSourceType')] = 'base64'
    """Always `base64`."""


class CancelLoginAccountResponse(Model):
    """Whether a login was cancelled."""

    status: CancelLoginAccountStatus
    """Always `notFound`."""


class CancelRequestParams(Model):
    """The request to cancel."""

    id: RequestId
    """The id of the request."""


class ChatgptAccount(Model):
    """A ChatGPT account. The details are read from the access token and not verified."""

    email: str | None
    """The address of the account. `null` when the token has none."""

    plan_type: Annotated[PlanType, Field(alias='planType')]
    """The plan of the account."""

    type: Annotated[Literal['chatgpt'], Field(title='ChatgptAccountType')] = 'chatgpt'
    """Always `chatgpt`."""


class ChatgptAuthTokensLoginAccountParams(Model):
    """Uses tokens that the client owns, and refreshes when the server requests it. They are kept only in memory."""

    access_token: Annotated[SecretText, Field(alias='accessToken')]
    """The access token, a JWT."""

    chatgpt_account_id: Annotated[str, Field(alias='chatgptAccountId')]
    """The id of the account."""

    chatgpt_plan_type: Annotated[str | None, Field(alias='chatgptPlanType')] = None
    """The plan of the account. Absent: read from the token."""

    type: Annotated[Literal['chatgptAuthTokens'], Field(title='ChatgptAuthTokensLoginAccountParamsType')] = (
        'chatgptAuthTokens'
    )
    """Always `chatgptAuthTokens`."""


class ChatgptAuthTokensRefreshParams(Model):
    """Asks the client for a new token, after a provider rejected the old one. Sent by the server."""

    previous_account_id: Annotated[str | None, Field(alias='previousAccountId')]
    """The account of the rejected token."""

    reason: ChatgptAuthTokensRefreshReason
    """Why the server needs a new token."""


class ChatgptAuthTokensRefreshResponse(Model):
    """A new token of the same account. Sent by the client."""

    access_token: Annotated[SecretText, Field(alias='accessToken')]
    """The access token, a JWT."""

    chatgpt_account_id: Annotated[str, Field(alias='chatgptAccountId')]
    """The id of the account."""

    chatgpt_plan_type: Annotated[str | None, Field(alias='chatgptPlanType')] = None
    """The plan of the account. Absent: read from the token."""


class ClientCapabilities(Model):
    """What a client supports."""

    experimental_api: Annotated[bool | None, Field(alias='experimentalApi')] = None
    """Without effect: all methods are available."""

    image_result: Annotated[ImageResult | None, Field(alias='imageResult')] = None
    """
    Whether `item/completed` carries the image in base64. Default `none`, because many clients cannot read long
    lines, and `inline` for a client that states `requestAttestation`.
    """

    opt_out_notification_methods: Annotated[list[str] | None, Field(alias='optOutNotificationMethods')] = None
    """Exact names of notifications that this connection does not receive. Unknown names are accepted."""

    request_attestation: Annotated[bool | None, Field(alias='requestAttestation')] = None
    """
    Whether the client attests its requests. Easel never asks for it. Programs that state it, true or false, are
    written against this protocol's current types and show the image that `item/completed` carries, as adapters for
    editors do.
    """

    request_permissions_approval: Annotated[bool | None, Field(alias='requestPermissionsApproval')] = None
    """
    Whether this client answers `item/permissions/requestApproval`. Default `false`: image calls that need an
    approval fail.
    """


class CollaborationMode(Model):
    """The Codex app-server's collaboration mode."""

    mode: ModeKind
    """Always `default`."""

    settings: CollaborationSettings
    """The settings of the mode."""


CompositeStatus = TypeAliasType(
    "CompositeStatus",
    Annotated[
        Literal['none'] | Literal['applied'] | RefusedComposite, Field(title='CompositeStatus')
    ],
)
"""Whether the pixels outside the mask were put back from the base."""


class ConfigEdit(Model):
    """A change of one key."""

    key_path: Annotated[str, Field(alias='keyPath')]
    """The dotted key as in TOML: parts that are not bare keys are quoted."""

    merge_strategy: Annotated[MergeStrategy, Field(alias='mergeStrategy')]
    """What happens to an existing table."""

    value: Any
    """The new value. `null` removes the key."""


ConfigLayerSource = TypeAliasType(
    "ConfigLayerSource",
    Annotated[
        UserConfigLayerSource | ProjectConfigLayerSource | SessionFlagsConfigLayerSource,
        Field(title='ConfigLayerSource'),
    ],
)
"""Sources of configuration layers. The subset of the Codex app-server's sources that Easel uses."""


class ConfigReadClientRequest(Model):
    """`config/read`: the effective configuration and its layers."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['config/read'], Field(title='ConfigReadClientRequestMethod')] = 'config/read'
    """Always `config/read`."""

    params: ConfigReadParams
    """The params."""


class ConfigRequirementsReadClientRequest(Model):
    """`configRequirements/read`: the requirements of an administrator: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['configRequirements/read'], Field(title='ConfigRequirementsReadClientRequestMethod')
    ] = 'configRequirements/read'
    """Always `configRequirements/read`."""

    params: ConfigRequirementsReadParams
    """The params."""


class ConfigValueWriteParams(Model):
    """Writes one key of the home's `config.toml`."""

    expected_version: Annotated[str | None, Field(alias='expectedVersion')] = None
    """The version of the user layer that the change is based on. The request fails if the layer has changed since."""

    file_path: Annotated[str | None, Field(alias='filePath')] = None
    """Absolute path of the home's `config.toml`; the request fails for any other file. Absent: that file."""

    key_path: Annotated[str, Field(alias='keyPath')]
    """The dotted key as in TOML: parts that are not bare keys are quoted."""

    merge_strategy: Annotated[MergeStrategy, Field(alias='mergeStrategy')]
    """What happens to an existing table."""

    value: Any
    """The new value. `null` removes the key."""


class ConfigWarningEvent(Model):
    """The configuration has a problem that Easel can work around."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['configWarning'], Field(title='ConfigWarningEventMethod')] = 'configWarning'
    """Always `configWarning`."""

    params: ConfigWarningNotification
    """The params."""


ContentItem = TypeAliasType(
    "ContentItem",
    Annotated[
        InputTextContentItem | InputImageContentItem | OutputTextContentItem, Field(title='ContentItem')
    ],
)
"""A part of a message or of a function's output."""


class Derivation(Model):
    """How Easel made an image from others, without a provider."""

    by: DerivationKind
    """What was done."""

    drops_content_credentials: Annotated[bool, Field(alias='dropsContentCredentials')]
    """Whether the provider's file has Content Credentials, which are true of that file only and not copied."""

    feather: Annotated[int, Field(ge=0)]
    """Over how many pixels inside the mask the two images blend."""

    from_: Annotated[list[str], Field(alias='from')]
    """The handles of the images, the one that a provider made first."""


DynamicToolCallOutputContentItem = TypeAliasType(
    "DynamicToolCallOutputContentItem",
    Annotated[
        InputTextDynamicToolCallOutputContentItem | InputImageDynamicToolCallOutputContentItem,
        Field(title='DynamicToolCallOutputContentItem'),
    ],
)
"""A part of the response to the Codex app-server's `item/tool/call`."""


class EditReport(Model):
    """What an edit changed, measured on the pixels of both images."""

    aspect_changed: Annotated[bool, Field(alias='aspectChanged')]
    """Whether the aspect ratios differ by more than 1 %, so that the comparison has stretched the result."""

    base: str
    """The handle of the image that was edited: the first reference image of the call."""

    composite: CompositeStatus
    """Whether the protected pixels were put back from the base."""

    incomplete: str | None = None
    """
    Why something was not counted, in words: the images could not be compared, or the mask does not fit the base.
    Absent if everything was.
    """

    inside: EditedPixels | None
    """
    The part that the mask leaves to the edit; the whole picture without a mask that can be used. `null` if the
    images could not be compared, and `incomplete` says why.
    """

    mask: MaskUse | None
    """What was done with the mask. `null` when the call had none."""

    outside: ProtectedPixels | None
    """The part that the mask protects. `null` without a mask, and if `incomplete` says why."""

    resampled: bool
    """Whether the result had another size and was scaled to that of the base for the comparison."""

    shift: Shift | None
    """
    How far the whole picture has moved, up to 32 pixels. `null` when it has moved by less than 4 pixels, or when
    the pictures do not tell. The pixels are compared where they are, without moving them back.
    """

    tolerance: Annotated[int, Field(ge=0, le=255)]
    """A pixel counts as changed if one of its channels differs by more than this, of 255."""


class ErrorNotification(Model):
    """A turn failed. Sent before `turn/completed`. Errors that Easel retries are not sent."""

    error: TurnError
    """Why the turn failed."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the turn."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn that failed."""

    will_retry: Annotated[bool, Field(alias='willRetry')]
    """Always false."""


class ErrorResponse(Model):
    """A response to a request that failed."""

    error: ErrorObject
    """Why the request failed."""

    id: RequestId | None
    """The id of the request. `null` if the line had no valid id."""


class ExperimentalFeature(Model):
    """A feature that can be switched on and off."""

    announcement: str | None
    """Always `null`."""

    default_enabled: Annotated[bool, Field(alias='defaultEnabled')]
    """Whether the feature is on when nothing switches it."""

    description: str | None
    """One sentence about the feature."""

    display_name: Annotated[str | None, Field(alias='displayName')]
    """Always `null`."""

    enabled: bool
    """Whether the feature is on."""

    name: str
    """The name, as in `[features]` of `config.toml`."""

    stage: FeatureStage
    """How finished the feature is."""


class ExperimentalFeatureEnablementSetClientRequest(Model):
    """`experimentalFeature/enablement/set`: switches features until the server stops."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['experimentalFeature/enablement/set'],
        Field(title='ExperimentalFeatureEnablementSetClientRequestMethod'),
    ] = 'experimentalFeature/enablement/set'
    """Always `experimentalFeature/enablement/set`."""

    params: ExperimentalFeatureEnablementSetParams
    """The params."""


class ExperimentalFeatureListClientRequest(Model):
    """`experimentalFeature/list`: the features and whether they are on."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['experimentalFeature/list'], Field(title='ExperimentalFeatureListClientRequestMethod')
    ] = 'experimentalFeature/list'
    """Always `experimentalFeature/list`."""

    params: ExperimentalFeatureListParams
    """The params."""


class ExperimentalFeatureListResponse(Model):
    """A page of features."""

    data: list[ExperimentalFeature]
    """The features of this page."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """The cursor of the next page. `null` on the last page."""


class FunctionCallOutputResponseItem(Model):
    """The output of a function call."""

    call_id: str
    """The id of the call."""

    output: list[ContentItem]
    """The parts of the output."""

    type: Annotated[Literal['function_call_output'], Field(title='FunctionCallOutputResponseItemType')] = (
        'function_call_output'
    )
    """Always `function_call_output`."""


class FunctionCallOutputResponsesToolResult(Model):
    """The output of a function call."""

    call_id: str
    """The id of the call."""

    output: list[ContentItem]
    """The images, as data URLs, each followed by its text."""

    type: Annotated[
        Literal['function_call_output'], Field(title='FunctionCallOutputResponsesToolResultType')
    ] = 'function_call_output'
    """Always `function_call_output`."""


class HeldBack(Model):
    """A reason why an image tool is not offered."""

    message: str
    """One sentence for the user."""

    reason: HeldBackReason
    """The reason, for clients that act on it."""


class HooksListClientRequest(Model):
    """`hooks/list`: hooks of the agent in each folder: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['hooks/list'], Field(title='HooksListClientRequestMethod')] = 'hooks/list'
    """Always `hooks/list`."""

    params: HooksListParams
    """The params."""


class ImageCompareParams(Model):
    """Compares two images pixel by pixel, as an edit is compared with the image that was edited."""

    a: str
    """The handle of the first image: the base."""

    b: str
    """The handle of the second image, which is scaled to the size of the first one."""

    heat_map: Annotated[PreviewSize | None, Field(alias='heatMap')] = None
    """The largest heat map to make. Absent: the response has no heat map."""

    mask_id: Annotated[str | None, Field(alias='maskId')] = None
    """The handle of a mask. Its transparent pixels are inside, all others outside."""


class ImageCompositeClientRequest(Model):
    """`image/composite`: puts the pixels outside the mask of an edit back, in a new image."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['image/composite'], Field(title='ImageCompositeClientRequestMethod')] = 'image/composite'
    """Always `image/composite`."""

    params: ImageCompositeParams
    """The params."""


class ImageDeleteClientRequest(Model):
    """`image/delete`: deletes an image from a thread."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['image/delete'], Field(title='ImageDeleteClientRequestMethod')] = 'image/delete'
    """Always `image/delete`."""

    params: ImageDeleteParams
    """The params."""


class ImageDeletedEvent(Model):
    """A client deleted an image from the thread."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['image/deleted'], Field(title='ImageDeletedEventMethod')] = 'image/deleted'
    """Always `image/deleted`."""

    params: ImageDeletedNotification
    """The params."""


class ImageError(Model):
    """Why a call made no image, or fewer than requested."""

    attempts: Annotated[int, Field(ge=0)]
    """Requests sent for this call."""

    billed: Billed
    """Whether the provider charged for the call."""

    code: str | None = None
    """The provider's error code. Absent when there was none."""

    elapsed_ms: Annotated[int, Field(alias='elapsedMs', ge=0)]
    """Milliseconds from sending the first request to the failure."""

    http_status: Annotated[int | None, Field(alias='httpStatus', ge=0, le=65535)] = None
    """The HTTP status of the provider's response. Absent when there was none."""

    kind: ImageErrorKind
    """The kind of failure, for clients that act on it."""

    message: str
    """One sentence for the user."""

    request_id: Annotated[str | None, Field(alias='requestId')] = None
    """The provider's request id, for its support. Absent when there was none."""

    retryable: bool
    """Whether the same call may succeed later."""

    usage_limit: Annotated[UsageLimit | None, Field(alias='usageLimit')] = None
    """
    The limit that is used up. Only for `usageLimit`, if the provider describes it, and for `budgetExceeded`, if the
    limit is one of a day or of cost.
    """


class ImageExportClientRequest(Model):
    """`image/export`: copies an image to a path that the client names, as it is or as another picture."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['image/export'], Field(title='ImageExportClientRequestMethod')] = 'image/export'
    """Always `image/export`."""

    params: ImageExportParams
    """The params."""


class ImageExportSetClientRequest(Model):
    """`image/exportSet`: writes a set of files, such as the icons of an app."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['image/exportSet'], Field(title='ImageExportSetClientRequestMethod')] = 'image/exportSet'
    """Always `image/exportSet`."""

    params: ImageExportSetParams
    """The params."""


ImageFailure = TypeAliasType("ImageFailure", Annotated[UsageLimitExceededImageFailure, Field(title='ImageFailure')])
"""A failure of an image call in the Codex app-server's shape. `error` of the item has the details."""


class ImageGenerationPreviewNotification(Model):
    """A preview of an image that is being made. Sent if `images.partial_images` is set; a slow client may miss some."""

    bytes: Annotated[int, Field(ge=0)]
    """Size of the file in bytes."""

    height: Annotated[int, Field(ge=0)]
    """Height in pixels."""

    index: Annotated[int, Field(ge=0)]
    """The number of the preview as the provider counts, from 0."""

    item_id: Annotated[str, Field(alias='itemId')]
    """The image call."""

    media_type: Annotated[MediaType, Field(alias='mediaType')]
    """The format of the preview."""

    path: str
    """
    Absolute path of the preview. The file is deleted when the item's next preview arrives or the item ends, so it
    may not exist anymore.
    """

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the image."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the image."""

    width: Annotated[int, Field(ge=0)]
    """Width in pixels."""


class ImageListClientRequest(Model):
    """`image/list`: records of generated images, newest first."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['image/list'], Field(title='ImageListClientRequestMethod')] = 'image/list'
    """Always `image/list`."""

    params: ImageListParams
    """The params."""


class ImageMcpContent(Model):
    """An image."""

    annotations: McpAnnotations
    """Who the image is for."""

    data: str
    """The bytes in base64."""

    mime_type: Annotated[MediaType, Field(alias='mimeType')]
    """The format."""

    type: Annotated[Literal['image'], Field(title='ImageMcpContentType')] = 'image'
    """Always `image`."""


class ImagePreview(Model):
    """A picture of an image for those who look at it. It is smaller than the file, and has no metadata."""

    data: str
    """The encoded preview, in base64."""

    height: Annotated[int, Field(ge=0)]
    """Pixels."""

    media_type: Annotated[MediaType, Field(alias='mediaType')]
    """JPEG, or PNG if a pixel is transparent."""

    width: Annotated[int, Field(ge=0)]
    """Pixels."""


class ImageReadParams(Model):
    """Reads the record of an image, and bytes of its file or a preview if requested."""

    image_id: Annotated[str, Field(alias='imageId')]
    """The handle of the image."""

    length: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of bytes to read, 1 to 8,388,608. Default 32,768, which keeps the response under 64 KiB."""

    mine: bool | None = None
    """Finds the image only if `image/list` with `mine` would list it. Default false."""

    offset: Annotated[int | None, Field(ge=0)] = None
    """The first byte to read. Absent: the response has the record and no bytes."""

    preview: PreviewSize | None = None
    """The largest preview to make. Absent: the response has no preview."""


class ImageRecord(Model):
    """The record of one generated image."""

    applied: AppliedImage
    """
    The parameters of the result, from the provider's report or the bytes. They differ from `requested` when the
    provider ignored a parameter.
    """

    attempts: Annotated[int, Field(ge=0)]
    """Requests sent for this call."""

    bytes: Annotated[int, Field(ge=0)]
    """Size of the file in bytes."""

    deleted: bool | None = None
    """Whether a client deleted the image. The record stays, the file does not. Absent when false."""

    derived: Derivation | None = None
    """How Easel made the image from others. Absent for an image as a provider made it."""

    edit: EditReport | None = None
    """What an edit changed since its first reference image. Absent for other images."""

    elapsed_ms: Annotated[int, Field(alias='elapsedMs', ge=0)]
    """Milliseconds from sending the request to storing the file."""

    has_alpha: Annotated[bool, Field(alias='hasAlpha')]
    """Whether the pixel format can carry transparency."""

    height: Annotated[int, Field(ge=0)]
    """Height in pixels."""

    id: str
    """The handle of the image."""

    inputs: list[InputImage]
    """The reference images in the order they were sent."""

    mask: InputImage | None = None
    """The mask of an edit. Absent without one."""

    media_type: Annotated[MediaType, Field(alias='mediaType')]
    """The format of the image."""

    model: str
    """The image model of the provider."""

    path: str
    """Absolute path of the only copy."""

    provider: str
    """The id of the provider that made the image."""

    request_id: Annotated[str | None, Field(alias='requestId')]
    """The provider's request id, for its support."""

    requested: RequestedImage
    """The arguments of the call."""

    revised_prompt: Annotated[str | None, Field(alias='revisedPrompt')]
    """The prompt as the provider rewrote it. `null` when it did not."""

    sha256: str
    """SHA-256 of the file, in lowercase hexadecimal."""

    synthetic: bool
    """Whether the image was drawn by the preview provider instead of an image model."""

    usage: ImageUsage | None
    """The tokens of the call. `null` when the provider does not report them."""

    width: Annotated[int, Field(ge=0)]
    """Width in pixels."""


class InitializeParams(Model):
    """Opens the connection. The first request of every client."""

    capabilities: ClientCapabilities | None = None
    """What the client supports. Absent: the defaults."""

    client_info: Annotated[ClientInfo, Field(alias='clientInfo')]
    """Who the client is."""


class ItemImageGenerationPreviewEvent(Model):
    """A preview of an image that is being made. Sent if `images.partial_images` is set; a slow client may miss some."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['item/imageGeneration/preview'], Field(title='ItemImageGenerationPreviewEventMethod')
    ] = 'item/imageGeneration/preview'
    """Always `item/imageGeneration/preview`."""

    params: ImageGenerationPreviewNotification
    """The params."""


class ItemPermissionsRequestApprovalServerRequest(Model):
    """`item/permissions/requestApproval`: asks the client that started the turn whether an image call may be made."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['item/permissions/requestApproval'], Field(title='ItemPermissionsRequestApprovalServerRequestMethod')
    ] = 'item/permissions/requestApproval'
    """Always `item/permissions/requestApproval`."""

    params: PermissionsRequestApprovalParams
    """The params."""


class ItemReasoningSummaryPartAddedEvent(Model):
    """The summary of the model's reasoning has a new part, which is empty so far."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['item/reasoning/summaryPartAdded'], Field(title='ItemReasoningSummaryPartAddedEventMethod')
    ] = 'item/reasoning/summaryPartAdded'
    """Always `item/reasoning/summaryPartAdded`."""

    params: ReasoningSummaryPartAddedNotification
    """The params."""


class ItemReasoningSummaryTextDeltaEvent(Model):
    """The next text of a summary of the model's reasoning."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['item/reasoning/summaryTextDelta'], Field(title='ItemReasoningSummaryTextDeltaEventMethod')
    ] = 'item/reasoning/summaryTextDelta'
    """Always `item/reasoning/summaryTextDelta`."""

    params: ReasoningSummaryTextDeltaNotification
    """The params."""


class ItemReasoningTextDeltaEvent(Model):
    """The next text of the model's reasoning itself. Only some open models send it."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['item/reasoning/textDelta'], Field(title='ItemReasoningTextDeltaEventMethod')
    ] = 'item/reasoning/textDelta'
    """Always `item/reasoning/textDelta`."""

    params: ReasoningTextDeltaNotification
    """The params."""


LoginAccountParams = TypeAliasType(
    "LoginAccountParams",
    Annotated[
        ApiKeyLoginAccountParams | ChatgptAuthTokensLoginAccountParams | ChatgptLoginAccountParams | ChatgptDeviceCodeLoginAccountParams,
        Field(title='LoginAccountParams'),
    ],
)
"""Logs in."""


McpContent = TypeAliasType(
    "McpContent", Annotated[TextMcpContent | ImageMcpContent | ResourceLinkMcpContent, Field(title='McpContent')]
)
"""A block of content of the Model Context Protocol."""


class McpMeta(Model):
    """What a tool result of the Model Context Protocol has for clients."""

    easel_call_id: Annotated[str, Field(alias='easel/callId')]
    """The `callId` of the request."""

    easel_images: Annotated[list[ImageRecord], Field(alias='easel/images')]
    """The records of the images."""


class McpServerStatusListClientRequest(Model):
    """`mcpServerStatus/list`: MCP servers: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['mcpServerStatus/list'], Field(title='McpServerStatusListClientRequestMethod')
    ] = 'mcpServerStatus/list'
    """Always `mcpServerStatus/list`."""

    params: ListMcpServerStatusParams
    """The params."""


class McpToolResult(Model):
    """A `CallToolResult` of the Model Context Protocol."""

    field_meta: Annotated[McpMeta, Field(alias='_meta')]
    """What a client reads and a model does not."""

    content: list[McpContent]
    """The text, whose last line is the records as JSON, then the images, then a link to the file of each."""

    is_error: Annotated[bool, Field(alias='isError')]
    """Whether the call made no image."""


class MessageResponseItem(Model):
    """A message."""

    content: list[ContentItem]
    """The parts of the message."""

    role: MessageRole
    """Who wrote the message."""

    type: Annotated[Literal['message'], Field(title='MessageResponseItemType')] = 'message'
    """Always `message`."""


class ModelModel(Model):
    """A model that a thread can use."""

    default_reasoning_effort: Annotated[str, Field(alias='defaultReasoningEffort')]
    """The effort that applies when the client names none."""

    description: str
    """One sentence about the model."""

    display_name: Annotated[str, Field(alias='displayName')]
    """The name to show to people."""

    hidden: bool
    """Whether pickers leave the model out."""

    id: str
    """The id of the model, unique in the list."""

    input_modalities: Annotated[list[InputModality], Field(alias='inputModalities')]
    """What the model accepts as input."""

    is_default: Annotated[bool, Field(alias='isDefault')]
    """Whether a thread uses this model when the client names none."""

    model: str
    """The name to send as `model`."""

    supported_reasoning_efforts: Annotated[list[ReasoningEffortOption], Field(alias='supportedReasoningEfforts')]
    """The reasoning efforts that the model supports."""


class ModelListClientRequest(Model):
    """`model/list`: the models of the provider in use."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['model/list'], Field(title='ModelListClientRequestMethod')] = 'model/list'
    """Always `model/list`."""

    params: ModelListParams
    """The params."""


class ModelListResponse(Model):
    """A page of models."""

    data: list[ModelModel]
    """The models of this page."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """The cursor of the next page. `null` on the last page."""


class ModelProvider(Model):
    """A configured provider."""

    base_url: Annotated[str | None, Field(alias='baseUrl')]
    """The URL of the provider's API. `null` for the built-in preview provider."""

    can_edit: Annotated[bool, Field(alias='canEdit')]
    """Whether a client can edit the provider."""

    id: str
    """The id, as in `modelProvider`."""

    name: str
    """The name to show to people."""

    settings: ProviderSettings
    """The settings of the provider."""


class ModelProviderCapabilitiesReadClientRequest(Model):
    """`modelProvider/capabilities/read`: what the provider in use can do."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['modelProvider/capabilities/read'], Field(title='ModelProviderCapabilitiesReadClientRequestMethod')
    ] = 'modelProvider/capabilities/read'
    """Always `modelProvider/capabilities/read`."""

    params: ModelProviderCapabilitiesReadParams
    """The params."""


class ModelProviderListClientRequest(Model):
    """`modelProvider/list`: the configured providers."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['modelProvider/list'], Field(title='ModelProviderListClientRequestMethod')] = (
        'modelProvider/list'
    )
    """Always `modelProvider/list`."""

    params: ModelProviderListParams
    """The params."""


class ModelProviderListResponse(Model):
    """The configured providers."""

    can_change_default: Annotated[bool, Field(alias='canChangeDefault')]
    """Whether a client can change the default."""

    data: list[ModelProvider]
    """The providers."""

    default_provider_id: Annotated[str, Field(alias='defaultProviderId')]
    """The provider that a thread uses when the client names none."""


class PermissionProfileListClientRequest(Model):
    """`permissionProfile/list`: permission profiles: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['permissionProfile/list'], Field(title='PermissionProfileListClientRequestMethod')
    ] = 'permissionProfile/list'
    """Always `permissionProfile/list`."""

    params: PermissionProfileListParams
    """The params."""


class PluginInstalledClientRequest(Model):
    """`plugin/installed`: installed plugins: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['plugin/installed'], Field(title='PluginInstalledClientRequestMethod')] = (
        'plugin/installed'
    )
    """Always `plugin/installed`."""

    params: PluginInstalledParams
    """The params."""


class PluginListClientRequest(Model):
    """`plugin/list`: plugins on offer: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['plugin/list'], Field(title='PluginListClientRequestMethod')] = 'plugin/list'
    """Always `plugin/list`."""

    params: PluginListParams
    """The params."""


class RateLimitSnapshot(Model):
    """The state of one usage limit."""

    credits: CreditsSnapshot | None
    """The credits of the account."""

    limit_id: Annotated[str | None, Field(alias='limitId')]
    """The id of the limit."""

    limit_name: Annotated[str | None, Field(alias='limitName')]
    """The name to show to people."""

    plan_type: Annotated[PlanType | None, Field(alias='planType')]
    """The plan of the account."""

    primary: RateLimitWindow | None
    """The shorter window of the limit."""

    rate_limit_reached_type: Annotated[RateLimitReachedType | None, Field(alias='rateLimitReachedType')]
    """Why requests are refused. `null` while they are not."""

    secondary: RateLimitWindow | None
    """The longer window of the limit."""


ReasoningSummaryText = TypeAliasType(
    "ReasoningSummaryText", Annotated[SummaryTextReasoningSummaryText, Field(title='ReasoningSummaryText')]
)
"""A part of the summary of the model's reasoning."""


ReasoningText = TypeAliasType(
    "ReasoningText", Annotated[ReasoningTextReasoningText | TextReasoningText, Field(title='ReasoningText')]
)
"""A part of the model's reasoning."""


ResponsesToolResult = TypeAliasType(
    "ResponsesToolResult", Annotated[FunctionCallOutputResponsesToolResult, Field(title='ResponsesToolResult')]
)
"""An item of the OpenAI Responses API."""


class ServerRequestResolvedEvent(Model):
    """
    Nobody waits for the client's response to a request of the server any more: it has arrived, or the server withdrew
    the request. Only the connection that got the request gets this.
    """

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['serverRequest/resolved'], Field(title='ServerRequestResolvedEventMethod')] = (
        'serverRequest/resolved'
    )
    """Always `serverRequest/resolved`."""

    params: ServerRequestResolvedNotification
    """The params."""


class SkillsListClientRequest(Model):
    """`skills/list`: skills of the agent in each folder: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['skills/list'], Field(title='SkillsListClientRequestMethod')] = 'skills/list'
    """Always `skills/list`."""

    params: SkillsListParams
    """The params."""


class Spending(Model):
    """What is used of the limits of spending. Only images that a provider bills count."""

    limits: SpendingLimits
    """The limits for new threads."""

    resets_at: Annotated[int, Field(alias='resetsAt')]
    """When the limits of a day are free again, in Unix seconds."""

    thread: SpendingCounts | None
    """What `threadId` used in all its days. `null` without `threadId`."""

    today: SpendingCounts
    """What all threads used today, in the time zone of the server."""


class ThreadArchiveClientRequest(Model):
    """`thread/archive`: hides a thread from lists."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/archive'], Field(title='ThreadArchiveClientRequestMethod')] = 'thread/archive'
    """Always `thread/archive`."""

    params: ThreadArchiveParams
    """The params."""


class ThreadArchivedEvent(Model):
    """A thread was archived."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['thread/archived'], Field(title='ThreadArchivedEventMethod')] = 'thread/archived'
    """Always `thread/archived`."""

    params: ThreadArchivedNotification
    """The params."""


class ThreadClosedEvent(Model):
    """A thread was unloaded from memory. `thread/resume` loads it again."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['thread/closed'], Field(title='ThreadClosedEventMethod')] = 'thread/closed'
    """Always `thread/closed`."""

    params: ThreadClosedNotification
    """The params."""


class ThreadCompactStartClientRequest(Model):
    """`thread/compact/start`: reduces the older turns of a thread to a catalogue for the model."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/compact/start'], Field(title='ThreadCompactStartClientRequestMethod')] = (
        'thread/compact/start'
    )
    """Always `thread/compact/start`."""

    params: ThreadCompactStartParams
    """The params."""


class ThreadDeleteClientRequest(Model):
    """`thread/delete`: deletes a thread and the files that no fork uses."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/delete'], Field(title='ThreadDeleteClientRequestMethod')] = 'thread/delete'
    """Always `thread/delete`."""

    params: ThreadDeleteParams
    """The params."""


class ThreadDeletedEvent(Model):
    """A thread was deleted."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['thread/deleted'], Field(title='ThreadDeletedEventMethod')] = 'thread/deleted'
    """Always `thread/deleted`."""

    params: ThreadDeletedNotification
    """The params."""


class ThreadForkClientRequest(Model):
    """`thread/fork`: starts a thread as a copy of another, whole or up to a turn."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/fork'], Field(title='ThreadForkClientRequestMethod')] = 'thread/fork'
    """Always `thread/fork`."""

    params: ThreadForkParams
    """The params."""


class ThreadGoalGetClientRequest(Model):
    """`thread/goal/get`: the goal of a thread: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/goal/get'], Field(title='ThreadGoalGetClientRequestMethod')] = 'thread/goal/get'
    """Always `thread/goal/get`."""

    params: ThreadGoalGetParams
    """The params."""


class ThreadInjectItemsClientRequest(Model):
    """`thread/inject_items`: adds items to the history that the model reads."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/inject_items'], Field(title='ThreadInjectItemsClientRequestMethod')] = (
        'thread/inject_items'
    )
    """Always `thread/inject_items`."""

    params: ThreadInjectItemsParams
    """The params."""


class ThreadItemsListClientRequest(Model):
    """`thread/items/list`: items in pages."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/items/list'], Field(title='ThreadItemsListClientRequestMethod')] = (
        'thread/items/list'
    )
    """Always `thread/items/list`."""

    params: ThreadItemsListParams
    """The params."""


class ThreadListParams(Model):
    """Lists stored threads."""

    archived: bool | None = None
    """True lists only archived threads, false only the others. Default false."""

    current_account_only: Annotated[bool | None, Field(alias='currentAccountOnly')] = None
    """Without effect: the threads of a home belong to no account."""

    cursor: str | None = None
    """`nextCursor` or `backwardsCursor` of another page. Absent: the first page."""

    cwd: CwdFilter | None = None
    """Only threads with this working folder."""

    excluded_thread_ids: Annotated[list[str] | None, Field(alias='excludedThreadIds')] = None
    """Threads to leave out, at most 100. Send the list with every page."""

    limit: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of entries in the page, 1 to 100. Default 25."""

    model_providers: Annotated[list[str] | None, Field(alias='modelProviders')] = None
    """Only threads of these providers. Empty or absent: all."""

    originators: list[str] | None = None
    """Only threads that these clients started. Empty or absent: all."""

    search_term: Annotated[str | None, Field(alias='searchTerm')] = None
    """Only threads whose name or preview contains this text, in upper or lower case. No character is a wildcard."""

    section_id: Annotated[str | None, Field(alias='sectionId')] = None
    """Easel has no sections: an id finds no thread, `null` or absent finds all."""

    sort_direction: Annotated[SortDirection | None, Field(alias='sortDirection')] = None
    """The direction of the order. Default `desc`."""

    sort_key: Annotated[ThreadSortKey | None, Field(alias='sortKey')] = None
    """The order of the threads. Default `created_at`."""

    source_kinds: Annotated[list[ThreadSourceKind] | None, Field(alias='sourceKinds')] = None
    """Only threads of these sources. Empty or absent: all. Threads of Easel are `appServer`; `vscode` finds them too."""

    use_state_db_only: Annotated[bool | None, Field(alias='useStateDbOnly')] = None
    """Without effect: Easel has only a database."""


class ThreadLoadedListClientRequest(Model):
    """`thread/loaded/list`: ids of the threads in memory."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/loaded/list'], Field(title='ThreadLoadedListClientRequestMethod')] = (
        'thread/loaded/list'
    )
    """Always `thread/loaded/list`."""

    params: ThreadLoadedListParams
    """The params."""


class ThreadMetadataUpdateClientRequest(Model):
    """`thread/metadata/update`: stores the Git state of a thread's working folder."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['thread/metadata/update'], Field(title='ThreadMetadataUpdateClientRequestMethod')
    ] = 'thread/metadata/update'
    """Always `thread/metadata/update`."""

    params: ThreadMetadataUpdateParams
    """The params."""


class ThreadNameSetClientRequest(Model):
    """`thread/name/set`: names a thread."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/name/set'], Field(title='ThreadNameSetClientRequestMethod')] = 'thread/name/set'
    """Always `thread/name/set`."""

    params: ThreadSetNameParams
    """The params."""


class ThreadNameUpdatedEvent(Model):
    """A client named a thread."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['thread/name/updated'], Field(title='ThreadNameUpdatedEventMethod')] = (
        'thread/name/updated'
    )
    """Always `thread/name/updated`."""

    params: ThreadNameUpdatedNotification
    """The params."""


class ThreadReadClientRequest(Model):
    """`thread/read`: reads a thread without loading it."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/read'], Field(title='ThreadReadClientRequestMethod')] = 'thread/read'
    """Always `thread/read`."""

    params: ThreadReadParams
    """The params."""


class ThreadResumeClientRequest(Model):
    """`thread/resume`: loads a stored thread and subscribes to it."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/resume'], Field(title='ThreadResumeClientRequestMethod')] = 'thread/resume'
    """Always `thread/resume`."""

    params: ThreadResumeParams
    """The params."""


class ThreadRevertClientRequest(Model):
    """`thread/revert`: removes a turn and all turns after it."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/revert'], Field(title='ThreadRevertClientRequestMethod')] = 'thread/revert'
    """Always `thread/revert`."""

    params: ThreadRevertParams
    """The params."""


class ThreadRevertedEvent(Model):
    """A client removed turns from the history of a thread. Clients that show the history must read it again."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['thread/reverted'], Field(title='ThreadRevertedEventMethod')] = 'thread/reverted'
    """Always `thread/reverted`."""

    params: ThreadRevertedNotification
    """The params."""


class ThreadRollbackClientRequest(Model):
    """`thread/rollback`: removes the newest turns."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/rollback'], Field(title='ThreadRollbackClientRequestMethod')] = 'thread/rollback'
    """Always `thread/rollback`."""

    params: ThreadRollbackParams
    """The params."""


class ThreadSearchParams(Model):
    """Finds stored threads by their content."""

    archived: bool | None = None
    """True finds only archived threads, false only the others. Default false."""

    cursor: str | None = None
    """`nextCursor` or `backwardsCursor` of another page. Absent: the first page."""

    limit: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of entries in the page, 1 to 100. Default 25."""

    search_term: Annotated[str, Field(alias='searchTerm')]
    """
    Text of the name, the preview, a user message or the prompt of an image, in upper or lower case. 1 to 200
    characters after trimming. No character is a wildcard.
    """

    sort_direction: Annotated[SortDirection | None, Field(alias='sortDirection')] = None
    """The direction of the order. Default `desc`."""

    sort_key: Annotated[ThreadSearchSortKey | None, Field(alias='sortKey')] = None
    """The order of the threads. Default `created_at`."""

    source_kinds: Annotated[list[ThreadSourceKind] | None, Field(alias='sourceKinds')] = None
    """Only threads of these sources, as in `thread/list`."""


class ThreadSectionListClientRequest(Model):
    """`threadSection/list`: groups of threads: none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['threadSection/list'], Field(title='ThreadSectionListClientRequestMethod')] = (
        'threadSection/list'
    )
    """Always `threadSection/list`."""

    params: ThreadSectionListParams
    """The params."""


class ThreadSettingsUpdateClientRequest(Model):
    """`thread/settings/update`: changes model and working folder for the next turns."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['thread/settings/update'], Field(title='ThreadSettingsUpdateClientRequestMethod')
    ] = 'thread/settings/update'
    """Always `thread/settings/update`."""

    params: ThreadSettingsUpdateParams
    """The params."""


class ThreadStartClientRequest(Model):
    """`thread/start`: starts a thread and subscribes to it."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/start'], Field(title='ThreadStartClientRequestMethod')] = 'thread/start'
    """Always `thread/start`."""

    params: ThreadStartParams
    """The params."""


ThreadStatus = TypeAliasType(
    "ThreadStatus",
    Annotated[
        NotLoadedThreadStatus | IdleThreadStatus | SystemErrorThreadStatus | ActiveThreadStatus,
        Field(title='ThreadStatus'),
    ],
)
"""What a thread is doing."""


class ThreadStatusChangedNotification(Model):
    """The status of a thread changed."""

    status: ThreadStatus
    """The new status."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread whose status changed."""


class ThreadTokenUsage(Model):
    """The tokens of a thread."""

    last: TokenUsage
    """The tokens of the model's last response."""

    model_context_window: Annotated[int | None, Field(alias='modelContextWindow')]
    """The size of the model's context window, in tokens. `null` when unknown."""

    total: TokenUsage
    """The tokens of the thread so far."""


class ThreadTokenUsageUpdatedNotification(Model):
    """The model finished a response, and its tokens were counted."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the turn."""

    token_usage: Annotated[ThreadTokenUsage, Field(alias='tokenUsage')]
    """The counts."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the response whose tokens were counted."""


class ThreadTurnsListParams(Model):
    """Lists the turns of a thread."""

    cursor: str | None = None
    """`nextCursor` or `backwardsCursor` of another page. Absent: the first page."""

    items_view: Annotated[TurnItemsView | None, Field(alias='itemsView')] = None
    """How much of each turn `items` contains. Default `summary`."""

    limit: Annotated[int | None, Field(ge=0)] = None
    """Maximum number of entries in the page, 1 to 100. Default 25."""

    sort_direction: Annotated[SortDirection | None, Field(alias='sortDirection')] = None
    """The direction of the order. Default `desc`."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread to list turns of."""


class ThreadUnarchiveClientRequest(Model):
    """`thread/unarchive`: shows an archived thread in lists again."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/unarchive'], Field(title='ThreadUnarchiveClientRequestMethod')] = (
        'thread/unarchive'
    )
    """Always `thread/unarchive`."""

    params: ThreadUnarchiveParams
    """The params."""


class ThreadUnarchivedEvent(Model):
    """A thread was unarchived."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['thread/unarchived'], Field(title='ThreadUnarchivedEventMethod')] = 'thread/unarchived'
    """Always `thread/unarchived`."""

    params: ThreadUnarchivedNotification
    """The params."""


class ThreadUnsubscribeClientRequest(Model):
    """`thread/unsubscribe`: stops the events of a thread for this connection."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/unsubscribe'], Field(title='ThreadUnsubscribeClientRequestMethod')] = (
        'thread/unsubscribe'
    )
    """Always `thread/unsubscribe`."""

    params: ThreadUnsubscribeParams
    """The params."""


class ThreadUnsubscribeResponse(Model):
    """Whether the connection was subscribed."""

    status: UnsubscribeStatus
    """What the request did."""


class ThreadUsage(Model):
    """The usage of a thread."""

    estimated_usage_credits_micros: Annotated[int, Field(alias='estimatedUsageCreditsMicros')]
    """Always 0: Easel has no credits."""

    estimated_usage_usd_micros: Annotated[int | None, Field(alias='estimatedUsageUsdMicros')]
    """Estimated cost in millionths of a US dollar, by the prices of the configuration. `null` when a price is missing."""

    groups: list[ThreadUsageBreakdownGroup]
    """The usage by model."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that used the tokens."""


class Tool(Model):
    """An image tool."""

    description: str | None
    """The description for the model. `null` for the hosted tool."""

    dynamic_tool: Annotated[Any, Field(alias='dynamicTool')]
    """
    The entry for `dynamicTools` of the Codex app-server's `thread/start`, in the namespace `easel`. `null` for the
    hosted tool.
    """

    entry: Any
    """The exact entry in the `tools` array of a Responses API request."""

    function: str | None
    """The name of the function. `null` for the hosted tool."""

    input_schema: Annotated[Any, Field(alias='inputSchema')]
    """The JSON Schema of the arguments. `null` for the hosted tool."""

    kind: ToolExposure
    """`standalone` or `hosted`."""

    name: str
    """`image_gen.imagegen` or `image_generation`."""

    namespace: str | None
    """The namespace in which the model calls the function. `null` for the hosted tool."""

    offered: bool
    """Whether the model gets this tool."""

    reasons: list[HeldBack]
    """Every reason why the tool is not offered. Empty when it is."""


class ToolCallParams(Model):
    """
    Calls the image tool for a model that the client runs. The fields are those of the Codex app-server's request
    `item/tool/call`, so that its params can be sent on with the id of an Easel thread.

    A call is made once: a request that repeats a `callId` of the thread with the same tool and arguments gets the
    result of the first.
    """

    arguments: ToolArguments
    """The arguments of the model."""

    call_id: Annotated[str, Field(alias='callId')]
    """The id that the model gave to the call, 1 to 256 characters. The result repeats it."""

    format: ToolCallFormat | None = None
    """The form of the result. Default `responses`."""

    namespace: str | None = None
    """The namespace of the function: `image_gen`, `easel`, or absent."""

    pictures: ToolCallPictures | None = None
    """The images in the result. Default `original`."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that keeps the call, its item and its images. It must be loaded and run no turn of a model."""

    tool: str
    """The name of the function: `imagegen`, or the joined name `image_gen.imagegen`."""

    turn_id: Annotated[str | None, Field(alias='turnId')] = None
    """Ignored. The turn of the caller, which a request of the Codex app-server names."""


class ToolListClientRequest(Model):
    """`tool/list`: the image tools, which one is offered, and why the other is not."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['tool/list'], Field(title='ToolListClientRequestMethod')] = 'tool/list'
    """Always `tool/list`."""

    params: ToolListParams
    """The params."""


class ToolListResponse(Model):
    """The image tools."""

    data: list[Tool]
    """Both tools, offered or not."""

    exposure: ToolExposure
    """The tool that the model gets."""


class ToolListUpdatedEvent(Model):
    """
    The image tools that a thread with the default configuration offers have changed, or their arguments have.
    `tool/list` has the details.
    """

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['tool/list/updated'], Field(title='ToolListUpdatedEventMethod')] = 'tool/list/updated'
    """Always `tool/list/updated`."""

    params: ToolListUpdatedNotification
    """The params."""


class TurnInterruptClientRequest(Model):
    """`turn/interrupt`: interrupts the running turn."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['turn/interrupt'], Field(title='TurnInterruptClientRequestMethod')] = 'turn/interrupt'
    """Always `turn/interrupt`."""

    params: TurnInterruptParams
    """The params."""


class TurnStartParams(Model):
    """
    Starts a turn. Fields of the Codex app-server that have no meaning for images (sandbox, approvals, personality) are
    ignored.
    """

    client_user_message_id: Annotated[str | None, Field(alias='clientUserMessageId')] = None
    """The client's own id of the message. Easel returns it as `clientId` of the item."""

    closing_answer: Annotated[bool | None, Field(alias='closingAnswer')] = None
    """
    Whether the model is asked again after its images were made, for its closing words. Absent: what
    `images.closing_answer` says. Without effect if an image fails, if a message was added to the turn, or if there
    is an `outputSchema`: the model then always answers.
    """

    cwd: str | None = None
    """Changes the thread's working folder, from this turn on. A relative path begins at that of the server."""

    effort: str | None = None
    """Changes the thread's reasoning effort, from this turn on. One that the model supports, see `model/list`."""

    input: list[UserInput]
    """The user message, in parts. At least one."""

    model: str | None = None
    """Changes the thread's model, from this turn on."""

    output_schema: Annotated[Any | None, Field(alias='outputSchema')] = None
    """A JSON Schema, as an object, that the last agent message of this turn must satisfy."""

    summary: ReasoningSummary | None = None
    """Changes which summaries of its reasoning the model writes in the thread, from this turn on."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that gets the turn."""


class TurnSteerParams(Model):
    """Adds a user message to the running turn. The model reads it before its next response."""

    client_user_message_id: Annotated[str | None, Field(alias='clientUserMessageId')] = None
    """The client's own id of the message. Easel returns it as `clientId` of the item."""

    expected_turn_id: Annotated[str, Field(alias='expectedTurnId')]
    """The turn that must be running. The request fails if another turn runs, or none."""

    input: list[UserInput]
    """The user message, in parts. At least one."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the turn."""


class UsageReadClientRequest(Model):
    """`usage/read`: images, tokens and estimated cost by day, thread and model, and what is left of the limits."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['usage/read'], Field(title='UsageReadClientRequestMethod')] = 'usage/read'
    """Always `usage/read`."""

    params: UsageReadParams
    """The params."""


class UsageReadResponse(Model):
    """A page of usage."""

    data: list[UsageEntry]
    """One entry for each day, thread and model, newest first."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """The cursor of the next page. `null` on the last page."""

    spending: Spending
    """The limits of spending, and what is used of them."""

    totals: UsageTotals
    """The sum of all matching entries, on this page or not."""


class WarningEvent(Model):
    """
    Something in a turn is not as the user may expect it, and the turn goes on: the provider's hosted image tool is not
    offered to the model, because a limit of spending is used up, or because it would bypass an approval or a hook. Each
    reason is reported once a turn.
    """

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['warning'], Field(title='WarningEventMethod')] = 'warning'
    """Always `warning`."""

    params: WarningNotification
    """The params."""


Account = TypeAliasType("Account", Annotated[ApiKeyAccount | ChatgptAccount, Field(title='Account')])
"""An account."""


class AccountChatgptAuthTokensRefreshServerRequest(Model):
    """`account/chatgptAuthTokens/refresh`: asks the client that owns the tokens for a new one."""

    id: RequestId
    """The id of the request."""

    method: Annotated[
        Literal['account/chatgptAuthTokens/refresh'], Field(title='AccountChatgptAuthTokensRefreshServerRequestMethod')
    ] = 'account/chatgptAuthTokens/refresh'
    """Always `account/chatgptAuthTokens/refresh`."""

    params: ChatgptAuthTokensRefreshParams
    """The params."""


class AccountLoginStartClientRequest(Model):
    """`account/login/start`: stores a key of the public API, or uses ChatGPT tokens."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['account/login/start'], Field(title='AccountLoginStartClientRequestMethod')] = (
        'account/login/start'
    )
    """Always `account/login/start`."""

    params: LoginAccountParams
    """The params."""


class AccountRateLimitsUpdatedNotification(Model):
    """A limit changed. A slow client may miss this; `account/rateLimits/read` has the current state."""

    rate_limits: Annotated[RateLimitSnapshot, Field(alias='rateLimits')]
    """The limit that changed."""


class AccountUpdatedEvent(Model):
    """The credential in use changed."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['account/updated'], Field(title='AccountUpdatedEventMethod')] = 'account/updated'
    """Always `account/updated`."""

    params: AccountUpdatedNotification
    """The params."""


AnthropicImageSource = TypeAliasType(
    "AnthropicImageSource", Annotated[Base64AnthropicImageSource, Field(title='AnthropicImageSource')]
)
"""The bytes of an image in the Anthropic Messages API."""


class AppliedSettings(Model):
    """The settings that apply to a thread's next turn. Easel has one collaboration mode and nothing to approve."""

    approval_policy: Annotated[ApprovalPolicy, Field(alias='approvalPolicy')]
    """Always `never`."""

    approvals_reviewer: Annotated[ApprovalsReviewer, Field(alias='approvalsReviewer')]
    """Always `user`."""

    collaboration_mode: Annotated[CollaborationMode, Field(alias='collaborationMode')]
    """Always the default mode."""

    cwd: str
    """Absolute path of the working folder."""

    effort: str | None
    """The reasoning effort. `null`: the model's default."""

    model: str
    """The model."""

    model_provider: Annotated[str, Field(alias='modelProvider')]
    """The id of the provider."""

    sandbox_policy: Annotated[SandboxPolicy, Field(alias='sandboxPolicy')]
    """Always read-only."""

    service_tier: Annotated[str | None, Field(alias='serviceTier')]
    """Always `null`."""

    summary: ReasoningSummary | None
    """Which summaries of its reasoning the model writes. `null`: the provider's default."""


class CancelRequestClientNotification(Model):
    """Cancels a request, which then fails with −32800."""

    method: Annotated[Literal['$/cancelRequest'], Field(title='CancelRequestClientNotificationMethod')] = (
        '$/cancelRequest'
    )
    """Always `$/cancelRequest`."""

    params: CancelRequestParams
    """The params."""


ClientNotification = TypeAliasType(
    "ClientNotification",
    Annotated[
        InitializedClientNotification | CancelRequestClientNotification, Field(title='ClientNotification')
    ],
)
"""A notification of a client. Others are ignored."""


class ConfigBatchWriteParams(Model):
    """Writes several keys of the home's `config.toml`: all or none."""

    edits: list[ConfigEdit]
    """The changes, at most 256."""

    expected_version: Annotated[str | None, Field(alias='expectedVersion')] = None
    """The version of the user layer that the change is based on. The request fails if the layer has changed since."""

    file_path: Annotated[str | None, Field(alias='filePath')] = None
    """Absolute path of the home's `config.toml`; the request fails for any other file. Absent: that file."""

    reload_user_config: Annotated[bool | None, Field(alias='reloadUserConfig')] = None
    """
    Whether loaded threads apply the change at once. Features, limits and similar settings change; model and
    provider stay. Default false.
    """


class ConfigLayer(Model):
    """A layer of the configuration."""

    config: dict[str, Any]
    """The keys that the layer sets, without secrets."""

    name: ConfigLayerSource
    """The source of the layer."""

    version: str
    """Changes exactly when the content of the layer changes."""


class ConfigLayerMetadata(Model):
    """Names a version of a configuration layer."""

    name: ConfigLayerSource
    """The source of the layer."""

    version: str
    """Changes exactly when the content of the layer changes."""


class ConfigReadResponse(Model):
    """The effective configuration. Keys in `config` and `origins` are the keys of `config.toml`."""

    config: dict[str, Any]
    """The value of every key, without secrets."""

    layers: list[ConfigLayer] | None
    """The layers, highest precedence first. `null` unless `includeLayers` is true."""

    origins: dict[str, ConfigLayerMetadata]
    """The layer of each key that is not a default, by dotted key."""


class ConfigValueWriteClientRequest(Model):
    """`config/value/write`: writes one key of the home's configuration."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['config/value/write'], Field(title='ConfigValueWriteClientRequestMethod')] = (
        'config/value/write'
    )
    """Always `config/value/write`."""

    params: ConfigValueWriteParams
    """The params."""


class ErrorEvent(Model):
    """A turn failed. Sent before `turn/completed`. Errors that Easel retries are not sent."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['error'], Field(title='ErrorEventMethod')] = 'error'
    """Always `error`."""

    params: ErrorNotification
    """The params."""


class GetAccountRateLimitsResponse(Model):
    """
    The usage limits that the backend last reported. All fields are `null` before the first report, and with an API key,
    for which there are no reports.
    """

    account_id: Annotated[str | None, Field(alias='accountId')]
    """The account that the report is about."""

    rate_limits: Annotated[RateLimitSnapshot, Field(alias='rateLimits')]
    """The limit `codex`, or the first limit if the account has none of that name."""

    rate_limits_by_limit_id: Annotated[dict[str, Any] | None, Field(alias='rateLimitsByLimitId')]
    """All limits, by id."""


class GetAccountResponse(Model):
    """The account in use."""

    account: Account | None
    """The account. `null` without a credential."""

    requires_openai_auth: Annotated[bool, Field(alias='requiresOpenaiAuth')]
    """Whether the provider in use needs a credential of OpenAI."""

    user_id: Annotated[str | None, Field(alias='userId')]
    """The ChatGPT user, read from the token. `null` for an API key."""


class GetAccountTokenUsageResponse(Model):
    """The tokens that this home has used. Easel counts them itself and does not ask the provider."""

    daily_usage_buckets: Annotated[list[AccountTokenUsageDailyBucket] | None, Field(alias='dailyUsageBuckets')]
    """The newest 366 days on which tokens were used, oldest first."""

    summary: AccountTokenUsageSummary
    """Sums over all threads."""

    thread_usage: Annotated[ThreadUsage | None, Field(alias='threadUsage')]
    """The usage of the thread that the request names. `null` when it names none."""


class ImageAnthropicContent(Model):
    """An image."""

    source: AnthropicImageSource
    """The bytes."""

    type: Annotated[Literal['image'], Field(title='ImageAnthropicContentType')] = 'image'
    """Always `image`."""


class ImageCompareClientRequest(Model):
    """`image/compare`: what differs between two images, with a heat map."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['image/compare'], Field(title='ImageCompareClientRequestMethod')] = 'image/compare'
    """Always `image/compare`."""

    params: ImageCompareParams
    """The params."""


class ImageCompareResponse(Model):
    """What differs between two images."""

    heat_map: Annotated[ImagePreview | None, Field(alias='heatMap')]
    """
    Where the images differ, to be laid over the first one: transparent where a pixel is the same, and red where it
    is not. `null` when the request names no `heatMap`.
    """

    report: EditReport
    """The differences. Its `mask` is `null`, since the images need not be of one call."""


class ImageCompositeResponse(Model):
    """The new image."""

    image: ImageRecord
    """
    The record of the new image, in the thread, the turn and the item of the edit. Its `derived` says what it was
    made from.
    """


class ImageEntry(Model):
    """A generated image and where it belongs."""

    created_at: Annotated[int, Field(alias='createdAt')]
    """When the image was stored, in Unix seconds."""

    image: ImageRecord
    """The record of the image."""

    item_id: Annotated[str, Field(alias='itemId')]
    """The id of the imageGeneration item that made the image."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that the image belongs to."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn that made the image."""


class ImageGenerationItem(Model):
    """One call of an image tool, standalone or hosted."""

    completed_at_ms: Annotated[int | None, Field(alias='completedAtMs')]
    """When the call ended, in Unix milliseconds. `null` while it is in progress."""

    error: ImageError | None
    """Why there is no image, or fewer than requested. A completed item may have both images and an error."""

    failure: ImageFailure | None
    """The failure in the Codex app-server's shape. `null` for failures that it does not have; `error` has them all."""

    generation_id: Annotated[str | None, Field(alias='generationId')]
    """The provider's id of the image. `null` when the provider gave none."""

    id: str
    """The id of the item and of its image call, unique in its thread."""

    images: list[ImageRecord]
    """One record for each image, in the provider's order."""

    input_images: Annotated[list[ItemInputImage] | None, Field(alias='inputImages')] = None
    """The reference images in the order they were sent. Absent while the call runs, and when it has none."""

    result: str
    """
    The first image in base64, only in the live `item/completed` of a client whose capability `imageResult` is
    `inline`. Otherwise empty.
    """

    revised_prompt: Annotated[str | None, Field(alias='revisedPrompt')]
    """
    The prompt of the first image as the provider rewrote it, else the prompt as the model wrote it. `null` without
    an image.
    """

    saved_path: Annotated[str | None, Field(alias='savedPath')]
    """Absolute path of the first image. `null` without an image."""

    started_at_ms: Annotated[int, Field(alias='startedAtMs')]
    """When the call started, in Unix milliseconds."""

    status: ImageStatus
    """The state of the call."""

    transparent_background: Annotated[bool | None, Field(alias='transparentBackground')]
    """Whether the first image was made with a transparent background. `null` without an image."""


class ImageGenerationThreadItem(ImageGenerationItem):
    """A call of an image tool."""

    type: Annotated[Literal['imageGeneration'], Field(title='ImageGenerationThreadItemType')] = 'imageGeneration'
    """Always `imageGeneration`."""


class ImageListResponse(Model):
    """A page of images, newest first."""

    data: list[ImageEntry]
    """The images of this page."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """The cursor of the next page. `null` on the last page."""


class ImageReadClientRequest(Model):
    """`image/read`: one record, ranges of its bytes, and a preview."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['image/read'], Field(title='ImageReadClientRequestMethod')] = 'image/read'
    """Always `image/read`."""

    params: ImageReadParams
    """The params."""


class ImageReadResponse(Model):
    """The record of an image, the requested bytes and the requested preview."""

    chunk: ImageChunk | None
    """The bytes. `null` when the request has no `offset`."""

    created_at: Annotated[int, Field(alias='createdAt')]
    """When the image was stored, in Unix seconds."""

    image: ImageRecord
    """The record of the image."""

    item_id: Annotated[str, Field(alias='itemId')]
    """The id of the imageGeneration item that made the image."""

    preview: ImagePreview | None
    """The preview. `null` when the request names no `preview`."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread that the image belongs to."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn that made the image."""


class InitializeClientRequest(Model):
    """`initialize`: opens the connection."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['initialize'], Field(title='InitializeClientRequestMethod')] = 'initialize'
    """Always `initialize`."""

    params: InitializeParams
    """The params."""


class OverriddenMetadata(Model):
    """Which layer overrides a written value."""

    effective_value: Annotated[Any, Field(alias='effectiveValue')]
    """The value that applies."""

    message: str
    """One sentence for the user."""

    overriding_layer: Annotated[ConfigLayerMetadata, Field(alias='overridingLayer')]
    """The higher layer."""


class ReasoningResponseItem(Model):
    """Reasoning that only the provider can read. Kept if its preset says so, and sent back unchanged."""

    content: list[ReasoningText] | None = None
    """The parts of the reasoning itself, if the provider sends it."""

    encrypted_content: str
    """The reasoning in the provider's own form."""

    id: str | None
    """The provider's id of the item."""

    summary: list[ReasoningSummaryText]
    """The parts of the summary."""

    type: Annotated[Literal['reasoning'], Field(title='ReasoningResponseItemType')] = 'reasoning'
    """Always `reasoning`."""


ResponseItem = TypeAliasType(
    "ResponseItem",
    Annotated[
        MessageResponseItem | ReasoningResponseItem | FunctionCallResponseItem | FunctionCallOutputResponseItem | ImageGenerationCallResponseItem,
        Field(title='ResponseItem'),
    ],
)
"""An item of the conversation as the model reads it."""


ServerRequest = TypeAliasType(
    "ServerRequest",
    Annotated[
        AccountChatgptAuthTokensRefreshServerRequest | ItemPermissionsRequestApprovalServerRequest,
        Field(title='ServerRequest'),
    ],
)
"""A request of the server."""


ThreadItem = TypeAliasType(
    "ThreadItem",
    Annotated[
        UserMessageThreadItem | AgentMessageThreadItem | ReasoningThreadItem | ImageGenerationThreadItem | ContextCompactionThreadItem,
        Field(title='ThreadItem'),
    ],
)
"""One item of a turn."""


class ThreadItemEntry(Model):
    """An item and the turn that it belongs to."""

    completed_at_ms: Annotated[int | None, Field(alias='completedAtMs')]
    """When the item ended, in Unix milliseconds. `null` while it is in progress."""

    item: ThreadItem
    """The item."""

    started_at_ms: Annotated[int | None, Field(alias='startedAtMs')]
    """When the item started, in Unix milliseconds."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn."""


class ThreadItemsListResponse(Model):
    """A page of items."""

    backwards_cursor: Annotated[str | None, Field(alias='backwardsCursor')]
    """
    A cursor for the opposite direction. Its page begins with the first entry of this one. `null` when this page is
    empty.
    """

    data: list[ThreadItemEntry]
    """The items of this page."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """The cursor of the next page. `null` on the last page."""


class ThreadListClientRequest(Model):
    """`thread/list`: lists stored threads in pages."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/list'], Field(title='ThreadListClientRequestMethod')] = 'thread/list'
    """Always `thread/list`."""

    params: ThreadListParams
    """The params."""


class ThreadSearchClientRequest(Model):
    """`thread/search`: finds stored threads by their content."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/search'], Field(title='ThreadSearchClientRequestMethod')] = 'thread/search'
    """Always `thread/search`."""

    params: ThreadSearchParams
    """The params."""


class ThreadSettingsUpdatedNotification(Model):
    """The model, its reasoning or the working folder of a thread changed."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread whose settings changed."""

    thread_settings: Annotated[AppliedSettings, Field(alias='threadSettings')]
    """All settings, as they apply from the next turn on."""


class ThreadStatusChangedEvent(Model):
    """The status of a thread changed."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['thread/status/changed'], Field(title='ThreadStatusChangedEventMethod')] = (
        'thread/status/changed'
    )
    """Always `thread/status/changed`."""

    params: ThreadStatusChangedNotification
    """The params."""


class ThreadTokenUsageUpdatedEvent(Model):
    """The model finished a response, and its tokens were counted."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['thread/tokenUsage/updated'], Field(title='ThreadTokenUsageUpdatedEventMethod')
    ] = 'thread/tokenUsage/updated'
    """Always `thread/tokenUsage/updated`."""

    params: ThreadTokenUsageUpdatedNotification
    """The params."""


class ThreadTurnsListClientRequest(Model):
    """`thread/turns/list`: turns in pages."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['thread/turns/list'], Field(title='ThreadTurnsListClientRequestMethod')] = (
        'thread/turns/list'
    )
    """Always `thread/turns/list`."""

    params: ThreadTurnsListParams
    """The params."""


class ToolCallClientRequest(Model):
    """`tool/call`: calls the image tool for a model that the client runs."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['tool/call'], Field(title='ToolCallClientRequestMethod')] = 'tool/call'
    """Always `tool/call`."""

    params: ToolCallParams
    """The params."""


class Turn(Model):
    """A turn: one user message, the items that follow from it, and how it ended."""

    completed_at: Annotated[int | None, Field(alias='completedAt')]
    """When the turn ended, in Unix seconds. `null` while it runs."""

    duration_ms: Annotated[int | None, Field(alias='durationMs')]
    """Milliseconds from start to end. `null` while the turn runs."""

    error: TurnError | None
    """
    Why the turn failed. In an interrupted turn, a warning that the provider may have billed an image that did not
    arrive. Otherwise `null`.
    """

    id: str
    """The id of the turn, unique in its thread."""

    items: list[ThreadItem]
    """The turn's items, as far as `itemsView` says."""

    items_view: Annotated[TurnItemsView, Field(alias='itemsView')]
    """How much of the turn `items` contains."""

    root_turn_id: Annotated[str, Field(alias='rootTurnId')]
    """The same as `id`: Easel has no turns inside turns."""

    started_at: Annotated[int | None, Field(alias='startedAt')]
    """When the turn started, in Unix seconds."""

    status: TurnStatus
    """Whether the turn runs, and how it ended."""


class TurnCompletedNotification(Model):
    """A turn ended."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the turn."""

    turn: Turn
    """The turn, with its last agent message if it has one."""


class TurnStartClientRequest(Model):
    """`turn/start`: sends a user message to the model."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['turn/start'], Field(title='TurnStartClientRequestMethod')] = 'turn/start'
    """Always `turn/start`."""

    params: TurnStartParams
    """The params."""


class TurnStartResponse(Model):
    """The turn that was started. Its events follow this response."""

    turn: Turn
    """The turn, without items."""


class TurnStartedNotification(Model):
    """A turn started. Sent after the response to `turn/start`."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the turn."""

    turn: Turn
    """The turn, without items."""


class TurnSteerClientRequest(Model):
    """`turn/steer`: adds a user message to the running turn."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['turn/steer'], Field(title='TurnSteerClientRequestMethod')] = 'turn/steer'
    """Always `turn/steer`."""

    params: TurnSteerParams
    """The params."""


class AccountRateLimitsUpdatedEvent(Model):
    """A limit changed. A slow client may miss this; `account/rateLimits/read` has the current state."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['account/rateLimits/updated'], Field(title='AccountRateLimitsUpdatedEventMethod')
    ] = 'account/rateLimits/updated'
    """Always `account/rateLimits/updated`."""

    params: AccountRateLimitsUpdatedNotification
    """The params."""


AnthropicContent = TypeAliasType(
    "AnthropicContent", Annotated[ImageAnthropicContent | TextAnthropicContent, Field(title='AnthropicContent')]
)
"""A part of a tool result of the Anthropic Messages API."""


class ConfigBatchWriteClientRequest(Model):
    """`config/batchWrite`: writes several keys, all or none."""

    id: RequestId
    """The id of the request."""

    method: Annotated[Literal['config/batchWrite'], Field(title='ConfigBatchWriteClientRequestMethod')] = (
        'config/batchWrite'
    )
    """Always `config/batchWrite`."""

    params: ConfigBatchWriteParams
    """The params."""


class ConfigWriteResponse(Model):
    """The configuration was written."""

    file_path: Annotated[str, Field(alias='filePath')]
    """Absolute path of the file, with links resolved."""

    overridden_metadata: Annotated[OverriddenMetadata | None, Field(alias='overriddenMetadata')]
    """The higher layer that overrides the value. `null` unless `status` is `okOverridden`."""

    status: WriteStatus
    """Whether the new value applies."""

    version: str
    """The new version of the user layer, as in `config/read`."""


class ItemCompletedNotification(Model):
    """An item ended. Every started item ends, even if it fails or its turn is interrupted."""

    completed_at_ms: Annotated[int, Field(alias='completedAtMs')]
    """When the item ended, in Unix milliseconds."""

    item: ThreadItem
    """The item in its final state."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the item."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the item."""


class ItemStartedNotification(Model):
    """An item started. `item/completed` with the same item id follows."""

    item: ThreadItem
    """The item as it starts."""

    started_at_ms: Annotated[int, Field(alias='startedAtMs')]
    """When the item started, in Unix milliseconds."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the item."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the item."""


class RawResponseItemCompletedNotification(Model):
    """The model's history has a new item. Sent only to clients that set `experimentalRawEvents`."""

    item: ResponseItem
    """The item as the model reads it."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread whose history has the item."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn that added the item."""


class Thread(Model):
    """A thread: a conversation and its settings."""

    cli_version: Annotated[str, Field(alias='cliVersion')]
    """The version of Easel that created the thread."""

    created_at: Annotated[int, Field(alias='createdAt')]
    """When the thread was created, in Unix seconds."""

    cwd: str
    """Absolute path of the working folder."""

    ephemeral: bool
    """Whether the thread exists only in memory."""

    forked_from_id: Annotated[str | None, Field(alias='forkedFromId')]
    """The thread that this one is a fork of. `null` for a thread that `thread/start` created."""

    git_info: Annotated[GitInfo | None, Field(alias='gitInfo')]
    """The state of the working folder's repository, as a client reported it."""

    history_mode: Annotated[HistoryMode, Field(alias='historyMode')]
    """Always `paginated`."""

    id: str
    """The id of the thread, a UUID of version 7."""

    model: str | None
    """The model."""

    model_provider: Annotated[str, Field(alias='modelProvider')]
    """The id of the provider."""

    name: str | None
    """The name that a client gave the thread. `null` until then."""

    originator: str | None
    """The name of the client that started the thread."""

    path: str | None
    """Always `null`: Easel keeps threads in a database."""

    preview: str
    """The start of the first user message. Empty before it."""

    project_id: Annotated[str | None, Field(alias='projectId')]
    """Always `null`."""

    reasoning_effort: Annotated[str | None, Field(alias='reasoningEffort')]
    """The reasoning effort that a client set. `null`: `model_reasoning_effort` applies."""

    reasoning_summary: Annotated[ReasoningSummary | None, Field(alias='reasoningSummary')]
    """The summaries of the model's reasoning that a client set. `null`: `model_reasoning_summary` applies."""

    session_id: Annotated[str, Field(alias='sessionId')]
    """The same as `id`."""

    source: SessionSource
    """Where the thread comes from."""

    status: ThreadStatus
    """What the thread is doing."""

    turns: list[Turn]
    """The turns. Empty unless the method says otherwise."""

    updated_at: Annotated[int, Field(alias='updatedAt')]
    """When the thread last changed, in Unix seconds."""


class ThreadListResponse(Model):
    """A page of threads."""

    backwards_cursor: Annotated[str | None, Field(alias='backwardsCursor')]
    """
    A cursor for the opposite direction. Its page begins with the first entry of this one. `null` when this page is
    empty.
    """

    data: list[Thread]
    """The threads of this page, without turns."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """The cursor of the next page. `null` on the last page."""


class ThreadMetadataUpdateResponse(Model):
    """The state was stored."""

    thread: Thread
    """The thread, without turns."""


class ThreadReadResponse(Model):
    """The thread."""

    thread: Thread
    """The thread."""


class ThreadResumeResponse(Model):
    """The response of `thread/resume`: the thread, its settings, and where clients read its history from."""

    approval_policy: Annotated[ApprovalPolicy, Field(alias='approvalPolicy')]
    """Always `never`."""

    approvals_reviewer: Annotated[ApprovalsReviewer, Field(alias='approvalsReviewer')]
    """Always `user`."""

    cwd: str
    """Absolute path of the working folder."""

    items_backwards_cursor: Annotated[str | None, Field(alias='itemsBackwardsCursor')]
    """Cursor at the newest item, for `thread/items/list` with the direction `desc`. `null`: there are no items."""

    model: str
    """The model."""

    model_provider: Annotated[str, Field(alias='modelProvider')]
    """The id of the provider."""

    reasoning_effort: Annotated[str | None, Field(alias='reasoningEffort')]
    """The reasoning effort. `null`: the model's default."""

    sandbox: SandboxPolicy
    """Always read-only."""

    service_tier: Annotated[str | None, Field(alias='serviceTier')]
    """Always `null`."""

    thread: Thread
    """The thread."""

    turns_backwards_cursor: Annotated[str | None, Field(alias='turnsBackwardsCursor')]
    """Cursor at the newest turn, for `thread/turns/list` with the direction `desc`. `null`: there are no turns."""


class ThreadRevertResponse(Model):
    """The turns were removed."""

    items_backwards_cursor: Annotated[str | None, Field(alias='itemsBackwardsCursor')]
    """
    A cursor for `thread/items/list` with `sortDirection: "desc"`. Its page begins with the newest remaining item.
    `null` when no item remains.
    """

    thread: Thread
    """The thread, without turns."""

    turns_backwards_cursor: Annotated[str | None, Field(alias='turnsBackwardsCursor')]
    """
    A cursor for `thread/turns/list` with `sortDirection: "desc"`. Its page begins with the newest remaining turn.
    `null` when no turn remains.
    """


class ThreadRollbackResponse(Model):
    """The turns were removed."""

    thread: Thread
    """The thread with the remaining turns, as in `thread/resume`."""


class ThreadSearchResult(Model):
    """A thread that matches the search."""

    snippet: str
    """The text around the match, at most 160 characters."""

    thread: Thread
    """The thread, without turns."""


class ThreadSettings(Model):
    """
    The response of `thread/start` and `thread/fork`, and part of that of `thread/resume`: the thread and the settings
    that apply to it.
    """

    approval_policy: Annotated[ApprovalPolicy, Field(alias='approvalPolicy')]
    """Always `never`."""

    approvals_reviewer: Annotated[ApprovalsReviewer, Field(alias='approvalsReviewer')]
    """Always `user`."""

    cwd: str
    """Absolute path of the working folder."""

    model: str
    """The model."""

    model_provider: Annotated[str, Field(alias='modelProvider')]
    """The id of the provider."""

    reasoning_effort: Annotated[str | None, Field(alias='reasoningEffort')]
    """The reasoning effort. `null`: the model's default."""

    sandbox: SandboxPolicy
    """Always read-only."""

    service_tier: Annotated[str | None, Field(alias='serviceTier')]
    """Always `null`."""

    thread: Thread
    """The thread."""


class ThreadSettingsUpdatedEvent(Model):
    """The model, its reasoning or the working folder of a thread changed."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['thread/settings/updated'], Field(title='ThreadSettingsUpdatedEventMethod')
    ] = 'thread/settings/updated'
    """Always `thread/settings/updated`."""

    params: ThreadSettingsUpdatedNotification
    """The params."""


class ThreadStartedNotification(Model):
    """A thread was created, by `thread/start` or `thread/fork`."""

    thread: Thread
    """The thread, without turns."""


class ThreadTurnsListResponse(Model):
    """A page of turns."""

    backwards_cursor: Annotated[str | None, Field(alias='backwardsCursor')]
    """
    A cursor for the opposite direction. Its page begins with the first entry of this one. `null` when this page is
    empty.
    """

    data: list[Turn]
    """The turns of this page."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """The cursor of the next page. `null` on the last page."""


class ThreadUnarchiveResponse(Model):
    """The thread is no longer archived."""

    thread: Thread
    """The thread, without turns."""


class ToolResultAnthropicToolResult(Model):
    """The result of a tool use."""

    content: list[AnthropicContent]
    """The images, each followed by its text."""

    is_error: bool
    """Whether the call made no image."""

    tool_use_id: str
    """The id of the tool use."""

    type: Annotated[Literal['tool_result'], Field(title='ToolResultAnthropicToolResultType')] = 'tool_result'
    """Always `tool_result`."""


class TurnCompletedEvent(Model):
    """A turn ended."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['turn/completed'], Field(title='TurnCompletedEventMethod')] = 'turn/completed'
    """Always `turn/completed`."""

    params: TurnCompletedNotification
    """The params."""


class TurnStartedEvent(Model):
    """A turn started. Sent after the response to `turn/start`."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['turn/started'], Field(title='TurnStartedEventMethod')] = 'turn/started'
    """Always `turn/started`."""

    params: TurnStartedNotification
    """The params."""


AnthropicToolResult = TypeAliasType(
    "AnthropicToolResult", Annotated[ToolResultAnthropicToolResult, Field(title='AnthropicToolResult')]
)
"""A block of the Anthropic Messages API."""


ClientRequest = TypeAliasType(
    "ClientRequest",
    Annotated[
        AccountLoginCancelClientRequest | AccountLoginStartClientRequest | AccountLogoutClientRequest | AccountRateLimitsReadClientRequest | AccountReadClientRequest | AccountSecuritySetupReadClientRequest | AccountUsageReadClientRequest | AccountWorkspaceMessagesReadClientRequest | AppInstalledClientRequest | AppListClientRequest | ConfigBatchWriteClientRequest | ConfigReadClientRequest | ConfigValueWriteClientRequest | ConfigRequirementsReadClientRequest | ExperimentalFeatureEnablementSetClientRequest | ExperimentalFeatureListClientRequest | HooksListClientRequest | ImageCompareClientRequest | ImageCompositeClientRequest | ImageDeleteClientRequest | ImageExportClientRequest | ImageExportSetClientRequest | ImageListClientRequest | ImageReadClientRequest | InitializeClientRequest | McpServerStatusListClientRequest | ModelListClientRequest | ModelProviderCapabilitiesReadClientRequest | ModelProviderListClientRequest | PermissionProfileListClientRequest | PluginInstalledClientRequest | PluginListClientRequest | SkillsListClientRequest | ThreadArchiveClientRequest | ThreadCompactStartClientRequest | ThreadDeleteClientRequest | ThreadForkClientRequest | ThreadGoalGetClientRequest | ThreadInjectItemsClientRequest | ThreadItemsListClientRequest | ThreadListClientRequest | ThreadLoadedListClientRequest | ThreadMetadataUpdateClientRequest | ThreadNameSetClientRequest | ThreadReadClientRequest | ThreadResumeClientRequest | ThreadRevertClientRequest | ThreadRollbackClientRequest | ThreadSearchClientRequest | ThreadSettingsUpdateClientRequest | ThreadStartClientRequest | ThreadTurnsListClientRequest | ThreadUnarchiveClientRequest | ThreadUnsubscribeClientRequest | ThreadSectionListClientRequest | ToolCallClientRequest | ToolListClientRequest | TurnInterruptClientRequest | TurnStartClientRequest | TurnSteerClientRequest | UsageReadClientRequest,
        Field(title='ClientRequest'),
    ],
)
"""A request of a client."""


class ItemCompletedEvent(Model):
    """An item ended. Every started item ends, even if it fails or its turn is interrupted."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['item/completed'], Field(title='ItemCompletedEventMethod')] = 'item/completed'
    """Always `item/completed`."""

    params: ItemCompletedNotification
    """The params."""


class ItemStartedEvent(Model):
    """An item started. `item/completed` with the same item id follows."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['item/started'], Field(title='ItemStartedEventMethod')] = 'item/started'
    """Always `item/started`."""

    params: ItemStartedNotification
    """The params."""


class RawResponseItemCompletedEvent(Model):
    """The model's history has a new item. Sent only to clients that set `experimentalRawEvents`."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[
        Literal['rawResponseItem/completed'], Field(title='RawResponseItemCompletedEventMethod')
    ] = 'rawResponseItem/completed'
    """Always `rawResponseItem/completed`."""

    params: RawResponseItemCompletedNotification
    """The params."""


class ThreadSearchResponse(Model):
    """A page of found threads."""

    backwards_cursor: Annotated[str | None, Field(alias='backwardsCursor')]
    """
    A cursor for the opposite direction. Its page begins with the first entry of this one. `null` when this page is
    empty.
    """

    data: list[ThreadSearchResult]
    """The threads of this page."""

    next_cursor: Annotated[str | None, Field(alias='nextCursor')]
    """The cursor of the next page. `null` on the last page."""


class ThreadStartedEvent(Model):
    """A thread was created, by `thread/start` or `thread/fork`."""

    emitted_at_ms: Annotated[int, Field(alias='emittedAtMs')]
    """When the server wrote the notification, in Unix milliseconds."""

    method: Annotated[Literal['thread/started'], Field(title='ThreadStartedEventMethod')] = 'thread/started'
    """Always `thread/started`."""

    params: ThreadStartedNotification
    """The params."""


ToolCallResult = TypeAliasType(
    "ToolCallResult",
    Annotated[
        ResponsesToolResult | AnthropicToolResult | McpToolResult, Field(title='ToolCallResult')
    ],
)
"""The result of a tool call, in the format that the request asked for."""


Event = TypeAliasType(
    "Event",
    Annotated[
        ConfigWarningEvent | AccountLoginCompletedEvent | AccountUpdatedEvent | AccountRateLimitsUpdatedEvent | ToolListUpdatedEvent | ThreadStartedEvent | ThreadStatusChangedEvent | ThreadNameUpdatedEvent | ThreadSettingsUpdatedEvent | ThreadArchivedEvent | ThreadUnarchivedEvent | ThreadClosedEvent | ThreadRevertedEvent | ThreadDeletedEvent | TurnStartedEvent | WarningEvent | ItemStartedEvent | ItemAgentMessageDeltaEvent | ItemReasoningSummaryPartAddedEvent | ItemReasoningSummaryTextDeltaEvent | ItemReasoningTextDeltaEvent | ItemImageGenerationPreviewEvent | ItemCompletedEvent | RawResponseItemCompletedEvent | ThreadCompactedEvent | ThreadTokenUsageUpdatedEvent | ImageDeletedEvent | ServerRequestResolvedEvent | ErrorEvent | TurnCompletedEvent,
        Field(title='Event'),
    ],
)
"""A notification of the server. The variants are in the order of a thread's life."""


class ToolCallResponse(Model):
    """The result of a tool call. A call that made no image is a result too, for the model to read."""

    call_id: Annotated[str, Field(alias='callId')]
    """The `callId` of the request."""

    content_items: Annotated[list[DynamicToolCallOutputContentItem] | None, Field(alias='contentItems')] = None
    """The result for `codex`. Absent for other formats."""

    error: ImageError | None
    """Why the call made no image, or fewer than requested."""

    images: list[ImageRecord]
    """The records of the images."""

    item_id: Annotated[str, Field(alias='itemId')]
    """The imageGeneration item of the call."""

    replayed: bool
    """Whether an earlier request made the call."""

    result: ToolCallResult | None
    """
    What the client gives to its model, in the requested format. `null` for `codex`, whose result is this response
    itself, with `success` and `contentItems`.
    """

    success: bool
    """Whether the call made an image."""

    thread_id: Annotated[str, Field(alias='threadId')]
    """The thread of the call."""

    turn_id: Annotated[str, Field(alias='turnId')]
    """The turn of the call."""


Message = TypeAliasType(
    "Message",
    Annotated[
        ClientRequest | ClientNotification | SuccessResponse | ErrorResponse | Event | ServerRequest,
        Field(title='Message'),
    ],
)
"""A message of the Easel app-server protocol, one line of JSON. A message may also have `"jsonrpc": "2.0"`; those of the server have it if the client's `initialize` has it."""
