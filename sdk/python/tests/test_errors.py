"""Every kind of failure is an error of its own, which says what happened."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import PROMPT

from easel_sdk import (
    Easel,
    EventOverflowError,
    ImageFailedError,
    ImageIntegrityError,
    InvalidParamsError,
    InvalidRequestError,
    RequestError,
    TurnFailedError,
)
from easel_sdk.types import LocalImageUserInput, PermissionsRequestApprovalParams, ThreadReadResponse

Home = Callable[..., Path]
ASKS = 'approval = "always"\n'
NO_KEY = """model_provider = "x"
[model_providers.x]
base_url = "http://127.0.0.1:9/v1"
env_key = "EASEL_SDK_NO_KEY"
"""


def test_invalid_param_is_named(home: Home) -> None:
    with Easel(home=home()) as easel, pytest.raises(InvalidParamsError) as raised:
        easel.start_thread().run(["a cat", LocalImageUserInput(path="relative.png")])
    error = raised.value
    assert (error.code, error.field, error.method) == (-32602, "input[1]", "turn/start")


def test_unknown_thread_is_an_invalid_request(home: Home) -> None:
    with Easel(home=home()) as easel, pytest.raises(InvalidRequestError, match="not found"):
        easel.resume_thread("019a0000-0000-7000-8000-000000000000")


def test_unknown_method_is_a_request_error(home: Home) -> None:
    with Easel(home=home()) as easel, pytest.raises(RequestError) as raised:
        easel.request("image/draw", {}, ThreadReadResponse)
    assert raised.value.code == -32601


def test_unknown_option_is_a_type_error(home: Home) -> None:
    with pytest.raises(TypeError, match="binaries"):
        Easel(binaries="easel")  # type: ignore[call-arg]
    with Easel(home=home()) as easel, pytest.raises(TypeError, match="models"):
        easel.start_thread(models="x")  # type: ignore[call-arg]


def test_turn_without_a_credential_fails_with_its_kind(home: Home) -> None:
    with Easel(home=home(NO_KEY)) as easel, pytest.raises(TurnFailedError, match="env_key") as raised:
        easel.start_thread().run(PROMPT)
    assert raised.value.result.images == []


def test_image_that_a_hook_denies_fails_with_its_kind(home: Home) -> None:
    toml = '[[hooks.pre_tool_use]]\ncommand = ["false"]\n'
    with Easel(home=home(toml)) as easel, pytest.raises(ImageFailedError) as raised:
        easel.start_thread().run(PROMPT)
    error = raised.value
    assert (error.error.kind, error.error.billed, len(error.result.failures)) == ("hookDenied", "no", 1)


def test_call_without_an_approval_is_denied(home: Home) -> None:
    with Easel(home=home(ASKS)) as easel, pytest.raises(ImageFailedError) as raised:
        easel.start_thread().run(PROMPT)
    assert raised.value.error.kind == "approvalDenied"


async def approve_later(params: PermissionsRequestApprovalParams) -> bool:
    return params.image_generation.prompt == PROMPT


def no_answer(_params: PermissionsRequestApprovalParams) -> bool:
    raise OSError("no answer")


@pytest.mark.parametrize("approve", [lambda _: True, lambda _: "turn", approve_later])
def test_approved_call_makes_an_image(home: Home, approve: Callable[..., bool]) -> None:
    with Easel(home=home(ASKS), approve=approve) as easel:
        assert len(easel.start_thread().run(PROMPT).images) == 1


@pytest.mark.parametrize("decision", [False, None, 0, 1, "", "forever", [], ["call"]])
def test_only_true_and_scopes_approve(home: Home, decision: Any) -> None:
    with Easel(home=home(ASKS), approve=lambda _: decision) as easel, pytest.raises(ImageFailedError) as raised:
        easel.start_thread().run(PROMPT)
    assert raised.value.error.kind == "approvalDenied"


def test_approval_that_fails_denies(home: Home) -> None:
    with Easel(home=home(ASKS), approve=no_answer) as easel, pytest.raises(ImageFailedError) as raised:
        easel.start_thread().run(PROMPT)
    assert raised.value.error.kind == "approvalDenied"


def test_approval_may_call_easel(home: Home) -> None:
    def approve(params: PermissionsRequestApprovalParams) -> bool:
        return easel.usage().totals.images == 0 and params.image_generation.count == 1

    with Easel(home=home(ASKS), approve=approve) as easel:
        assert len(easel.start_thread().run(PROMPT).images) == 1


def test_unread_events_end_the_loop_but_not_the_turn(home: Home) -> None:
    with Easel(home=home()) as easel:
        turn = easel.start_thread().run_streamed(PROMPT, buffered_events=3)
        assert len(turn.result().images) == 1
        events = iter(turn)
        assert len(list(itertools.islice(events, 3))) == 3
        with pytest.raises(EventOverflowError):
            next(events)


def test_changed_file_is_not_returned(home: Home) -> None:
    with Easel(home=home()) as easel:
        (image,) = easel.start_thread().run(PROMPT).images
        for content in ["short", "x" * image.record.bytes, "x" * (image.record.bytes + 1)]:
            image.path.write_text(content)
            with pytest.raises(ImageIntegrityError):
                image.bytes()


def test_export_keeps_an_existing_file(home: Home, tmp_path: Path) -> None:
    with Easel(home=home()) as easel:
        (image,) = easel.start_thread().run(PROMPT).images
        path = image.export(tmp_path / "a.png")
        with pytest.raises(InvalidParamsError) as raised:
            image.export(path)
        assert raised.value.field == "path"
        assert image.export(os.fspath(path), overwrite=True) == path
