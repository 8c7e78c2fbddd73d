"""What the server warns about reaches the program, also before it reads any events."""

import asyncio
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import PROMPT, until

from easel_sdk import AsyncEasel, Easel, EaselWarning

Home = Callable[..., Path]
Proxy = Callable[..., Path]

TYPO = {"limits.images_per_dy": 1}
ADVICE = re.compile(r"`limits\.images_per_dy` .*was ignored; did you mean `limits\.images_per_day`\?")


def find(found: list[EaselWarning]) -> EaselWarning | None:
    """The warning about the key in `TYPO`."""
    return next((warning for warning in found if ADVICE.search(str(warning))), None)


def test_misspelled_limit_of_the_server_is_a_warning(home: Home) -> None:
    found: list[EaselWarning] = []
    with Easel(home=home(), config=TYPO, on_warning=found.append) as easel:
        easel.info()
    warning = find(found)
    assert warning is not None
    assert "on the command line" in warning.summary
    assert (warning.details, warning.path, warning.thread_id) == (None, None, None)


def test_misspelled_limit_of_a_thread_is_a_warning(home: Home) -> None:
    found: list[EaselWarning] = []

    async def main() -> None:
        async with AsyncEasel(home=home(), on_warning=found.append) as easel:
            await easel.start_thread(config=TYPO)

    asyncio.run(main())
    # Warnings that arrive while the server ends are not lost.
    warning = find(found)
    assert warning is not None
    assert "in the thread's configuration" in warning.summary


def test_misspelled_key_of_the_file_is_a_warning_that_names_the_file(home: Home) -> None:
    found: list[EaselWarning] = []
    folder = home("limits.images_per_dy = 1\n")
    with Easel(home=folder, on_warning=found.append) as easel:
        easel.info()
    warning = find(found)
    assert warning is not None
    assert warning.path is not None
    assert Path(warning.path).samefile(folder / "config.toml")


def test_warning_is_a_warning_of_python_without_the_option(home: Home) -> None:
    async def main() -> None:
        async with AsyncEasel(home=home(), config=TYPO) as easel:
            await easel.info()

    with pytest.warns(EaselWarning, match=ADVICE):
        asyncio.run(main())
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with Easel(home=home()) as easel:
            easel.start_thread(config=TYPO)
    assert find([entry.message for entry in found if isinstance(entry.message, EaselWarning)])


def test_warning_is_shown_on_stderr(home: Home) -> None:
    program = f"""
from easel_sdk import Easel
with Easel(home={str(home())!r}) as easel:
    easel.start_thread(config={TYPO})
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert re.search(rf"EaselWarning: .*{ADVICE.pattern}", run.stderr)


def test_warning_of_a_turn_arrives_before_anyone_reads_its_events(home: Home, proxy: Proxy) -> None:
    found: list[EaselWarning] = []
    lines = [
        {"method": "configWarning", "params": {"summary": "One.", "details": "Two."}},
        {"method": "warning", "params": {"threadId": "t", "message": "no hosted tool"}},
    ]
    binary = proxy(on_start=f"for message in {lines}: send(message)")
    with Easel(home=home(), binary=binary, on_warning=found.append) as easel:
        thread = easel.start_thread()
        until(lambda: found)
        found.clear()
        thread.run(PROMPT)
    assert [(str(warning), warning.thread_id) for warning in found] == [("One. Two.", None), ("no hosted tool", "t")]
    assert found[0].details == "Two."


def test_function_that_fails_does_not_end_the_server(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: EaselWarning) -> None:
        raise OSError("full")

    with Easel(home=home(), config=TYPO, on_warning=fail) as easel:
        pid = easel.info().pid
        until(lambda: ADVICE.search(caplog.text))
        assert "OSError: full" in caplog.text
        assert easel.info().pid == pid


def test_coroutine_function_is_refused() -> None:
    async def warn(_: EaselWarning) -> None: ...

    with pytest.raises(TypeError, match="on_warning"):
        Easel(on_warning=warn)  # type: ignore[arg-type]
