"""What the differential tests of tokenizers are made of, printed with every run."""
import os


def pytest_report_header(config):
    times = 10 if os.environ.get("HEADRACE_TEST_LONG") else 1
    texts = int(os.environ.get("HEADRACE_TEST_TEXTS", "20000")) * times
    pipelines = int(os.environ.get("HEADRACE_TEST_PIPELINES", "400")) * times
    seed = os.environ.get("HEADRACE_TEST_SEED", "20261128")
    return f"tokenizers: {texts} texts a vocabulary, {pipelines} random pipelines, seeds from {seed} on (HEADRACE_TEST_SEED)"
