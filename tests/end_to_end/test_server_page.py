"""The chat page in Chromium: type, stream, stop."""

from __future__ import annotations

import shutil

import pytest

from running_server import RunningServer, needs_model, soon

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

pytestmark = [
    needs_model,
    pytest.mark.skipif(not shutil.which("chromium") or not shutil.which("chromedriver"), reason="chromium and chromedriver are not installed"),
]


@pytest.fixture(scope="module")
def server():
    with RunningServer() as running:
        yield running


@pytest.fixture
def page(server, tmp_path):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1100,800",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.get(server.url)
    yield driver
    problems = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    driver.quit()
    assert not problems


def answers(page) -> list:
    return page.find_elements(By.CSS_SELECTOR, "article.assistant")


def set_value(page, name: str, value: str) -> None:
    page.execute_script("const e = document.getElementById(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event('input'));", name, value)


def ask(page, text: str) -> None:
    page.find_element(By.ID, "question").send_keys(text, Keys.ENTER)


def done(page) -> bool:
    return page.find_element(By.ID, "send").is_displayed() and not page.find_elements(By.CSS_SELECTOR, "article.waiting")


def on_text(page, action: str) -> None:
    """Runs a script in the page whenever the answer's text has changed (the model may be quicker than a driver that asks)."""
    page.execute_script(
        "new MutationObserver((changes, observer) => {"
        " const text = document.querySelector('article.assistant .text')?.textContent; if (text) {" + action + "} })"
        ".observe(document.getElementById('talk'), {childList: true, subtree: true, characterData: true});"
    )


def test_shows_its_model(page, server):
    assert soon(lambda: page.find_element(By.ID, "model").text == server.model)


def test_type_and_see_the_answer_stream(page):
    set_value(page, "temperature", "0")
    set_value(page, "max_tokens", "60")
    page.execute_script("window.lengths = new Set()")
    on_text(page, "window.lengths.add(text.length);")
    ask(page, "Write three sentences about rivers.")
    assert page.find_element(By.CSS_SELECTOR, "article.user").text == "Write three sentences about rivers."
    assert soon(lambda: answers(page) and done(page), 60)
    assert page.execute_script("return window.lengths.size") > 3, "the text grew while it came"
    assert "tok/s" in page.find_element(By.CSS_SELECTOR, ".figures").text


def test_the_conversation_goes_on_and_can_be_cleared(page):
    set_value(page, "max_tokens", "8")
    ask(page, "Hello")
    assert soon(lambda: len(answers(page)) == 1 and done(page), 60)
    ask(page, "And now?")
    assert soon(lambda: len(answers(page)) == 2 and done(page), 60)
    assert page.execute_script("return messages.map(m => m.role)") == ["user", "assistant", "user", "assistant"]
    page.find_element(By.CSS_SELECTOR, ".regenerate").click()
    assert soon(lambda: done(page), 60)
    assert len(answers(page)) == 2
    page.find_element(By.ID, "clear").click()
    assert not answers(page)
    assert page.find_element(By.ID, "welcome").is_displayed()


def test_stop_ends_the_answer_at_once(page, server):
    set_value(page, "max_tokens", "4000")
    on_text(page, "observer.disconnect(); document.getElementById('stop').click();")
    ask(page, "Count from one to ten thousand.")
    assert soon(lambda: answers(page) and done(page), 60)
    assert "stopped" in page.find_element(By.CSS_SELECTOR, ".figures").text
    assert soon(lambda: server.metric("vllm:num_requests_running") == 0, 10)


def test_markdown_is_shown_and_markup_is_not_run(page):
    source = "**bold** <img src=x onerror=\"window.hacked=1\">\n\n- one\n- two\n\n```html\n<script>window.hacked=1</script>\n```"
    page.execute_script("markdown(document.getElementById('talk').appendChild(document.createElement('div')), arguments[0])", source)
    assert page.find_element(By.CSS_SELECTOR, "#talk strong").text == "bold"
    assert [item.text for item in page.find_elements(By.CSS_SELECTOR, "#talk li")] == ["one", "two"]
    assert page.find_element(By.CSS_SELECTOR, "#talk pre").text == "<script>window.hacked=1</script>"
    assert not page.find_elements(By.CSS_SELECTOR, "#talk img, #talk script")
    assert page.execute_script("return window.hacked") is None


def test_the_theme_can_be_switched(page):
    colour = "return getComputedStyle(document.body).backgroundColor"
    before = page.execute_script(colour)
    page.find_element(By.ID, "theme").click()
    assert page.execute_script(colour) != before


def test_an_error_is_told_in_the_page(page):
    set_value(page, "max_tokens", "100000000")
    ask(page, "Hello")
    assert soon(lambda: page.find_elements(By.CSS_SELECTOR, ".error"), 20)
    assert "context" in page.find_element(By.CSS_SELECTOR, ".error").text
    page.get_log("browser")  # Chromium notes the 400 there: expected
