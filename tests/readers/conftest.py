"""The command line, as the tests of the other verbs run it."""

from tests.tooling.conftest import files, fluo, folder

__all__ = ["files", "fluo", "folder"]
