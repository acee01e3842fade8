"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

pytest.importorskip("opentelemetry.sdk", reason="needs the pytest extra")

RULES: Final = """
rule approved "A refund is approved first" {
  display "{$r.order.id} was refunded without an approval"
  when   { refund.process as $r }
  always { human.approval.where(order.id == $r.order.id) before $r }
}
rule lone { when { somewhere.else } never { refund.process } }
"""
SHOP: Final = """
from opentelemetry import trace

def refund(order, approved=False, tracer=trace.get_tracer("shop")):
    with tracer.start_as_current_span("ticket"):
        if approved:
            with tracer.start_as_current_span("human.approval", attributes={"order.id": order}):
                pass
        with tracer.start_as_current_span("refund.process", attributes={"order.id": order}):
            pass
"""


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with an instrumented function and rules for it."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in ("OTEL_SDK_DISABLED", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(shop=SHOP)
    pytester.mkdir("rules").joinpath("shop.fluo").write_text(RULES, encoding="utf-8")
    return pytester


def run(shop: pytest.Pytester, *words: str, **files: str) -> tuple[pytest.RunResult, str]:
    """Run pytest on the files; return its result and all that it printed."""
    if files:
        shop.makepyfile(**files)
    result = shop.runpytest_subprocess("-p", "no:cacheprovider", *words)
    return result, result.stdout.str() + result.stderr.str()


def test_a_violation_fails_the_test_with_its_proof(shop: pytest.Pytester) -> None:
    """What pytest shows of a violation is the proof, without a line of the plugin; a test that keeps rules passes."""
    result, said = run(
        shop,
        test_shop="""
        import pytest
        from shop import refund

        pytestmark = pytest.mark.invariants("rules/shop.fluo")

        def test_broken():
            refund("A-1")

        def test_fixed():
            refund("A-1", approved=True)
        """,
    )
    result.assert_outcomes(failed=1, passed=1)
    assert "✗ A-1 was refunded without an approval" in said
    assert "none among 2 spans: no span is named human.approval" in said
    assert "FAILED test_shop.py::test_broken - approved: A-1 was refunded" in said
    assert "integrations" not in said
    assert "Traceback" not in said
    assert "invariants: 2 rules on 5 spans of 2 tests; in no test had they anything to check: lone" in said


def test_a_test_without_spans_says_so(shop: pytest.Pytester) -> None:
    """A marked test that makes no span fails and tells what may be why, unless it need not make any."""
    result, said = run(
        shop,
        test_shop="""
        import pytest

        @pytest.mark.invariants("rules/shop.fluo")
        def test_nothing():
            pass

        @pytest.mark.invariants("rules/shop.fluo", allow_empty=True)
        def test_may_be_nothing():
            pass
        """,
    )
    result.assert_outcomes(failed=1, passed=1)
    assert "the test made no span, so 2 rules had nothing to check" in said
    assert "opentelemetry.sdk.trace.TracerProvider" in said


def test_wrong_rules_fail_the_collection(shop: pytest.Pytester) -> None:
    """Markers with wrong rules, packs, ids or keywords are told when the file is collected, each in fluo's words."""
    shop.path.joinpath("rules/wrong.fluo").write_text("rule a { when { a as p } always { b } }", encoding="utf-8")
    result, said = run(
        shop,
        test_good="def test_other(): pass",
        test_class="""
        import pytest

        @pytest.mark.invariants("pack:case-studie")
        class TestPack:
            def test_pack(self): pass
        """,
        test_wrong="""
        import pytest

        @pytest.mark.invariants("rules/wrong.fluo")
        def test_rule(): pass

        @pytest.mark.invariants("rules/shop.fluo", allow_emty=True)
        def test_keyword(): pass

        @pytest.mark.invariants("rules/shop.fluo", active="aproved")
        def test_id(): pass

        @pytest.mark.invariants
        def test_no_rules(): pass

        @pytest.mark.invariants("rules/shop.fluo", fail_on="hihg")
        def test_severity(): pass
        """,
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    for told in (
        "error[E118]: a variable begins with `$`",
        "rules/wrong.fluo:1:22",
        "did you mean `pack:case-studies`?",
        "did you mean `allow_empty`?",
        "did you mean `approved`?",
        "names no rules",
        "did you mean `high`?",
    ):
        assert told in said
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said


def test_rules_for_every_test(shop: pytest.Pytester) -> None:
    """--fluo-rules and the setting `fluo_rules` check every test that makes spans; the option goes first."""
    test = """
        from shop import refund

        def test_broken(): refund("A-1")
        def test_fixed(): refund("A-1", approved=True)
        def test_without_spans(): pass
        """
    result, said = run(shop, "--fluo-rules", "rules", test_shop=test)
    result.assert_outcomes(failed=1, passed=2)
    assert "2 rules on 5 spans of 2 tests" in said
    shop.makeini("[pytest]\nfluo_rules = rules/shop.fluo\n")
    run(shop)[0].assert_outcomes(failed=1, passed=2)
    result, said = run(shop, "--fluo-rules", "rules/none.fluo")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "error[E501]: the rule file `rules/none.fluo` does not exist" in said
    assert "Traceback" not in said


def test_rules_that_have_to_be_active(shop: pytest.Pytester) -> None:
    """A rule that had nothing to check fails the tests that require it, and only those."""
    result, said = run(
        shop,
        test_shop="""
        import pytest
        from shop import refund

        @pytest.mark.invariants("rules/shop.fluo", active=True)
        def test_all(): refund("A-1", approved=True)

        @pytest.mark.invariants("rules/shop.fluo", active="approved")
        def test_one(): refund("A-1", approved=True)

        def test_checked(fluo):
            refund("A-1", approved=True)
            fluo.require("rules/shop.fluo")
            fluo.require_active("approved")

        def test_checked_in_vain(fluo):
            refund("A-1", approved=True)
            fluo.require("rules/shop.fluo")
            fluo.require_active()

        def test_mistyped(fluo):
            refund("A-1", approved=True)
            fluo.require("rules/shop.fluo")
            fluo.require_active("aproved")
        """,
    )
    result.assert_outcomes(failed=3, passed=2)
    assert said.count("1 rule had nothing to check in this test: lone") >= 2
    assert "its 3 spans: human.approval, refund.process, ticket" in said
    assert "did you mean `approved`?" in said


def test_the_fixture(shop: pytest.Pytester) -> None:
    """The fixture gives the spans, checks them at any time, and forgets them on request."""
    result, said = run(
        shop,
        test_shop="""
        import fluo_logic as fl
        import pytest
        from opentelemetry.sdk.trace import TracerProvider
        from shop import refund

        def test_by_hand(fluo):
            refund("A-1")
            assert [span.name for span in fluo.spans] == ["refund.process", "ticket"]
            report = fluo.check("rules/shop.fluo")
            assert [violation.rule for violation in report.violated] == ["approved"]
            fluo.clear()
            assert fluo.spans == ()
            refund("A-1", approved=True)
            assert fluo.require("rules/shop.fluo", fl.rule("never { human.approval.where(order.id == B) }")).ok

        def test_own_provider(fluo):
            provider = TracerProvider()
            fluo.record(provider)
            fluo.record(provider)
            refund("A-2", tracer=provider.get_tracer("own"))
            refund("A-3", tracer=fluo.tracer())
            assert len(fluo.spans) == 4

        def test_open_span(fluo):
            span = fluo.tracer().start_span("job")
            assert not fluo.wait(0)
            assert not fluo.check(fl.rule("never { job }")).ok
            span.end()
            assert fluo.wait(0)

        def test_no_rules(fluo):
            with pytest.raises(fl.ConfigError, match="no rules"):
                fluo.check()

        def test_require(fluo):
            refund("A-4")
            fluo.require("rules/shop.fluo")
        """,
    )
    result.assert_outcomes(failed=1, passed=4)
    assert 'fluo.require("rules/shop.fluo")\n\n✗ approved' in said
    assert "A-4 was refunded" in said


def test_the_users_own_provider_is_kept(shop: pytest.Pytester) -> None:
    """A provider that the user has set stays the global one, and what it exports to still gets every span."""
    shop.makeconftest("""
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        exporter = InMemorySpanExporter()
        provider = TracerProvider(resource=Resource({"service.name": "ledger"}))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        """)
    result, said = run(
        shop,
        test_shop="""
        import pytest
        from conftest import exporter, provider
        from opentelemetry import trace
        from shop import refund

        @pytest.mark.invariants("rules/shop.fluo")
        def test_fixed():
            refund("A-1", approved=True)
            assert len(exporter.get_finished_spans()) == 3

        @pytest.mark.invariants("rules/shop.fluo")
        def test_broken():
            assert trace.get_tracer_provider() is provider
            refund("A-2")
        """,
    )
    result.assert_outcomes(failed=1, passed=1)
    assert "(ledger)" in said


def test_a_provider_of_another_kind_is_told(shop: pytest.Pytester) -> None:
    """Where the global provider is none of the SDK, the test fails and says what it is."""
    shop.makeconftest("from opentelemetry import trace\ntrace.set_tracer_provider(trace.NoOpTracerProvider())")
    result, said = run(shop, test_shop="def test_it(fluo): pass")
    result.assert_outcomes(errors=1)
    assert "error[C160]: the tracer provider is a NoOpTracerProvider" in said
    assert "Traceback" not in said


def test_without_the_sdk(shop: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the SDK is not there, or disabled, marked tests say so; others run."""
    test = 'import pytest\n@pytest.mark.invariants("rules")\ndef test_marked(): pass\n'
    hidden = "import sys\nsys.modules['opentelemetry'] = None"
    result, said = run(shop, conftest=hidden, test_marked=test, test_plain="def test_it(): pass")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "pip install 'fluo_logic[pytest]'" in said
    run(shop, "--ignore=test_marked.py", conftest=hidden)[0].assert_outcomes(passed=1)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert "OTEL_SDK_DISABLED is true" in run(shop, conftest="")[1]


def test_only_spans_of_the_test_under_way(shop: pytest.Pytester) -> None:
    """Spans of threads and tasks of a test are its own, even late ones; those of an earlier test's thread are not."""
    result, said = run(
        shop,
        test_shop="""
        import asyncio, contextvars, threading, time
        import pytest
        from opentelemetry import trace
        from shop import refund

        pytestmark = pytest.mark.invariants("rules/shop.fluo")
        tracer = trace.get_tracer("test")
        go, done = threading.Event(), threading.Event()

        def test_leaves_a_thread_behind():
            def late():
                go.wait()
                refund("late")
                done.set()
            with tracer.start_as_current_span("request"):
                context = contextvars.copy_context()
            threading.Thread(target=context.run, args=[late]).start()

        def test_next():
            go.set()
            done.wait()
            refund("A-1", approved=True)

        def test_waits_for_threads():
            threading.Thread(target=lambda: (time.sleep(0.2), refund("slow"))).start()
            def work():
                with tracer.start_as_current_span("job"):
                    time.sleep(0.3)
                    refund("in a thread")
            threading.Thread(target=work).start()
            time.sleep(0.05)

        def test_tasks():
            async def one(order):
                with tracer.start_as_current_span("task"):
                    await asyncio.sleep(0)
                    refund(order, approved=order != "B-2")
            async def main():
                await asyncio.gather(*(one(f"B-{number}") for number in range(4)))
            asyncio.run(main())
        """,
    )
    result.assert_outcomes(failed=2, passed=2)
    assert "late was refunded" not in said
    assert "in a thread was refunded" in said
    assert "B-2 was refunded" in said
    assert "B-1 was refunded" not in said


def test_xdist(shop: pytest.Pytester) -> None:
    """Workers check their own tests, and the proofs and the summary come back."""
    pytest.importorskip("xdist")
    result, said = run(
        shop,
        "-n2",
        "--fluo-rules=rules",
        test_shop="""
        import pytest
        from shop import refund

        @pytest.mark.parametrize("number", range(6))
        def test_it(number):
            refund(f"C-{number}", approved=number != 3)
        """,
    )
    result.assert_outcomes(failed=1, passed=5)
    assert "✗ C-3 was refunded without an approval" in said
    assert "C-2 was refunded" not in said
    assert "- approved: C-3 was refunded without" in said
    assert "2 rules on 17 spans of 6 tests" in said


def test_a_failure_of_the_test_itself_goes_first(shop: pytest.Pytester) -> None:
    """An assertion that fails is shown as ever, what is violated in a section; skips and expected failures stay."""
    result, said = run(
        shop,
        test_shop="""
        import unittest
        import pytest
        from shop import refund

        pytestmark = pytest.mark.invariants("rules/shop.fluo")

        def test_asserts():
            refund("A-1")
            assert 1 == 2

        def test_skips():
            pytest.skip("later")

        @pytest.mark.xfail(strict=True)
        def test_expected():
            refund("A-2")

        class TestCase(unittest.TestCase):
            def test_method(self):
                refund("A-3")

            def test_own(self):
                self.assertEqual(3, 4)
        """,
    )
    result.assert_outcomes(failed=3, skipped=1, xfailed=1)
    assert "assert 1 == 2" in said
    assert "Captured invariants call" in said
    assert "AssertionError: 3 != 4" in said
    assert "A-3 was refunded" in said


def test_text_of_traces_is_inert(shop: pytest.Pytester) -> None:
    """Terminal escapes and control characters of attributes are shown as escapes, in JUnit files of pytest too."""
    result, said = run(
        shop,
        "--junitxml=junit.xml",
        "--color=no",
        test_shop=r"""
        import pytest
        from shop import refund

        @pytest.mark.invariants("rules/shop.fluo")
        def test_broken():
            refund("\x1b[31mred\x00 ]]> <b>\u202e")
        """,
    )
    result.assert_outcomes(failed=1)
    assert "\x1b" not in said
    assert "\\x1b[31mred\\x00" in said
    written = shop.path.joinpath("junit.xml").read_text(encoding="utf-8")
    assert '<property name="fluo.rules" value="approved lone" />' in written
    assert "\\x1b[31mred\\x00 ]]&gt; &lt;b&gt;\\u202e" in written


def test_severity_and_strictness(shop: pytest.Pytester) -> None:
    """Violations below `fail_on` pass; what is pending or inconclusive fails only strict tests."""
    shop.path.joinpath("rules/more.fluo").write_text(
        "rule low { severity low never { refund.process } }\n"
        "rule later { severity low when { ticket as $t } always { closed after $t within 1h } }\n",
        encoding="utf-8",
    )
    result, said = run(
        shop,
        test_shop="""
        import pytest
        from shop import refund

        @pytest.mark.invariants("rules/more.fluo", fail_on="high")
        def test_low(): refund("A-1")

        @pytest.mark.invariants("rules/more.fluo", fail_on="high", strict=True)
        def test_strict(): refund("A-1")

        @pytest.mark.invariants("rules/more.fluo", now="2999-01-01T00:00:00Z")
        def test_later(): refund("A-1")
        """,
    )
    result.assert_outcomes(failed=2, passed=1)
    assert "pending" in said


def test_the_plugin_is_light() -> None:
    """Loading the plugin, which every run of pytest does, imports no engine, no parser and no OpenTelemetry."""
    code = (
        "import sys, fluo_logic.integrations.pytest_plugin\n"
        "print(sorted({'clingo', 'lark', 'google', 'opentelemetry', 'networkx', 're2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603
    assert done.stdout.strip() == b"[]"
