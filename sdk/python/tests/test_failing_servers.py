"""Servers that end, stop or write something wrong in a turn: nothing is sent again, and no call waits for ever."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import PROMPT, SLOW, requests_of, until, wait_for_image, wait_for_image_async

from easel_sdk import AsyncEasel, Easel, EaselExitedError, ProtocolError, TurnInterruptedError
from easel_sdk.types import PermissionsRequestApprovalParams

Home = Callable[..., Path]
Proxy = Callable[..., Path]

AFTER_RESPONSE = 'sys.stdout.buffer.write(line); sys.stdout.buffer.flush(); line = b""'
"""What a proxy does so that the following lines come after the response that starts a turn."""


def test_crash_before_the_response_of_a_turn_sends_nothing_again(home: Home, proxy: Proxy) -> None:
    binary = proxy(on_request='request["method"] == "turn/start" and os._exit(5)')
    with Easel(home=home(), binary=binary) as easel:
        thread = easel.start_thread()
        with pytest.raises(EaselExitedError) as raised:
            thread.run(PROMPT)
        assert raised.value.exit_code == 5
        thread.events()
        assert list(thread.turns()) == []
        assert len(requests_of(binary, "turn/start")) == 1
        assert len(requests_of(binary, "thread/resume")) == 1


def test_thread_comes_again_without_its_first_model(home: Home, proxy: Proxy) -> None:
    binary = proxy(on_request='request["method"] == "thread/list" and os._exit(0)')
    with Easel(home=home(), binary=binary) as easel:
        thread_id = easel.start_thread().id
        thread = easel.resume_thread(thread_id, model="first", config={"images.parallel": 1})
        with pytest.raises(EaselExitedError):
            easel.request("thread/list", {}, PermissionsRequestApprovalParams)
        thread.events()
        first, second = requests_of(binary, "thread/resume")
        assert first["model"] == "first"
        assert second == {"threadId": thread_id, "excludeTurns": True, "config": {"images.parallel": 1}}


def test_task_cancelled_while_its_turn_starts_interrupts_it(
    home: Home, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = proxy(on_start='while not os.path.exists(__file__ + ".go"): time.sleep(0.01)')
    monkeypatch.setattr("easel_sdk.aio.turn.INTERRUPT_GRACE", 0.05)

    async def main() -> None:
        async with AsyncEasel(home=home(SLOW), binary=binary) as easel:
            thread = await easel.start_thread()
            events = await thread.events()
            run = asyncio.create_task(thread.run(PROMPT))
            await asyncio.to_thread(until, lambda: requests_of(binary, "turn/start"))
            run.cancel()
            # The server has not answered yet, and does so later.
            with pytest.raises(asyncio.CancelledError):
                await run
            (tmp_path / "easel.go").touch()
            async for event in events:
                if event.method == "turn/completed":
                    break
            assert [turn.status async for turn in thread.turns()] == ["interrupted"]

    asyncio.run(main())


def test_cancelled_task_does_not_wait_for_a_stopped_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("easel_sdk.aio.turn.INTERRUPT_GRACE", 0.05)

    async def main() -> None:
        async with AsyncEasel(home=home(SLOW), close_timeout=0) as easel:
            thread = await easel.start_thread()
            events = await thread.events()
            run = asyncio.create_task(thread.run(PROMPT))
            await wait_for_image_async(events)
            pid = (await easel.info()).pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(run, 30)

    asyncio.run(main())


def test_notification_without_params_does_not_end_the_server(home: Home, proxy: Proxy) -> None:
    lines = [{"method": "a"}, {"method": "b", "params": None}, {"method": "turn/completed", "params": [1]}]
    send = f"for message in {lines}: send(message)"
    with Easel(home=home(), binary=proxy(on_start=f"{AFTER_RESPONSE}\n        {send}")) as easel:
        thread = easel.start_thread()
        pid = easel.info().pid
        assert len(thread.run(PROMPT).images) == 1
        assert easel.info().pid == pid


def test_event_of_another_shape_fails_the_turn_and_not_the_server(home: Home, proxy: Proxy) -> None:
    event = '{"method": "turn/completed", "params": {"threadId": thread_id, "turn": None}}'
    with Easel(home=home(), binary=proxy(on_start=f"{AFTER_RESPONSE}; send({event})")) as easel:
        thread = easel.start_thread()
        pid = easel.info().pid
        with pytest.raises(ProtocolError, match="turn/completed"):
            thread.run(PROMPT)
        assert easel.info().pid == pid


def test_question_of_a_program_that_ends_does_not_keep_it(home: Home) -> None:
    program = f"""
import threading, time
from easel_sdk import Easel
asked = threading.Event()
def approve(_):
    asked.set()
    time.sleep(600)
with Easel(home={str(home("approval = 'always'"))!r}, approve=approve) as easel:
    turn = easel.start_thread().run_streamed({PROMPT!r})
    asked.wait()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_question_that_needs_no_answer_is_cancelled(home: Home) -> None:
    cancelled = []

    async def approve(_: PermissionsRequestApprovalParams) -> bool:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return True

    with Easel(home=home("approval = 'always'"), approve=approve) as easel:
        turn = easel.start_thread().run_streamed(PROMPT)
        wait_for_image(iter(turn))
        until(lambda: easel._easel._session._connection._responding)  # type: ignore[union-attr]
        turn.interrupt()
        with pytest.raises(TurnInterruptedError):
            turn.result()
        until(lambda: cancelled)
