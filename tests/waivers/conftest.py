"""The command line on the rules and traces of its own tests."""

from tests.cli.conftest import fluo, folder

__all__ = ["fluo", "folder"]
