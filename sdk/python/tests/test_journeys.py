"""Each example does what its first line says."""

import re
from pathlib import Path

import pytest
from harness import PROMPT, ROOT, SLOW, listening, run_example

PNG = b"\x89PNG\r\n\x1a\n"


def assert_png(path: str) -> None:
    assert Path(path).read_bytes().startswith(PNG)


def path_of(line: str) -> str:
    return line.rsplit(" ", 1)[-1]


def configure(folder: Path, toml: str) -> None:
    (folder / "home").mkdir()
    (folder / "home" / "config.toml").write_text(toml)


def test_draw_prints_the_path_of_an_image(tmp_path: Path) -> None:
    (path,) = run_example("draw", tmp_path, PROMPT)
    assert_png(path)


def test_draw_async_draws_all_prompts(tmp_path: Path) -> None:
    paths = run_example("draw_async", tmp_path, PROMPT, "a cat", "a dog")
    assert len(set(paths)) == 3
    for path in paths:
        assert_png(path)


def test_edit_uses_a_local_file_then_its_result(tmp_path: Path) -> None:
    (path,) = run_example("draw", tmp_path, PROMPT)
    (tmp_path / "red.png").write_bytes(Path(path).read_bytes())
    lines = run_example("edit", tmp_path, "red.png", "make it blue", "make it green")
    assert len(lines) == 2
    for line in lines:
        assert_png(line.removesuffix(" made from 1 image"))


def test_progress_shows_three_previews_before_the_image(tmp_path: Path) -> None:
    lines = run_example("progress", tmp_path, PROMPT)
    starts = ["started", "preview 0 ", "preview 1 ", "preview 2 ", "Here is your picture", "completed "]
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))
    assert_png(path_of(lines[-1]))


def test_cancel_says_what_may_be_billed(tmp_path: Path) -> None:
    configure(tmp_path, SLOW)
    (line,) = run_example("cancel", tmp_path, PROMPT)
    assert re.fullmatch("cancelled, billed: (no|uncertain), images to keep: 0", line)


def test_bytes_and_copy_are_the_same_and_are_listed(tmp_path: Path) -> None:
    line, copy = run_example("read_bytes", tmp_path, PROMPT, "a.png", "b.png")
    content = (tmp_path / "a.png").read_bytes()
    assert line == f"{len(content)} bytes of image/png; preview 256x256"
    assert Path(copy).read_bytes() == content
    with pytest.raises(AssertionError, match="FileExistsError"):
        run_example("read_bytes", tmp_path, PROMPT, "a.png", "c.png")
    newest, oldest, totals = run_example("list_images", tmp_path)
    assert newest.startswith("img_")
    assert Path(path_of(oldest)).read_bytes() == content
    assert totals.startswith("2 images, ")


def test_recover_finds_the_interrupted_turn_once(tmp_path: Path) -> None:
    configure(tmp_path, SLOW)
    lines = run_example("recover", tmp_path, PROMPT)
    assert "was not finished: the server ended with signal 9" in lines[0]
    assert lines[-2] == "turn: interrupted"
    assert re.fullmatch("image: failed, billed: (no|uncertain)", lines[-1])
    assert len([line for line in lines if line.startswith("turn: ")]) == 1


def test_share_shows_the_image_in_both_clients(tmp_path: Path) -> None:
    with listening(tmp_path) as socket:
        artist, viewer = run_example("share", tmp_path, socket, PROMPT)
    assert artist.replace("artist", "viewer") == viewer
    assert_png(path_of(artist))


def test_readme_shows_every_example_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text()
    for example in (ROOT / "examples").glob("*.py"):
        assert f"```python\n{example.read_text()}```" in readme, example.name
