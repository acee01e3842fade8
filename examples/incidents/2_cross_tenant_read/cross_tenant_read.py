"""Incident 2: a patient record system for many clinics, and its bulk export.

The broken variant's export writes its own query and leaves out the tenant condition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from opentelemetry.trace import SpanKind

if TYPE_CHECKING:
    from common import Service, World
    from opentelemetry.util.types import AttributeValue

TENANTS: Final = {"clinic-aspen": 4, "clinic-birch": 7, "clinic-cedar": 5, "clinic-dogwood": 3}
PATIENTS: Final = "patient_records"
APPOINTMENTS: Final = "appointments"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: whose it is, and its key."""

    tenant_id: str
    key: str


class Database:
    """Tables in memory with equality queries; each query is a span."""

    def __init__(self, service: Service, tables: Mapping[str, Sequence[Row]]) -> None:
        """``tables`` maps a table's name to its rows."""
        self._service = service
        self._tables = tables

    def select(self, session: Session, table: str, *, tenant_id: str | None = None) -> list[Row]:
        """Return the rows of ``table``, only those of ``tenant_id`` where one is given."""
        attributes: dict[str, AttributeValue] = {
            "table": table, "db.operation.name": "SELECT", "tenant.id": session.tenant_id,
            "tenant_filter": tenant_id is not None,
        }  # fmt: skip
        with self._service.span("database.query", attributes, kind=SpanKind.CLIENT) as span:
            rows = [row for row in self._tables[table] if tenant_id is None or row.tenant_id == tenant_id]
            self._service.clock.spend(2 + len(rows) / 4)
            span.set_attribute("db.response.returned_rows", len(rows))
            return rows


@dataclass(frozen=True, slots=True)
class Session:
    """The tenant on whose behalf the current work is done."""

    tenant_id: str


class Repository:
    """The usual way to the tables: it adds the tenant condition by itself."""

    def __init__(self, database: Database, session: Session) -> None:
        """All reads are for ``session``'s tenant."""
        self._database = database
        self._session = session

    def all(self, table: str) -> list[Row]:
        """Return the tenant's rows of ``table``."""
        return self._database.select(self._session, table, tenant_id=self._session.tenant_id)


class Export(Protocol):
    """How the bulk export collects patients."""

    def patients(self, database: Database, session: Session) -> list[Row]:
        """Return the patients to put into the file."""


class RepositoryExport:
    """Reads through the repository."""

    def patients(self, database: Database, session: Session) -> list[Row]:
        """Return the patients of the session's tenant."""
        return Repository(database, session).all(PATIENTS)


class HandWrittenExport:
    """Reads with a query of its own that has no tenant condition: the bug."""

    def patients(self, database: Database, session: Session) -> list[Row]:
        """Return every patient there is."""
        return database.select(session, PATIENTS)


class RecordsApi:
    """The endpoints of the service, and its nightly job."""

    def __init__(self, service: Service, database: Database, export: Export) -> None:
        """``export`` decides how bulk exports read."""
        self._service = service
        self._database = database
        self._export = export

    def list_patients(self, tenant_id: str) -> list[Row]:
        """Handle the patient list."""
        with self._service.span("GET /patients", kind=SpanKind.SERVER):
            return Repository(self._database, self._load_tenant(tenant_id)).all(PATIENTS)

    def list_appointments(self, tenant_id: str) -> list[Row]:
        """Handle the calendar, which touches no patient record."""
        with self._service.span("GET /appointments", kind=SpanKind.SERVER):
            return Repository(self._database, self._load_tenant(tenant_id)).all(APPOINTMENTS)

    def export(self, tenant_id: str, *, with_summary: bool) -> list[Row]:
        """Handle a bulk export; the summary on its first page counts the tenant's patients."""
        with self._service.span("POST /patients/export", kind=SpanKind.SERVER):
            return self._export_one(tenant_id, with_summary=with_summary)

    def nightly_exports(self, tenant_ids: Sequence[str]) -> None:
        """Export several tenants one after another, in one trace."""
        with self._service.span("nightly.exports"):
            for tenant_id in tenant_ids:
                with self._service.span("nightly.export", {"job.tenant": tenant_id}):
                    self._export_one(tenant_id, with_summary=False)

    def _export_one(self, tenant_id: str, *, with_summary: bool) -> list[Row]:
        session = self._load_tenant(tenant_id)
        if with_summary:
            Repository(self._database, session).all(PATIENTS)
        return self._export.patients(self._database, session)

    def _load_tenant(self, tenant_id: str) -> Session:
        with self._service.span("tenant.context_loaded", {"tenant.id": tenant_id}):
            self._service.clock.spend(1)
            return Session(tenant_id)


def run(world: World, *, broken: bool) -> None:
    """Four clinics use the service for a day; two of them export, and the nightly job exports two others."""
    service = world.service("records-api")
    tables = {
        PATIENTS: [Row(tenant, f"patient-{tenant}-{n}") for tenant, size in TENANTS.items() for n in range(size)],
        APPOINTMENTS: [Row(tenant, f"visit-{tenant}-{n}") for tenant, size in TENANTS.items() for n in range(size * 2)],
    }
    export: Export = HandWrittenExport() if broken else RepositoryExport()
    api = RecordsApi(service, Database(service, tables), export)
    for tenant in TENANTS:
        api.list_patients(tenant)
        world.clock.spend(40_000)
        api.list_appointments(tenant)
        world.clock.spend(40_000)
    api.export("clinic-aspen", with_summary=False)
    world.clock.spend(600_000)
    api.export("clinic-birch", with_summary=True)
    world.clock.spend(600_000)
    api.nightly_exports(["clinic-cedar", "clinic-dogwood"])
