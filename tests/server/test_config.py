"""The settings of a server."""

import pytest

from himpc.errors import ConfigError
from himpc.server import ServerConfig
from himpc.server.config import is_loopback

TOKEN = "correct-horse-battery"


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "0.0.0.0"},
        {"host": "gait.example"},
        {"token": "short"},
        {"token": "with a space in it ..."},
        {"port": 70000},
        {"queue": -1},
        {"timeout": 0},
        {"upload_limit": 0},
        {"workers": 0},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError):
        ServerConfig(**wrong)


def test_missing_token_has_a_hint_in_the_words_of_the_caller():
    with pytest.raises(ConfigError) as caught:
        ServerConfig(host="0.0.0.0")
    assert "set --token, or" in caught.value.render(lambda reference: f"--{reference.name}")


def test_token_is_not_printed():
    assert TOKEN not in repr(ServerConfig(token=TOKEN))


def test_loopback_addresses_are_recognised():
    hosts = ("localhost", "127.9.9.9", "::1", "[::1]", "0.0.0.0", "a.b")
    assert [is_loopback(host) for host in hosts] == [True] * 4 + [False] * 2
