"""The server starts with the first call, survives nothing by itself, and never outlives its client."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness import PROMPT, ROOT, SLOW, is_running, noise_png, until, wait_for_image, wait_for_image_async

from easel_sdk import AsyncEasel, Easel, EaselError, EaselExitedError, TurnInterruptedError, inline_image
from easel_sdk.aio.session import to_toml
from easel_sdk.types import ConfigReadResponse, ThreadLoadedListResponse

Home = Callable[..., Path]


def pid_of(easel: Easel) -> int:
    pid = easel.info().pid
    assert pid is not None
    return pid


def test_crash_in_a_turn_keeps_the_history_and_sends_nothing_again(home: Home) -> None:
    with Easel(home=home(SLOW.replace('model_provider = "slow"\n', ""))) as easel:
        thread = easel.start_thread(config={"model_provider": "slow"})
        pid = pid_of(easel)
        turn = thread.run_streamed(PROMPT)
        wait_for_image(iter(turn))
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(EaselExitedError, match="signal 9"):
            turn.result()
        assert [stored.status for stored in thread.turns()] == ["interrupted"]
        assert pid_of(easel) != pid
        # The thread goes on in the new server, with the configuration that it was started with.
        following = thread.run_streamed("a blue circle")
        wait_for_image(iter(following))
        following.interrupt()
        with pytest.raises(TurnInterruptedError):
            following.result()
        assert [stored.id for stored in thread.turns()] == [turn.id, following.id]


def test_thread_goes_on_after_a_crash_between_turns(home: Home) -> None:
    with Easel(home=home()) as easel:
        thread = easel.start_thread()
        first = thread.run(PROMPT)
        pid = pid_of(easel)
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid_of(easel) != pid)
        second = thread.run("make it blue")
        assert len(second.images[0].record.inputs) == 1
        assert [stored.id for stored in thread.turns()] == [first.turn_id, second.turn_id]
        assert len(first.images[0].bytes()) == first.images[0].record.bytes


def test_crash_ends_the_events_of_a_thread_with_an_error(home: Home) -> None:
    with Easel(home=home(SLOW)) as easel:
        thread = easel.start_thread()
        events = thread.events()
        thread.run_streamed(PROMPT)
        wait_for_image(events)
        os.kill(pid_of(easel), signal.SIGKILL)
        with pytest.raises(EaselExitedError):
            list(events)


def test_cancelled_task_interrupts_its_turn(home: Home) -> None:
    async def main() -> None:
        async with AsyncEasel(home=home(SLOW)) as easel:
            thread = await easel.start_thread()
            events = await thread.events()
            run = asyncio.create_task(thread.run(PROMPT))
            await wait_for_image_async(events)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            (turn,) = [turn async for turn in thread.turns()]
            assert turn.status == "interrupted"

    asyncio.run(main())


def test_another_thread_interrupts_a_turn(home: Home) -> None:
    with Easel(home=home(SLOW)) as easel:
        turn = easel.start_thread().run_streamed(PROMPT)
        wait_for_image(iter(turn))
        threading.Thread(target=turn.interrupt).start()
        with pytest.raises(TurnInterruptedError) as raised:
            turn.result()
        assert raised.value.billed == raised.value.result.failures[0].billed
        turn.interrupt()


def test_ctrl_c_ends_a_turn_and_its_server(home: Home) -> None:
    program = f"""
import sys, threading
from easel_sdk import Easel
sys.path.append({str(ROOT / "tests")!r})
from harness import wait_for_image
with Easel(home={str(home(SLOW))!r}) as easel:
    thread = easel.start_thread()
    print(easel.info().pid, thread.id, flush=True)
    events = thread.events()
    def tell():
        wait_for_image(events)
        print("started", flush=True)
    threading.Thread(target=tell, daemon=True).start()
    thread.run({PROMPT!r})
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as host:
        assert host.stdout is not None
        pid, thread_id = host.stdout.readline().decode().split()
        assert host.stdout.readline() == b"started\n"
        host.send_signal(signal.SIGINT)
        _, stderr = host.communicate(timeout=60)
    assert stderr.rstrip().endswith(b"KeyboardInterrupt")
    assert not is_running(int(pid))
    with Easel(home=home()) as easel:
        assert [turn.status for turn in easel.resume_thread(thread_id).turns()] == ["interrupted"]


def test_threads_share_one_server(home: Home) -> None:
    with Easel(home=home()) as easel, ThreadPoolExecutor(4) as pool:
        threads = list(pool.map(lambda _: easel.start_thread(), range(4)))
        loaded = easel.request("thread/loaded/list", {}, ThreadLoadedListResponse).data
        assert set(loaded) == {thread.id for thread in threads}
        results = list(pool.map(lambda thread: thread.run(PROMPT), threads))
        assert [result.thread_id for result in results] == [thread.id for thread in threads]
        assert len({result.images[0].id for result in results}) == 4


def test_image_in_many_chunks_has_the_bytes_of_its_file(home: Home) -> None:
    with Easel(home=home()) as easel:
        photo = inline_image(noise_png(1024), "image/png")
        (image,) = easel.start_thread().run(["put this on a wall, 2048x2048", photo]).images
        content = image.bytes()
        assert len(content) > 2_000_000
        assert hashlib.sha256(content).hexdigest() == image.record.sha256
        assert content == image.path.read_bytes()


def test_close_ends_the_server_and_later_calls_fail(home: Home) -> None:
    easel = Easel(home=home())
    pid = pid_of(easel)
    easel.close()
    assert not is_running(pid)
    with pytest.raises(EaselError, match="is closed"):
        easel.info()
    easel.close()
    Easel(home=home()).close()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"])
def test_server_ends_with_its_host(home: Home, name: str) -> None:
    program = f"""
import time
from easel_sdk import Easel
easel = Easel(home={str(home())!r})
print(easel.info().pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        assert is_running(pid)
        host.send_signal(getattr(signal, name))
    until(lambda: not is_running(pid))


def test_options_override_the_home(home: Home) -> None:
    with Easel(home=home("images.partial_images = 1\n"), config={"images.parallel": 2}) as easel:
        config = easel.request("config/read", {}, ConfigReadResponse).config
        assert (config["images"]["partial_images"], config["images"]["parallel"]) == (1, 2)


def test_every_character_of_an_option_arrives(home: Home) -> None:
    text = '"é😀\\\n\t'
    with Easel(home=home(), config={"developer_instructions": text}) as easel:
        config = easel.request("config/read", {}, ConfigReadResponse).config
        assert config["developer_instructions"] == text


def test_control_character_of_an_option_is_escaped() -> None:
    assert to_toml("\x01\x7f") == '"\\u0001\\u007f"'


def test_loop_that_is_left_receives_no_more_events(home: Home) -> None:
    with Easel(home=home()) as easel:
        thread = easel.start_thread()
        subscribers = easel._easel._session._subscribers
        unused = thread.events()
        assert len(subscribers) == 1
        del unused
        until(lambda: not subscribers)
        events = thread.events()
        thread.run(PROMPT)
        for _ in events:
            break
        assert len(subscribers) == 1
        del events
        until(lambda: not subscribers)


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_forked_process_cannot_use_the_server(home: Home) -> None:
    with Easel(home=home()) as easel:
        pid = pid_of(easel)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                easel.info()
            except EaselError as error:
                easel.close()
                code = 0 if "another process" in str(error) else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert pid_of(easel) == pid
