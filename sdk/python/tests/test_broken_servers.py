"""Executables that are missing, are not Easel, or do not speak its protocol."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import FITS
from harness import EASEL, until

from easel_sdk import (
    MINIMUM_VERSION,
    SDK_VERSION,
    AsyncEasel,
    Easel,
    EaselError,
    EaselExitedError,
    EaselNotFoundError,
    EaselVersionError,
    OverloadedError,
    ProtocolError,
    UnknownEvent,
)
from easel_sdk.connection.binary import find_binary
from easel_sdk.connection.events import to_event
from easel_sdk.connection.protocol import MAX_PENDING, Notification, Protocol, ServerRequest, Success
from easel_sdk.connection.version import check_version, version_of
from easel_sdk.types import ThreadListResponse

Fake = Callable[..., Path]
Script = Callable[[str], Path]


def list_threads(easel: Easel) -> ThreadListResponse:
    return easel.request("thread/list", {}, ThreadListResponse)


def test_missing_executable_is_named() -> None:
    with Easel(binary="/no/easel") as easel, pytest.raises(EaselNotFoundError, match=r"/no/easel.*`binary`"):
        easel.info()
    with Easel(env={"PATH": "/no"}) as easel, pytest.raises(EaselNotFoundError, match="pip install easel-cli-bin"):
        easel.info()


def test_package_brings_the_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "easel_cli_bin.py").write_text(f"find_easel_bin = lambda: {EASEL!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert find_binary(None, {"PATH": "/no"}) == EASEL
    finally:
        sys.modules.pop("easel_cli_bin", None)


def test_path_has_the_executable(script: Script) -> None:
    binary = script("#!/bin/sh\n")
    assert find_binary(None, {"PATH": f"/no{os.pathsep}{binary.parent}"}) == str(binary)


def test_other_version_names_both_versions(fake: Fake) -> None:
    binary = fake(user_agent="x/0.1.0 (linux; x86_64) easel/999.8.7")
    both = rf"easel-sdk {re.escape(SDK_VERSION)} .*Easel 999\.8\.7"
    with Easel(binary=binary) as easel, pytest.raises(EaselVersionError, match=both):
        easel.start_thread()


def test_other_server_is_not_easel(fake: Fake) -> None:
    with Easel(binary=fake(user_agent="x/0.169.0 codex")) as easel, pytest.raises(EaselVersionError):
        easel.info()


MAJOR, MINOR, PATCH = (int(number) for number in MINIMUM_VERSION.split("-")[0].split("."))
BEFORE_1 = MAJOR == 0
NEXT_MINOR = f"{MAJOR}.{MINOR + 1}.0"


@pytest.mark.parametrize(
    "version",
    [
        MINIMUM_VERSION,
        SDK_VERSION,
        f"{MAJOR}.{MINOR}.{PATCH + 7}",
        f"{MAJOR}.{MINOR}.{PATCH + 1}-rc.1",
        *([] if BEFORE_1 else [NEXT_MINOR]),
    ],
)
def test_version_that_fits(version: str) -> None:
    check_version(version_of(f"x/1 (linux) easel/{version}"))


@pytest.mark.parametrize(
    "version",
    [
        f"0.{MINOR - 1}.9" if BEFORE_1 else f"{MAJOR - 1}.9.9",
        f"{MAJOR + 1}.{MINOR}.{PATCH}",
        f"{MAJOR + 1}.{MINOR + 1}.0",
        *([NEXT_MINOR] if BEFORE_1 else []),
    ],
)
def test_version_that_does_not_fit(version: str) -> None:
    with pytest.raises(EaselVersionError):
        check_version(version)


def test_silent_server_ends_after_the_time_limit(script: Script) -> None:
    binary = script(f"#!{sys.executable}\nimport sys\nsys.stdin.read()\n")
    with Easel(binary=binary, start_timeout=0.2) as easel, pytest.raises(ProtocolError, match=r"within 0\.2 s"):
        easel.info()


def test_server_that_ends_at_once_shows_its_stderr(script: Script) -> None:
    binary = script(f"#!{sys.executable}\nimport sys\nsys.stderr.write('a' * 10**6 + 'no home')\nsys.exit(3)\n")
    with Easel(binary=binary) as easel, pytest.raises(EaselExitedError, match="exit code 3") as raised:
        easel.info()
    assert raised.value.exit_code == 3
    assert len(raised.value.stderr) == 8192
    assert raised.value.stderr.endswith("no home")


def test_request_that_waits_fails_when_the_server_ends(fake: Fake) -> None:
    with Easel(binary=fake("os._exit(4)")) as easel:
        with pytest.raises(EaselExitedError, match="thread/list: the server ended with exit code 4"):
            list_threads(easel)
        with pytest.raises(EaselExitedError):
            list_threads(easel)


def test_line_that_is_not_json_ends_the_connection(fake: Fake) -> None:
    with Easel(binary=fake('print("hello", flush=True)')) as easel, pytest.raises(ProtocolError, match="hello"):
        list_threads(easel)


def test_error_of_another_shape_ends_the_connection(fake: Fake) -> None:
    then = 'print(json.dumps({"id": json.loads(line)["id"], "error": {}}), flush=True)'
    with Easel(binary=fake(then)) as easel, pytest.raises(ProtocolError, match="code"):
        list_threads(easel)


def test_result_of_another_shape_is_a_protocol_error(fake: Fake) -> None:
    then = 'print(json.dumps({"id": json.loads(line)["id"], "result": {"data": 1}}), flush=True)'
    with Easel(binary=fake(then)) as easel, pytest.raises(ProtocolError, match="thread/list"):
        list_threads(easel)


def test_line_without_an_end_is_not_kept() -> None:
    protocol = Protocol(max_line=10)
    assert protocol.receive(b'{"id":9}\n{"id"') == []
    with pytest.raises(ProtocolError, match="more than 10 bytes"):
        protocol.receive(b":123456")


def test_messages_are_split_anywhere() -> None:
    protocol = Protocol()
    request_id, _ = protocol.request("thread/list", {})
    data = b'{"method":"a","params":{"x":"\xc3\xa9"}}\n\n{"id":"s","method":"b"}\n{"id":%d,"result":1}\n' % request_id
    messages = [message for byte in data for message in protocol.receive(bytes([byte]))]
    assert messages == [
        Notification("a", {"method": "a", "params": {"x": "é"}}),
        ServerRequest("s", "b", None),
        Success(request_id, 1),
    ]


def test_requests_in_flight_are_limited(fake: Fake) -> None:
    protocol = Protocol()
    for _ in range(MAX_PENDING):
        protocol.request("thread/list", {})
    with pytest.raises(OverloadedError):
        protocol.request("thread/list", {})


def test_event_of_a_later_version_is_unknown() -> None:
    params = {"threadId": "t", "item": {"type": "video"}}
    for method in ["item/started", "video/rendered"]:
        assert to_event(Notification(method, {"method": method, "params": params})) == UnknownEvent(method, params)


def test_item_of_a_later_version_is_in_the_result(script: Script, tmp_path: Path) -> None:
    proxy = f"""#!{sys.executable}
import subprocess, sys
server = subprocess.Popen([{EASEL!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
for line in server.stdout:
    sys.stdout.buffer.write(line.replace(b'"type":"imageGeneration"', b'"type":"hologram"'))
    sys.stdout.buffer.flush()
"""
    with Easel(binary=script(proxy), home=tmp_path / "home") as easel:
        result = easel.start_thread().run("a red square")
    assert [item["type"] for item in result.unknown_items] == ["hologram"]
    assert len(result.items) == 2


def test_all_callers_get_an_error_of_their_own(fake: Fake) -> None:
    with Easel(binary=fake("number == 8 and os._exit(1)")) as easel, ThreadPoolExecutor(8) as pool:
        errors = [future.exception() for future in [pool.submit(list_threads, easel) for _ in range(8)]]
        assert len({id(error) for error in errors}) == 8
        assert all(isinstance(error, EaselExitedError) for error in errors)


def test_calls_during_a_failed_start_start_one_server(script: Script, tmp_path: Path) -> None:
    binary = script(f"#!{sys.executable}\nimport sys, time\nopen(__file__ + '.log', 'a').write('x')\nsys.exit(3)\n")

    async def main() -> None:
        async with AsyncEasel(binary=binary) as easel:
            errors = await asyncio.gather(easel.info(), easel.start_thread(), return_exceptions=True)
            assert all(isinstance(error, EaselExitedError) for error in errors)

    asyncio.run(main())
    assert (tmp_path / "easel.log").read_text() == "x"


def test_close_does_not_wait_for_a_start(script: Script, tmp_path: Path) -> None:
    binary = script(f"#!{sys.executable}\nimport sys\nopen(__file__ + '.log', 'a')\nsys.stdin.read()\n")
    easel = Easel(binary=binary, start_timeout=600)
    with ThreadPoolExecutor(1) as pool:
        start = pool.submit(easel.info)
        until((tmp_path / "easel.log").exists)
        easel.close()
        with pytest.raises(EaselError, match="closed while it started"):
            start.result()


def test_params_that_are_not_json_leave_no_trace() -> None:
    protocol = Protocol()
    for value in [object(), float("nan"), "\ud800"] * MAX_PENDING:
        with pytest.raises((TypeError, ValueError)):
            protocol.request("thread/list", {"value": value})
    protocol.request("thread/list", {})


def test_requests_that_the_server_does_not_read_are_limited(fake: Fake) -> None:
    async def main() -> None:
        async with AsyncEasel(binary=fake("__import__('time').sleep(600)"), close_timeout=0) as easel:
            await easel.info()
            text = {"text": "a" * (1 << 20)}
            requests = [asyncio.create_task(easel.request("thread/list", text, ThreadListResponse)) for _ in range(80)]
            with pytest.raises(OverloadedError, match="does not read"):
                await requests[-1]
            await easel.close()
            await asyncio.gather(*requests, return_exceptions=True)

    asyncio.run(main())


def test_grandchild_with_the_pipes_does_not_hide_the_end(fake: Fake, tmp_path: Path) -> None:
    child = "import subprocess; child = subprocess.Popen(['sleep', '600'])"
    tell = "open(__file__ + '.pid', 'w').write(str(child.pid))"
    try:
        binary = fake(f"{child}; {tell}; os._exit(4)")
        with Easel(binary=binary) as easel, pytest.raises(EaselExitedError, match="exit code 4"):
            list_threads(easel)
    finally:
        os.kill(int((tmp_path / "easel.pid").read_text()), signal.SIGKILL)


def test_close_does_not_wait_for_a_socket_that_is_not_read(tmp_path: Path) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        line = await reader.readline()
        result = {"userAgent": FITS, "codexHome": "/", "tools": [], "platformFamily": "unix", "platformOs": "linux"}
        writer.write(json.dumps({"id": json.loads(line)["id"], "result": result}).encode() + b"\n")
        reader._transport.pause_reading()  # type: ignore[attr-defined]

    async def main() -> None:
        path = tmp_path / "socket"
        server = await asyncio.start_unix_server(serve, path)
        async with server, AsyncEasel(socket=path, close_timeout=0.05) as easel:
            await easel.info()
            text = {"text": "a" * (1 << 23)}
            request = asyncio.create_task(easel.request("thread/list", text, ThreadListResponse))
            await asyncio.sleep(0)
            await easel.close()
            with pytest.raises(EaselExitedError):
                await request
            # Python 3.12 waits for the connections of a server.
            writers[0].transport.abort()

    asyncio.run(main())


def test_grandchild_with_the_input_does_not_keep_a_request(fake: Fake, tmp_path: Path) -> None:
    child = "import subprocess, time; child = subprocess.Popen(['sleep', '600'])"
    tell = "open(__file__ + '.pid', 'w').write(str(child.pid))"

    async def main() -> None:
        async with AsyncEasel(binary=fake(f"{child}; {tell}; time.sleep(0.5); os._exit(4)")) as easel:
            await easel.info()
            params = [{}, {"text": "a" * (1 << 23)}]
            requests = [easel.request("thread/list", param, ThreadListResponse) for param in params]
            errors = await asyncio.wait_for(asyncio.gather(*requests, return_exceptions=True), 30)
            assert all(isinstance(error, EaselExitedError) for error in errors)

    try:
        asyncio.run(main())
    finally:
        os.kill(int((tmp_path / "easel.pid").read_text()), signal.SIGKILL)
