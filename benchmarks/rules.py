"""The rules of the benchmarks of scale: ten, of which two join spans, and more of the kinds that are fused."""

from __future__ import annotations

from typing import Final

TEN: Final = """\
rule root-first { when { http.request as $r } always { $r.span:root } }
rule authorized { when { admin.action } always { auth.check } }
rule tenant-once { always { count(tenant.context_loaded) == 1 } }
rule no-errors { never { *.where(span:status == error) } }
rule amount { never { payment.charge.where(amount > 500) } }
rule reserved {
  when { payment.charge as $c }
  always { inventory.reserve.where(reservation.id == $c.reservation.id) before $c }
}
rule few-queries { always { count(database.query) <= 20 } }
rule slow-query { never { database.query.where(span:duration > 5s) } }
rule audited { when { admin.action as $a } always { audit.log.where(action == $a.action) after $a } }
rule confirmed { when { payment.charge } always { inventory.reserve.where(confirmed) } }
"""
"""Only ``audited`` is violated, once for each violation that the generator plants."""
SINGLE: Final = "rule no-errors { never { *.where(span:status == error) } }\n"
MORE: Final = (
    'rule more-{number} {{ when {{ admin.action }} always {{ database.query.where(table != "none-{number}") }} }}',
    "rule more-{number} {{ never {{ payment.charge.where(amount > {limit}) }} }}",
    'rule more-{number} {{ always {{ count(mail.send.where(template != "t-{number}")) <= {number} }} }}',
    "rule more-{number} {{ never {{ cache.get.where(span:duration > {limit}s) }} }}",
    "rule more-{number} {{ never {{ missing.step-{number} }} }}",
)


def rules(count: int) -> str:
    """Return so many rules: one, or the ten and more of existence, counts and boundaries."""
    if count == 1:
        return SINGLE
    numbers = range(1, count - TEN.count("rule ") + 1)
    more = [MORE[number % len(MORE)].format(number=number, limit=1000 + number) for number in numbers]
    return TEN + "\n".join(more) + "\n"
