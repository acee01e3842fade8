"""The tests of the documentation can fail: what they compare, and what they skip."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.docs import session
from tests.docs.markdown import anchors, blocks, links
from tests.docs.session import Session


def run(text: str, folder: Path) -> str:
    return "\n".join(Session(folder).run(text.splitlines()))


def test_outputs_are_what_commands_print(tmp_path: Path) -> None:
    """Whatever a document says, it gets back what its commands print, errors and exit statuses included."""
    said = "```console\n$ echo one; echo two >&2\nwrong\n$ false\n$ echo $?\n0\n$ printf '%s' \\\n> three\n```"
    true = (
        "```console\n$ echo one; echo two >&2\none\ntwo\n$ false\n$ echo $?\n1\n$ printf '%s' \\\n> three\nthree\n```"
    )
    assert run(said, tmp_path) == true


def test_python_shares_names_and_shows_what_it_prints(tmp_path: Path) -> None:
    """Python blocks of a document run in one namespace, and the text block after one is its output."""
    text = "```python\nx = 1\n```\n\n```python\nprint(x)\n```\n\n```text\n2\n```"
    assert run(text, tmp_path) == text.replace("2", "1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python\nprint(1)\n```", "has to show what Python prints"),
        ("```python\nprint(1)\n```\n```json\n{}\n```", "has to show what Python prints"),
        ("```text\n1\n```", "shows what the Python before it prints"),
        ("```fluo\nnever { a b }\n```", "E101"),
        ("```console\nno command\n```", "begins with a command"),
        ("```ipython\n1 / 0\n```", "ZeroDivisionError"),
        ("```ipython\n%load_ext fluo_logic\n```\n```ipython\n%%fluo x\nnever { a b }\n```", "E101"),
    ],
)
def test_wrong_blocks_are_refused(text: str, said: str, tmp_path: Path) -> None:
    """Output that is not shown, rules that are wrong, and blocks that say nothing are failures."""
    with pytest.raises(AssertionError, match=said):
        run(text, tmp_path)


@pytest.mark.parametrize("text", ["```json\n{]\n```", "```toml\na =\n```", "```python\nassert False\n```"])
def test_wrong_programs_and_files_are_refused(text: str, tmp_path: Path) -> None:
    """JSON, TOML and Python that are wrong are failures."""
    with pytest.raises((ValueError, AssertionError)):
        run(text, tmp_path)


def test_blocks_that_need_an_absent_recording_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the recording, what needs it is skipped, and so is the Python after it; the rest still runs."""
    (name,) = session.RECORDINGS
    monkeypatch.setattr(session, "OUTSIDE", tmp_path / "nowhere")
    console = f"```console\n$ cat {name}\nspans\n```\n"
    python = f"```python\nx = open('{name}')\n```\n```python\nprint(x)\n```\n```text\n7\n```\n"
    kept = console + python
    assert run(kept + "```console\n$ echo 1\n2\n```", tmp_path) == kept + "```console\n$ echo 1\n1\n```"


def test_a_block_can_save_itself(tmp_path: Path) -> None:
    """A block that names a file is that file for the commands after it."""
    text = "```json file=a.json\n[]\n```\n```console\n$ cat a.json\n[]\n```"
    assert run(text, tmp_path) == text


def test_what_varies_is_not_compared(tmp_path: Path) -> None:
    """Ids, times and durations of a block that varies stay as they are written; anything else that differs is told."""
    printed = "$ printf '%s' 'a 7e1fa09a 10:01:30.5 + 12.3 µs ====='"
    said = f"```console varies\n{printed}\na 0e1fa09b 11:00:00.1 + 2 ms ===\n```"
    wrong = said.replace("\na 0e", "\nb 0e")
    fresh = Session(tmp_path)
    assert fresh.run(said.splitlines()) == said.splitlines()
    assert fresh.run(wrong.splitlines()) != wrong.splitlines()


def test_saved_modules_can_be_imported(tmp_path: Path) -> None:
    """Python imports what an earlier block saved, and leaves no module behind."""
    text = "```python file=saved_here.py\nx = 1\n```\n\n```python\nfrom saved_here import x\n```"
    assert run(text, tmp_path) == text
    assert "saved_here" not in sys.modules


def test_headings_and_links_are_found() -> None:
    """Anchors are made as GitHub makes them; links in blocks and in code are none."""
    lines = ["# A `b`: c!", "[x](y.md#z) `[no](no.md)` [`fluo`](#f)", "```sh", "[no](no.md)", "# no", "```"]
    assert anchors(lines) == {"a-b-c"}
    assert list(links(lines)) == ["y.md#z", "#f"]
    assert len(list(blocks(lines))) == 1
