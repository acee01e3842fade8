"""A small editor: it speaks the protocol with a server in another process."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 120
"""Seconds after which something that should have come has not; no test waits that long on purpose."""


class Client:
    """Starts ``fluo lsp`` in a folder, sends messages, and keeps what comes back."""

    def __init__(self, folder: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FLUO_")}
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "fluo_logic.cli", "lsp", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self.number = 0
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.kept: list[dict[str, Any]] = []
        self.errors: list[bytes] = []
        self.threads = [threading.Thread(target=target, daemon=True) for target in (self._read, self._read_errors)]
        for thread in self.threads:
            thread.start()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()).strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not line:
                self.messages.put(None)
                return
            self.messages.put(json.loads(stream.read(length)))

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    def send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def notify(self, method: str, params: object) -> None:
        self.send({"method": method, "params": params})

    def request(self, method: str, params: object) -> Any:  # noqa: ANN401 - each method has its own result
        """Return the result of a request; fails where it has an error."""
        answer = self.answer(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    def answer(self, method: str, params: object) -> dict[str, Any]:
        self.number += 1
        number = self.number
        self.send({"id": number, "method": method, "params": params})
        return self.wait(lambda message: message.get("id") == number and "method" not in message)

    def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first message that is wanted, of those that came and were not taken yet, or else to come."""
        for index, message in enumerate(self.kept):
            if wanted(message):
                return self.kept.pop(index)
        while True:
            message_or_end = self.messages.get(timeout=PATIENCE)
            assert message_or_end is not None, b"".join(self.errors).decode()
            if wanted(message_or_end):
                return message_or_end
            self.kept.append(message_or_end)

    # --- the life of a server and of files ------------------------------------------------------------------------

    def initialize(self, folder: Path, options: object = None, **capabilities: object) -> dict[str, Any]:
        result: dict[str, Any] = self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": folder.as_uri(),
                "capabilities": capabilities,
                "initializationOptions": options,
            },
        )
        self.notify("initialized", {})
        return result

    def leave(self) -> int:
        """Shut the server down; return its exit status."""
        assert self.request("shutdown", None) is None
        self.notify("exit", None)
        return self.end()

    def end(self) -> int:
        """Wait for the process and for all that it wrote."""
        status = self.process.wait(PATIENCE)
        for thread in self.threads:
            thread.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status

    def open(self, uri: str, text: str, version: int = 1) -> list[dict[str, Any]]:
        """Open a file; return what is wrong with it."""
        item = {"uri": uri, "languageId": "fluo", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return self.diagnostics(uri, version)

    def change(self, uri: str, text: str, version: int) -> None:
        identity = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": identity, "contentChanges": [{"text": text}]})

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def diagnostics(self, uri: str, version: int | None) -> list[dict[str, Any]]:
        """Wait for what is wrong with one version of a file."""

        def wanted(message: dict[str, Any]) -> bool:
            params = message.get("params", {})
            return (
                message.get("method") == "textDocument/publishDiagnostics"
                and params["uri"] == uri
                and params.get("version") == version
            )

        found: list[dict[str, Any]] = self.wait(wanted)["params"]["diagnostics"]
        return found

    def logged(self, part: str) -> str:
        """Wait for a message in the log that has this part."""
        message = self.wait(
            lambda message: message.get("method") == "window/logMessage" and part in message["params"]["message"]
        )
        return str(message["params"]["message"])

    def at(self, method: str, uri: str, line: int, character: int, **more: object) -> Any:  # noqa: ANN401 - likewise
        """Return the result of a request about a place in a file."""
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return self.request(f"textDocument/{method}", {**place, **more})
