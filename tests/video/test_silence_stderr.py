"""Output of native code is discarded, unless something unexpected happens."""

from __future__ import annotations

import os

import pytest

from himpc.errors import ConfigError
from himpc.video.silence_stderr import silence_stderr


def log_and_raise(text: bytes, error: Exception) -> None:
    with silence_stderr():
        os.write(2, text)
        raise error


def test_native_output_is_discarded(capfd: pytest.CaptureFixture[str]) -> None:
    with silence_stderr():
        os.write(2, b"noise")
    with pytest.raises(ConfigError):
        log_and_raise(b"noise", ConfigError("has a message of its own"))
    os.write(2, b"later")
    assert capfd.readouterr().err == "later"


def test_native_output_is_shown_after_an_unexpected_exception(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError):
        log_and_raise(b"the reason", RuntimeError())
    assert capfd.readouterr().err == "the reason"
