"""Incident 3: the administration console of a lender, and the audit service it reports to.

The broken variant's bulk deactivation never calls the audit service.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from opentelemetry.trace import SpanKind

if TYPE_CHECKING:
    from common import Service, World
    from opentelemetry.util.types import AttributeValue

COMPLIANCE: Final = {"compliance.framework": "SOC2", "compliance.control": "CC7.2"}


@dataclass(slots=True)
class User:
    """An account of a customer."""

    id: str
    active: bool = True
    key_version: int = 1


@dataclass(slots=True)
class Accounts:
    """The account store."""

    users: dict[str, User] = field(default_factory=dict)

    def deactivate(self, user_ids: Sequence[str]) -> None:
        """Close the accounts."""
        for user_id in user_ids:
            self.users[user_id].active = False

    def rotate_keys(self, user_ids: Sequence[str]) -> None:
        """Give the accounts new API keys."""
        for user_id in user_ids:
            self.users[user_id].key_version += 1


class AuditService:
    """Keeps who did what to whom."""

    def __init__(self, service: Service) -> None:
        """Begin with an empty log."""
        self._service = service
        self.entries: list[tuple[str, str, tuple[str, ...]]] = []

    def record(self, admin_id: str, action: str, user_ids: Sequence[str]) -> None:
        """Append one entry."""
        attributes: dict[str, AttributeValue] = {
            "admin.id": admin_id,
            "action": action,
            "affected_users": list(user_ids),
            **COMPLIANCE,
        }
        with self._service.span("audit.log", attributes, kind=SpanKind.SERVER):
            self._service.clock.spend(3)
            self.entries.append((admin_id, action, tuple(user_ids)))


class ActionRunner:
    """Runs administrative actions: first the work, then its audit log."""

    def __init__(self, service: Service, audit: AuditService) -> None:
        """``audit`` gets an entry for each action that is run with `audited`."""
        self._service = service
        self._audit = audit

    def audited(
        self, admin_id: str, action: str, user_ids: Sequence[str], work: Callable[[Sequence[str]], None]
    ) -> None:
        """Do the work and log it."""
        self.unaudited(admin_id, action, user_ids, work)
        self._audit.record(admin_id, action, user_ids)

    def unaudited(
        self, admin_id: str, action: str, user_ids: Sequence[str], work: Callable[[Sequence[str]], None]
    ) -> None:
        """Do the work alone; for callers that log by themselves."""
        attributes: dict[str, AttributeValue] = {
            "admin.id": admin_id,
            "action": action,
            "user_count": len(user_ids),
            **COMPLIANCE,
        }
        with self._service.span("admin.action", attributes):
            self._service.clock.spend(5 + len(user_ids))
            work(user_ids)


class BulkTool(Protocol):
    """The tool that deactivates many users at once."""

    def deactivate(self, admin_id: str, user_ids: Sequence[str]) -> None:
        """Deactivate all of ``user_ids``."""


@dataclass(frozen=True, slots=True)
class AuditedBulkTool:
    """Deactivates and logs."""

    runner: ActionRunner
    accounts: Accounts

    def deactivate(self, admin_id: str, user_ids: Sequence[str]) -> None:
        """Deactivate all of ``user_ids`` and log it once."""
        self.runner.audited(admin_id, "bulk_deactivate", user_ids, self.accounts.deactivate)


@dataclass(frozen=True, slots=True)
class CopiedBulkTool:
    """Deactivates the way a self-service page would, without a log: the bug."""

    runner: ActionRunner
    accounts: Accounts

    def deactivate(self, admin_id: str, user_ids: Sequence[str]) -> None:
        """Deactivate all of ``user_ids``."""
        self.runner.unaudited(admin_id, "bulk_deactivate", user_ids, self.accounts.deactivate)


class AdminConsole:
    """The pages that administrators use; each request is a trace."""

    def __init__(self, service: Service, runner: ActionRunner, accounts: Accounts, bulk: BulkTool) -> None:
        """``bulk`` is the tool behind the page for many users."""
        self._service = service
        self._runner = runner
        self._accounts = accounts
        self._bulk = bulk

    def suspend(self, admin_id: str, user_id: str) -> None:
        """Suspend one user."""
        with self._service.span("POST /admin/suspend", kind=SpanKind.SERVER):
            self._runner.audited(admin_id, "suspend_user", [user_id], self._accounts.deactivate)

    def rotate_keys(self, admin_id: str, user_ids: Sequence[str]) -> None:
        """Give each user new keys, one action a user."""
        with self._service.span("POST /admin/rotate-keys", kind=SpanKind.SERVER):
            for user_id in user_ids:
                self._runner.audited(admin_id, "rotate_keys", [user_id], self._accounts.rotate_keys)

    def bulk_deactivate(self, admin_id: str, user_ids: Sequence[str]) -> None:
        """Deactivate many users."""
        with self._service.span("POST /admin/bulk-deactivate", kind=SpanKind.SERVER):
            self._bulk.deactivate(admin_id, user_ids)

    def offboard(self, admin_id: str, user_ids: Sequence[str]) -> None:
        """Close the accounts of a customer that leaves: new keys, so that old ones die, then deactivation."""
        with self._service.span("POST /admin/offboard", kind=SpanKind.SERVER):
            self._runner.audited(admin_id, "rotate_keys", user_ids, self._accounts.rotate_keys)
            self._bulk.deactivate(admin_id, user_ids)


def run(world: World, *, broken: bool) -> None:
    """Two administrators work through a morning of requests."""
    accounts = Accounts({f"user-{n:02}": User(f"user-{n:02}") for n in range(1, 31)})
    service = world.service("admin-console")
    runner = ActionRunner(service, AuditService(world.service("audit-service")))
    tool = CopiedBulkTool(runner, accounts) if broken else AuditedBulkTool(runner, accounts)
    console = AdminConsole(service, runner, accounts, tool)
    users = sorted(accounts.users)
    for number, user_id in enumerate(users[:4]):
        console.suspend(f"admin-{number % 2 + 1}", user_id)
        world.clock.spend(90_000)
    console.rotate_keys("admin-1", users[4:7])
    world.clock.spend(90_000)
    for first in (7, 12, 17):
        console.bulk_deactivate("admin-2", users[first : first + 5])
        world.clock.spend(300_000)
    console.offboard("admin-1", users[22:26])
    world.clock.spend(300_000)
    console.offboard("admin-2", users[26:30])
