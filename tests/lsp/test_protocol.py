"""The server as an editor meets it: another process, messages over standard input and output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client

RULE = """\
rule retries "Retries reuse one intent" {
  severity high
  display "attempt {$p.attempt}"
  when { payment.charge.where(attempt > 1) as $p }
  always { count(distinct payment.charge.intent) == 1 }
  example violated "x" { payment.charge(attempt: 2) @ 0s .. 1s }
  example satisfied "y" { payment.charge(attempt: 1) @ 0s .. 1s }
}
"""
CAPABILITIES = {
    "textDocument": {
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "completion": {"completionItem": {"snippetSupport": True}},
    }
}
ERROR = 1
METHOD_NOT_FOUND = -32601


def traces(*names: str, **attributes: str) -> str:
    """Return an OTLP/JSON document with spans of these names, all with the same attributes."""
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    spans = [
        {"traceId": f"{1:032x}", "spanId": f"{number:016x}", "name": name, "attributes": pairs}
        for number, name in enumerate(names, 1)
    ]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace whose configuration names one trace file."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "fluo.toml").write_text('traces = ["recorded.json"]\n')
    (folder / "recorded.json").write_text(traces("payment.charge", "GET /cart", channel="web"))
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    """Return an editor with a server that has read the traces; at the end it leaves as the protocol wants."""
    client = Client(folder)
    client.initialize(folder, **CAPABILITIES)
    assert client.logged("spans of") == "2 spans of 2 names in 1 trace files"
    yield client
    assert client.leave() == 0
    assert b"".join(client.errors) == b""


@pytest.fixture
def uri(folder: Path, request: pytest.FixtureRequest) -> str:
    """Return the URI of a file that only one test has open."""
    return (folder / f"{request.node.name}.fluo").as_uri()


def codes(found: list[dict[str, Any]]) -> list[str]:
    return [item["code"] for item in found if item["severity"] == ERROR]


def labels(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["label"]: item for item in found["items"]}


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """Return a text (of plain ASCII lines) with edits made, the last first."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def offset(position: dict[str, int]) -> int:
        return starts[position["line"]] + position["character"]

    for edit in sorted(edits, key=lambda edit: -offset(edit["range"]["start"])):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    return text


def test_capabilities(folder: Path) -> None:
    """The server says what it can do, counts positions in UTF-16 unless asked otherwise, and ends with status 0."""
    client = Client(folder)
    result = client.initialize(folder)
    assert result["serverInfo"]["name"] == "fluo"
    able = result["capabilities"]
    assert able["positionEncoding"] == "utf-16"
    wanted = ("hover", "completion", "documentFormatting", "documentSymbol", "definition", "codeAction")
    assert [name for name in wanted if not able.get(f"{name}Provider")] == []
    assert client.leave() == 0


def test_an_editor_that_just_goes_away(folder: Path) -> None:
    """A closed input ends the server with status 1, without a traceback."""
    client = Client(folder)
    client.initialize(folder)
    assert client.process.stdin is not None
    client.process.stdin.close()
    assert client.end() == 1
    assert b"Traceback" not in b"".join(client.errors)


def test_a_message_that_is_none(folder: Path) -> None:
    """A message that cannot be read is passed over, and so is one of a method that nobody knows."""
    client = Client(folder)
    client.initialize(folder)
    client.send_bytes(b"Content-Length: 5\r\n\r\n{nope")
    client.notify("$/unheardOf", {})
    assert client.answer("textDocument/unheardOf", {})["error"]["code"] == METHOD_NOT_FOUND
    assert client.open((folder / "after.fluo").as_uri(), RULE) == []
    assert client.leave() == 0


def test_diagnostics_appear_and_vanish(client: Client, uri: str) -> None:
    """A mistake is told with place, code and hint when a file is opened; correcting it takes it back."""
    (found,) = client.open(uri, RULE.replace("severity high", "severity hihg"))
    assert found["code"] == "E123"
    assert found["message"] == "`hihg` is not a severity\nhint: did you mean `high`?"
    assert found["range"] == {"start": {"line": 1, "character": 11}, "end": {"line": 1, "character": 15}}
    assert found["source"] == "fluo"
    client.change(uri, RULE, 2)
    assert client.diagnostics(uri, 2) == []
    client.change(uri, RULE + "}", 3)
    assert codes(client.diagnostics(uri, 3)) == ["E112"]
    client.close(uri)
    assert client.diagnostics(uri, None) == []


def test_only_the_last_of_many_changes_is_checked(client: Client, uri: str) -> None:
    """While a text goes on changing, nothing is published of the versions between."""
    client.open(uri, RULE)
    for version in range(2, 12):
        client.change(uri, RULE + "x" * version, version)
    client.change(uri, RULE, 12)
    assert client.diagnostics(uri, 12) == []
    published = [
        message["params"]["version"]
        for message in client.kept
        if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri
    ]
    assert sorted(published) == published
    assert len(published) < 10


def test_findings_of_lint_are_told(client: Client, uri: str) -> None:
    """A rule that is right and may not mean what it says has a warning."""
    found = client.open(uri, RULE.replace("attempt > 1)", "attempt > 1 and id == p.id)"))
    assert [(item["code"], item["severity"]) for item in found if item["severity"] <= 2] == [("L102", 2)]


def test_columns_count_utf16(client: Client, uri: str) -> None:
    """Characters beyond the basic plane count as two, in diagnostics, hover, completion and edits."""
    (found,) = client.open(uri, 'never { "😀😀".where(x == 30s) and "é" }')
    assert found["code"] == "E302"
    assert found["range"]["start"] == {"line": 0, "character": 21}
    assert found["range"]["end"] == {"line": 0, "character": 29}
    text = 'rule a "😀" { when { "😀" as $p } always { $p.x and contains } }'
    client.change(uri, text, 2)
    client.diagnostics(uri, 2)
    column = len(text[: text.index("$p.x") + 3].encode("utf-16-le")) // 2
    item = labels(client.at("completion", uri, 0, column))["channel"]
    assert item["textEdit"]["range"]["start"]["character"] == column - 1
    assert client.at("definition", uri, 0, column - 1)[0]["range"]["start"]["character"] == 29


def test_positions_in_utf8_where_asked(folder: Path) -> None:
    """An editor that counts bytes is answered in bytes."""
    client = Client(folder)
    result = client.initialize(folder, general={"positionEncodings": ["utf-8"]})
    assert result["capabilities"]["positionEncoding"] == "utf-8"
    (found,) = client.open((folder / "bytes.fluo").as_uri(), 'never { "😀é".where(x == 30s) }')
    assert found["range"]["start"]["character"] == 23
    assert client.leave() == 0


def test_hover_reads_a_rule_out(client: Client, uri: str) -> None:
    """Hovering over a rule tells what it asks; over a variable, also which span it is."""
    client.open(uri, RULE)
    said = (
        "For every trace: whenever there is a span payment.charge (call it $p) whose attempt is more than 1, "
        "the number of different values of intent on spans payment.charge must be 1."
    )
    assert client.at("hover", uri, 0, 7)["contents"] == {"kind": "plaintext", "value": said}
    value = client.at("hover", uri, 3, 48)["contents"]["value"]
    assert value == f"$p: a span payment.charge (call it $p) whose attempt is more than 1\n\n{said}"


@pytest.mark.parametrize(
    ("line", "character", "begins"),
    [
        (1, 3, "severity: how bad"),
        (1, 12, "high: the second"),
        (3, 3, "when: what the rule is about"),
        (3, 38, ">: more than"),
        (4, 12, "count: the number"),
        (4, 20, "distinct: counts"),
        (5, 4, "example: traces"),
        (5, 13, "violated: an obligation"),
    ],
)
def test_hover_explains_words(client: Client, uri: str, line: int, character: int, begins: str) -> None:
    """A word of the language has one line of help."""
    client.open(uri, RULE)
    text = client.at("hover", uri, line, character)["contents"]["value"]
    assert text.startswith(begins)
    assert "\n" not in text


def test_hover_has_nothing_to_say_of_nothing(client: Client, uri: str) -> None:
    """White space, spans of examples, places beyond the end and files that are not open have no hover."""
    client.open(uri, RULE)
    assert client.at("hover", uri, 7, 1) is not None
    assert client.at("hover", uri, 5, 28) is None
    assert client.at("hover", uri, 999, 999) is None
    assert client.at("hover", f"{uri}.unknown", 0, 0) is None


def test_completion_offers_words_and_recorded_names(client: Client, uri: str) -> None:
    """Words of the language come by place; spans and attributes come from the traces that fluo.toml names."""
    text = "rule a {\n  \n  when { pay }\n  always { payment.charge.where( }\n}"
    client.open(uri, text)
    header = labels(client.at("completion", uri, 1, 2))
    assert {"severity", "across traces by"} <= set(header)
    spans = labels(client.at("completion", uri, 2, 12))
    assert spans["payment.charge"]["textEdit"]["newText"] == "payment.charge"
    assert "GET /cart" not in spans
    attributes = labels(client.at("completion", uri, 3, 32))
    assert {"channel", "span:duration", "exists"} <= set(attributes)
    assert attributes["exists"]["textEdit"]["newText"] == "exists($0)"
    assert "payment.charge" not in attributes


def test_completion_closes_no_quote_twice(client: Client, uri: str) -> None:
    """Where the editor has closed a quote already, the entry replaces both quotes."""
    client.open(uri, 'never { "GET" }')
    item = labels(client.at("completion", uri, 0, 12))["GET /cart"]
    assert item["textEdit"]["newText"] == '"GET /cart"'
    assert item["textEdit"]["range"]["start"]["character"] == 8
    assert item["textEdit"]["range"]["end"]["character"] == 13


def test_traces_are_a_setting(client: Client, folder: Path, uri: str) -> None:
    """The editor may name other traces, and a file that changes is read again."""
    other = folder / "other.json"
    other.write_text(traces("inventory.reserve", warehouse="north"))
    client.notify("workspace/didChangeConfiguration", {"settings": {"fluo": {"traces": [str(other)]}}})
    client.logged("1 spans of 1 names")
    client.open(uri, "never { inventory.reserve.where( }")
    assert "warehouse" in labels(client.at("completion", uri, 0, 32))
    other.write_text(traces("inventory.reserve", "inventory.release", aisle="7"))
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": other.as_uri(), "type": 2}]})
    client.logged("2 spans of 2 names")
    assert "aisle" in labels(client.at("completion", uri, 0, 32))
    client.notify("workspace/didChangeConfiguration", {"settings": {"fluo": {"traces": ["recorded.json"]}}})
    client.logged("2 spans of 2 names in 1 trace files")


def test_formatting(client: Client, uri: str) -> None:
    """Formatting gives a file its canonical layout, comments kept, and has nothing to do the second time."""
    messy = RULE.replace("  severity", "\n\n severity").replace("when { ", "when{// why\n")
    client.open(uri, messy)
    options = {"textDocument": {"uri": uri}, "options": {"tabSize": 2, "insertSpaces": True}}
    neat = applied(messy, client.request("textDocument/formatting", options))
    assert neat != messy
    assert "// why" in neat
    client.change(uri, neat, 2)
    assert codes(client.diagnostics(uri, 2)) == []
    assert client.request("textDocument/formatting", options) == []


def test_a_file_with_errors_is_not_formatted(client: Client, uri: str) -> None:
    """Formatting leaves a file with errors alone, and the log says why."""
    client.open(uri, "rule   a { never{a and} }")
    options = {"textDocument": {"uri": uri}, "options": {"tabSize": 2, "insertSpaces": True}}
    assert client.request("textDocument/formatting", options) is None
    assert "1 error" in client.logged("its layout is left alone")


def test_outline(client: Client, uri: str) -> None:
    """The outline holds rules with their blocks and examples, also of a file with errors."""
    client.open(uri, RULE + "rule broken {\n  when { a before }\n")
    first, second = client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert (first["name"], first["detail"]) == ("retries", "Retries reuse one intent")
    assert [child["name"] for child in first["children"]] == ["when", "always", "x", "y"]
    assert first["range"]["end"] == {"line": 7, "character": 1}
    assert (second["name"], [child["name"] for child in second["children"]]) == ("broken", ["when"])


def test_definition_of_a_variable(client: Client, uri: str) -> None:
    """A variable leads to where it is bound in its own rule, also from the sentence before it."""
    client.open(uri, RULE + RULE.replace("retries", "others"))
    for line, bound in ((2, 3), (10, 11)):
        (place,) = client.at("definition", uri, line, 20)
        assert place["range"] == {"start": {"line": bound, "character": 46}, "end": {"line": bound, "character": 48}}
    assert client.at("definition", uri, 4, 5) == []


def test_hints_that_spell_a_correction_are_offered(client: Client, uri: str) -> None:
    """A quick fix makes the mistake vanish; a hint that spells no correction offers none."""
    text = "never { a.where(span:kind == SERVER and x == '3') } never { b.where(span:duration > 30) }"
    client.open(uri, text)
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    params = {"textDocument": {"uri": uri}, "range": everything, "context": {"diagnostics": []}}
    actions = client.request("textDocument/codeAction", params)
    assert {action["title"]: action["isPreferred"] for action in actions} == {
        "Replace by `server`": True,
        'Replace by `"3"`': False,
    }
    for number, action in enumerate(actions, 2):
        client.change(uri, applied(text, action["edit"]["changes"][uri]), number)
        assert len(codes(client.diagnostics(uri, number))) == 2


def test_unknown_files_and_methods_do_no_harm(client: Client, uri: str) -> None:
    """Requests about files that are not open have no result, and methods that do not exist an error."""
    for method in ("completion", "definition"):
        assert client.at(method, uri, 0, 0) is None
    assert client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}}) is None
    options = {"textDocument": {"uri": uri}, "options": {"tabSize": 2, "insertSpaces": True}}
    assert client.request("textDocument/formatting", options) is None
    client.close(uri)


def test_only_rules_are_checked(client: Client, folder: Path) -> None:
    """A text of another language is left alone; one that says it is of this language needs no file."""
    other = (folder / "notes.txt").as_uri()
    item = {"uri": other, "languageId": "plaintext", "version": 1, "text": "never {"}
    client.notify("textDocument/didOpen", {"textDocument": item})
    client.change(other, "always {", 2)
    assert client.at("hover", other, 0, 1) is None
    client.close(other)
    assert codes(client.open("untitled:Untitled-1", "never { a and }")) == ["E101"]
    client.close("untitled:Untitled-1")
    client.diagnostics("untitled:Untitled-1", None)
    assert not any(message.get("params", {}).get("uri") == other for message in client.kept)


def test_a_file_that_is_too_long(client: Client, uri: str) -> None:
    """A text beyond the limit of rule files is told to be so, and still answers."""
    text = RULE + "// x\n" * 250_000
    assert codes(client.open(uri, text)) == ["E505"]
    assert client.at("hover", uri, 0, 7) is None
    assert "tags" in labels(client.at("completion", uri, 1, 2))
    client.close(uri)
