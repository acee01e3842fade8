"""HTML reports in a real browser: lights, keyboard, hostile text, sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

import fluo_logic as fl
from fluo_logic.explain.words import duration_text
from fluo_logic.report.html import explanation_html, report_html, violation_html
from tests.browser.conftest import Driver, Open, look
from tests.report.conftest import MISSES, PACK, otlp, otlp_span
from tests.report.test_html import HOSTILE

RULE: Final = """
rule shipped "A paid order is shipped" {
  display "{$p.order.id} was not shipped"
  when { paid.where(order.id != "none") as $p }
  always { $p before shipped.where(order.id == $p.order.id) within 1s }
}
"""


def value(text: str) -> dict[str, object]:
    return {"stringValue": text}


def shop(orders: int = 1) -> bytes:
    spans: list[dict[str, Any]] = []
    for order in range(1, orders + 1):
        spans += [
            otlp_span(order, 1, "order", 0),
            otlp_span(order, 2, "paid", 1, 1, order_id=value(f"o{order}")),
            otlp_span(order, 3, "shipped", 5, 1, order_id=value(f"o{order}")),
        ]
    return otlp(*spans)


def page(traces: bytes | Path, rules: str | Path = RULE, max_proofs: int = 20) -> str:
    data = fl.read_traces(traces)
    rule = fl.load_rules(rules) if isinstance(rules, Path) else fl.rule(rules, id="r")
    return report_html(fl.check(data, rule, max_proofs=max_proofs), data)


def lit(browser: Driver, inside: str) -> list[str]:
    """Return the texts of what is lit in the waterfall (``.row``) or in the proof (``.premise``)."""
    found: list[str] = browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map(n => n.querySelector('.text, .said').textContent)",
        f"{inside}.lit",
    )
    return found


def premise(browser: Driver, text: str) -> Any:  # noqa: ANN401 - an element of selenium
    for node in browser.find_elements("css selector", ".premise"):
        if text in node.text:
            return node
    message = f"no premise says {text}"
    raise AssertionError(message)


def test_a_click_on_a_premise_lights_its_spans(opened: Open) -> None:
    """Each premise lights what it cites, an absence the bar of what is not there; the rest steps back."""
    browser = opened(page(shop()))
    premise(browser, "nearest").click()
    assert lit(browser, ".row") == ["shipped"]
    premise(browser, "ended 3 s before").click()
    assert lit(browser, ".row") == ["paid", "shipped"]
    premise(browser, "none among").click()
    assert lit(browser, ".row") == ["expected: shipped"]
    assert browser.find_elements("css selector", ".inner.lighting")


def test_pointing_lights_while_the_pointer_is_there(opened: Open) -> None:
    """What is pointed at is lit; afterwards what was chosen is again."""
    from selenium.webdriver import ActionChains  # noqa: PLC0415 - needs the extra

    browser = opened(page(shop()))
    premise(browser, "nearest").click()
    ActionChains(browser).move_to_element(premise(browser, "when")).perform()
    assert lit(browser, ".row") == ["paid"]
    ActionChains(browser).move_to_element(browser.find_element("css selector", "h1")).perform()
    assert lit(browser, ".row") == ["shipped"]


def test_a_click_on_a_span_lights_the_premises_that_cite_it_and_tells_of_it(opened: Open) -> None:
    """The other way round, with the attributes of the span below."""
    browser = opened(page(shop()))
    browser.find_element("css selector", ".row.cited").click()
    told = lit(browser, ".premise")
    assert any("paid" in text for text in told)
    assert not any("none among" in text for text in told)
    details = browser.find_element("css selector", ".details").text
    assert "o1" in details
    assert "order.id" in details
    browser.find_element("css selector", ".row.ghost").click()
    assert any("none among" in text for text in lit(browser, ".premise"))


def test_absent_spans_are_drawn_where_they_were_expected(opened: Open) -> None:
    """The dashed bar begins where the span before it ends."""
    browser = opened(page(shop()))
    ghost, anchor = (browser.find_element("css selector", f".row.{name} .bar").rect for name in ("ghost", "cited"))
    assert ghost["x"] == pytest.approx(anchor["x"] + anchor["width"], abs=2)
    assert "1 s" in browser.find_element("css selector", ".row.ghost .took").text


def test_the_keyboard_reaches_everything(opened: Open) -> None:
    """Tab goes to the violations, Enter opens one, arrows walk the proof, left and right fold it."""
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - needs the extra

    browser = opened(page(shop(3)))
    heads = browser.find_elements("css selector", ".head")
    assert [head.get_attribute("aria-expanded") for head in heads] == ["true", "false", "false"]
    browser.execute_script("arguments[0].focus()", heads[0])
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert browser.switch_to.active_element == heads[1]
    heads[1].send_keys(Keys.ENTER)
    assert heads[1].get_attribute("aria-expanded") == "true"
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert "row" in browser.switch_to.active_element.get_attribute("class")
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert lit(browser, ".row") == ["paid"]
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text.startswith("when")
    browser.switch_to.active_element.send_keys(Keys.END)
    last = browser.switch_to.active_element
    assert "had passed" in last.text
    last.send_keys(Keys.ARROW_LEFT)
    assert browser.switch_to.active_element.text.startswith("nearest")
    browser.switch_to.active_element.send_keys(Keys.ARROW_LEFT)
    assert browser.switch_to.active_element.get_attribute("aria-expanded") == "false"
    assert not last.is_displayed()
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert last.is_displayed()


def test_hostile_text_stays_text(opened: Open) -> None:
    """Markup, escapes, right-to-left text and a megabyte of it neither run nor break the page."""
    rtl = "\u05e9\u05dc\u05d5\u05dd"
    spans = [
        otlp_span(1, 1, HOSTILE, 0),
        otlp_span(1, 2, "paid", 1, 1, order_id=value(f"{HOSTILE}{rtl}" + "x" * 1_000_000), page=value(rtl)),
    ]
    browser = opened(page(otlp(*spans)))
    assert browser.find_elements("css selector", "#fluo img, #fluo script") == []
    browser.find_element("css selector", ".row.cited").click()
    shown = browser.find_element("css selector", "#fluo").text
    assert "</script><img src=x" in shown
    assert "\\x1b[31m\\u202e" in shown
    assert len(shown) < 10_000
    assert [node.text for node in browser.find_elements("css selector", ".details bdi")][-1] == rtl
    assert width_of(browser) <= 1440


def width_of(browser: Driver) -> int:
    width: int = browser.execute_script("return document.documentElement.scrollWidth")
    return width


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_shows_it_without_scrolling_sideways(opened: Open, chromium: Driver, width: int) -> None:
    """Everything opened, nothing is wider than the screen."""
    look(chromium, width, 844)
    browser = opened(page(min(MISSES.glob("*/trace.otlp.json")), PACK))
    browser.execute_script("document.querySelectorAll('.head[aria-expanded=false]').forEach(n => n.click())")
    browser.execute_script("document.querySelectorAll('.row').forEach(n => n.click())")
    assert width_of(browser) <= width


def test_light_and_dark(opened: Open, chromium: Driver) -> None:
    """The page follows the system, and the button turns it."""
    look(chromium, 1200, 800, dark=True)
    browser = opened(page(shop()))
    assert browser.execute_script("return document.documentElement.dataset.theme") == "dark"
    browser.find_element("css selector", ".theme").click()
    assert browser.execute_script("return document.documentElement.dataset.theme") == "light"
    browser.execute_script("localStorage.clear()")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_on_its_ground(opened: Open, chromium: Driver, theme: str) -> None:
    """Every text colour has the contrast of WCAG AA on every ground it stands on."""
    look(chromium, 1440, 1000, dark=theme == "dark")
    browser = opened(page(shop()))
    colours = browser.execute_script(
        "const s = getComputedStyle(document.documentElement);"
        "return Object.fromEntries(arguments[0].map(n => [n, s.getPropertyValue('--' + n).trim()]))",
        ["paper", "card", "soft", "lit", "ink", "quiet", "bad", "good", "wait", "focus"],
    )
    for ground in ("paper", "card", "soft", "lit"):
        for ink in ("ink", "quiet", "bad"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert all(contrast(colours[ink], colours["card"]) >= 4.5 for ink in ("good", "wait", "focus"))


def contrast(one: str, two: str) -> float:
    """Return the contrast ratio of two colours, as WCAG 2 defines it."""
    dark, light = sorted((_luminance(one), _luminance(two)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_many_violations_are_paged_and_can_be_filtered(opened: Open) -> None:
    """Of a thousand, twenty are in the page at once; a filter finds one."""
    browser = opened(page(shop(1_000), max_proofs=1_000))
    assert len(browser.find_elements("css selector", ".violation")) == 20
    nav = browser.find_element("css selector", ".pager")
    assert "1\u201320 of 1,000" in nav.text
    nav.find_elements("css selector", "button")[1].click()
    assert "21\u201340 of 1,000" in browser.find_element("css selector", ".pager").text
    browser.find_element("css selector", "input").send_keys("o777")
    wait(browser, "return document.querySelector('.told').textContent === '1 of 1,000'")
    assert len(browser.find_elements("css selector", ".violation")) == 1


def wait(browser: Driver, script: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415 - needs the extra

    WebDriverWait(browser, 10).until(lambda one: one.execute_script(script))


def test_a_gap_of_a_large_trace_opens(opened: Open) -> None:
    """Far spans of a large trace are a line that tells how many, until it is opened."""
    spans = [otlp_span(1, 1, "order", 0), otlp_span(1, 2, "paid", 1, 1, order_id=value("o"))]
    spans += [otlp_span(1, n, "step", 2, 3) for n in range(4, 104)] + [otlp_span(1, 3, "work", 2, 1)]
    browser = opened(page(otlp(*spans)))
    gap = browser.find_element("css selector", ".gap")
    before = len(browser.find_elements("css selector", ".row"))
    assert "more span" in gap.text
    gap.click()
    assert len(browser.find_elements("css selector", ".row")) > before


def test_every_page_of_the_incidents_opens(opened: Open, incident_files: tuple[Path, ...]) -> None:
    """Every violation of every incident can be opened, and every premise lit, without an error."""
    for path in incident_files:
        browser = opened(page(path, PACK, 2))
        browser.execute_script(
            "document.querySelectorAll('.head[aria-expanded=false]').forEach(n => n.click());"
            "document.querySelectorAll('.premise, .row').forEach(n => n.click())"
        )
        assert not browser.execute_script(
            "return [...document.querySelectorAll('.bar')].some(n => !n.style.left || n.style.width.includes('NaN'))"
        )


def test_an_explanation_and_a_fragment_open(opened: Open) -> None:
    """The page of `fluo explain` shows its proofs opened, and so does what a notebook gets, in its frame."""
    data = fl.read_traces(shop())
    rule = fl.rule(RULE)
    browser = opened(explanation_html(fl.explain(rule, data), data))
    assert browser.find_element("css selector", "h1").text.startswith("shipped is violated on trace")
    assert browser.find_elements("css selector", ".premise")
    violation = fl.check(data, rule).violations[0]
    browser = opened(f"<!doctype html><title>n</title><link rel=icon href=data:,>{violation_html(violation, data)}")
    browser.switch_to.frame(0)
    premise(browser, "nearest").click()
    assert lit(browser, ".row") == ["shipped"]


def test_durations_are_those_of_the_terminal(opened: Open) -> None:
    """The script writes a duration as proofs do."""
    lengths = [0, 1, 999, 1_000, 1_500, 999_999, 10**6, 180 * 10**6, 999_999_999, 10**9, 1_250_000_000, 59_999_999_999]
    lengths += [60 * 10**9, 125 * 10**9, 3_600 * 10**9, 90_061 * 10**9, 30 * 86_400 * 10**9]
    spans = [otlp_span(n, 1, "a", 0) for n in range(1, len(lengths) + 1)]
    for span, length in zip(spans, lengths, strict=True):
        span["endTimeUnixNano"] = str(int(span["startTimeUnixNano"]) + length)
    browser = opened(page(otlp(*spans), "never { a }"))
    browser.execute_script("document.querySelectorAll('.head[aria-expanded=false]').forEach(n => n.click())")
    shown = [node.text for node in browser.find_elements("css selector", ".row .took")]
    assert sorted(shown) == sorted(duration_text(length) for length in lengths)
