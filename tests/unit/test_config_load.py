from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from heliograph.config.home import home_folder
from heliograph.config.keys import keys, sections
from heliograph.config.load import Loaded, load, parse_overrides
from heliograph.config.tree import Settings
from heliograph.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def load_text(
    home: Path,
    text: str,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Loaded:
    (home / "heliograph.toml").write_text(text, encoding="utf-8")
    return load(home, environ=environ or {}, overrides=overrides or {})


def refusal(home: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_text(home, text)
    return caught.value


def test_without_anything_all_is_default(home: Path) -> None:
    loaded = load(home, environ={}, overrides={})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert set(loaded.origins) == set(keys())


def test_a_file_gives_every_kind_of_value(home: Path) -> None:
    settings = load_text(
        home,
        """
        [http]
        host = "0.0.0.0"
        port = 0
        [stream]
        sync = "2m"
        max_bytes = "64MiB"
        keep = "90m"
        [store]
        seal_interval = 30
        memory_limit = 268435456
        [agent]
        enabled = false
        inputs = ["cpu", "mem"]
        host_name = "bench"
        tags = { room = "lab", "floor no" = "2" }
        [limits]
        query_seconds = 2.5
        """,
    ).settings
    assert (settings.http.host, settings.http.port) == ("0.0.0.0", 0)
    assert (settings.stream.sync, settings.stream.max_bytes, settings.stream.keep) == (
        "2m",
        64 * 2**20,
        5400.0,
    )
    assert (settings.store.seal_interval, settings.store.memory_limit) == (30.0, 256 * 2**20)
    assert (settings.agent.enabled, settings.agent.inputs) == (False, ("cpu", "mem"))
    assert (settings.agent.host_name, dict(settings.agent.tags)) == (
        "bench",
        {"room": "lab", "floor no": "2"},
    )
    assert settings.limits.query_seconds == 2.5


def test_later_places_win_and_each_value_knows_its_own(home: Path) -> None:
    more = home / "more.toml"
    more.write_text("[http]\nport = 2\n[store]\nthreads = 3\n")
    (home / "heliograph.toml").write_text(
        '[http]\nport = 1\n\n[broker]\nmqtt_port = 11\n[agent]\njitter = "1s"\n'
    )
    loaded = load(
        home,
        config_files=[more],
        environ={"HELIO_STORE_THREADS": "4", "HELIO_AGENT_JITTER": "2s", "PATH": "/bin"},
        overrides={"agent.jitter": "3s"},
    )
    settings, origins = loaded.settings, loaded.origins
    assert (settings.broker.mqtt_port, origins["broker.mqtt_port"]) == (11, f"{home}/heliograph.toml:5")
    assert (settings.http.port, origins["http.port"]) == (2, f"{more}:2")
    assert (settings.store.threads, origins["store.threads"]) == (4, "HELIO_STORE_THREADS")
    assert (settings.agent.jitter, origins["agent.jitter"]) == (3.0, "command line")
    assert origins["http.host"] == "default"


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("HELIO_HTTP_HOST", "::1", "::1"),
        ("HELIO_HTTP_PORT", "0", 0),
        ("HELIO_STREAM_SYNC", "always", "always"),
        ("HELIO_STREAM_SYNC", "60s", "1m"),
        ("HELIO_STREAM_MAX_BYTES", "2GiB", 2**31),
        ("HELIO_STREAM_MAX_BYTES", "16777216", 2**24),
        ("HELIO_STREAM_KEEP", "0", 0.0),
        ("HELIO_STREAM_KEEP", "90", 90.0),
        ("HELIO_AGENT_ENABLED", "False", False),
        ("HELIO_AGENT_ENABLED", "true", True),
        ("HELIO_AGENT_INPUTS", "cpu, mem", ("cpu", "mem")),
        ("HELIO_AGENT_INPUTS", "", ()),
        ("HELIO_AGENT_HOST_NAME", "", ""),
        ("HELIO_AGENT_TAGS", "room=lab, url=a=b", {"room": "lab", "url": "a=b"}),
        ("HELIO_AGENT_TAGS", "", {}),
        ("HELIO_LIMITS_QUERY_SECONDS", "5", 5.0),
    ],
)
def test_variables_and_overrides_are_text(home: Path, variable: str, text: str, expected: object) -> None:
    (key,) = [key for key in keys().values() if key.variable == variable]
    for loaded in (
        load(home, environ={variable: text}, overrides={}),
        load(home, environ={}, overrides={key.path: text}),
    ):
        assert getattr(getattr(loaded.settings, key.section), key.name) == expected


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[http]\nhost = 'x'\n\nprot = 1\n", 4, 'unknown key "prot" in section "http"; did you mean "port"?'),
        (
            "[store]\nzzz = 1\n",
            2,
            "known are seal_rows, seal_interval, keep, keep_1m, keep_1h, max_bytes",
        ),
        ("[store]\nkeep = '30s'\n", 2, 'a duration from 1h to 36500d or 0 was expected, "30s" came'),
        ("[store]\nmax_bytes = 4\n", 2, "a size from 1MiB to 1TiB or 0 was expected, 4 came"),
        ("\n[htpp]\nport = 1\n", 2, 'unknown section "htpp"; did you mean "http"?'),
        (
            "[qqq.www]\nport = 1\n",
            1,
            "known are http, broker, network, stream, store, agent, dashboards, rules, edge, limits",
        ),
        ("http = 5\n", 1, '"http" is a section: write [http]'),
        ("[http]\nport = 70000\n", 2, "http.port: a whole number from 0 to 65535 was expected, 70000 came"),
        ("[http]\nport = -1\n", 2, "-1 came"),
        ("[http]\nport = true\n", 2, "true came"),
        ('[http]\nport = "1"\n', 2, '"1" came'),
        ("[http]\nport = 1.0\n", 2, "1.0 came"),
        ("[http]\nhost = ''\n", 2, "a text that is not empty was expected"),
        ("[agent]\nhost_name = 5\n", 2, "a text in double quotes was expected, 5 came"),
        ("[agent]\nenabled = 'yes'\n", 2, 'true or false was expected, "yes" came'),
        ("[agent]\ninterval = '10'\n", 2, 'a duration such as "500ms"'),
        ("[agent]\ninterval = true\n", 2, "or a number of seconds was expected, true came"),
        ("[agent]\ninterval = nan\n", 2, "NaN came"),
        ("[agent]\ninterval = '50ms'\n", 2, 'a duration from 1s to 1d was expected, "50ms" came'),
        ("[agent]\ninputs = 'cpu'\n", 2, 'a list of names such as ["cpu", "mem"] was expected, "cpu" came'),
        ("[agent]\ninputs = ['cpu', 1]\n", 2, "a list of names"),
        ("[agent]\ntags = ['a']\n", 2, 'names with texts such as { room = "lab" }'),
        ("[agent.tags]\nroom = 1\n", 1, "agent.tags: names with texts"),
        ("[stream]\nsync = 5\n", 2, '"always" or a duration'),
        ("[stream]\nsync = 'never'\n", 2, 'a duration such as "500ms"'),
        ("[stream]\nsync = '2h'\n", 2, "a duration from 1ms to 1h"),
        ("[stream]\nmax_bytes = '10 bytes'\n", 2, 'a size such as "512KiB"'),
        ("[stream]\nmax_bytes = 1.5\n", 2, "1.5 came"),
        ("[stream]\nmax_bytes = '1KiB'\n", 2, 'a size from 1MiB to 1TiB was expected, "1KiB" came'),
        ("[http]\nport = \n", 2, "is not TOML"),
        ("[http]\nport = 1\n'''", 3, "is not TOML"),
        ("http.prot = 1\n", 1, 'did you mean "port"?'),
        ("[agent]\n# a comment\n[http]\n'prot' = 1\n", 4, 'did you mean "port"?'),
        ("[agent]\n[http]\nhost = 'prot = 1'\nprot = 1\n", 4, 'did you mean "port"?'),
        ("http = { prot = 1 }\n", None, 'did you mean "port"?'),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(
    home: Path, text: str, line: int | None, said: str
) -> None:
    error = refusal(home, text)
    assert said in str(error)
    assert error.line == line
    assert str(error).startswith(f"{home}/heliograph.toml:")


def test_a_file_that_is_not_there_is_an_error_only_if_it_was_named(home: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(home, config_files=[home / "gone.toml"], environ={}, overrides={})


def test_a_file_in_another_encoding_is_refused(home: Path) -> None:
    (home / "heliograph.toml").write_bytes(b"[http]\nhost = '\xff'\n")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(home, environ={}, overrides={})


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"HELIO_HTTP_PROT": "1"},
            'HELIO_HTTP_PROT: unknown key "prot" in section "http"; did you mean "port"?',
        ),
        ({"HELIO_LIMITS_X": "1"}, "known are body_bytes, payload_bytes"),
        ({"HELIO_HTPP_PORT": "1"}, 'unknown variable HELIO_HTPP_PORT; did you mean "HELIO_HTTP_PORT"?'),
        ({"HELIO_HTTP_PORT": "x"}, "HELIO_HTTP_PORT: a whole number from 0 to 65535"),
        ({"HELIO_HTTP_PORT": "1_0"}, '"1_0" came'),
        ({"HELIO_HTTP_PORT": ""}, '"" came'),
        ({"HELIO_AGENT_ENABLED": "1"}, "true or false was expected"),
        ({"HELIO_AGENT_INPUTS": "cpu,,mem"}, "a list of names"),
        ({"HELIO_AGENT_TAGS": "room"}, "pairs such as room=lab,floor=2"),
    ],
)
def test_wrong_variables_are_refused(home: Path, environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(home, environ=environ, overrides={})
    assert said in str(caught.value)


def test_variables_of_clients_do_not_touch_the_hub(home: Path) -> None:
    environ = {
        "HELIO_HOME": "/somewhere",
        "HELIO_URL": "http://hub:1",
        "HELIO_TOKEN": "x",
        "HELIO_CORPUS": "/corpus",
        "HELIO_CONFIG": "/file",
        "HELIO_MQTT_HOST": "hub",
        "HELIO_MQTT_PORT": "8883",
        "HELIO_MQTT_USER": "u",
        "HELIO_MQTT_PASSWORD": "p",
        "HELIO_TRACE_PLUGINS": "1",
        "HELIO_SOMEBODY_ELSES": "1",
        "HELIOS_HTTP_PORT": "1",
    }
    assert load(home, environ=environ, overrides={}).settings == Settings()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"http.prot": "1"}, 'unknown key "prot" in section "http"; did you mean "port"?'),
        ({"htpp.port": "1"}, 'unknown section "htpp" in "htpp.port"; did you mean "http"?'),
        ({"port": "1"}, 'unknown section "port"'),
        ({"http.port": "many"}, 'http.port: a whole number from 0 to 65535 was expected, "many" came'),
    ],
)
def test_wrong_overrides_are_refused(home: Path, overrides: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(home, environ={}, overrides=overrides)
    assert said in str(caught.value)


def test_overrides_are_parted_at_the_first_equals_sign() -> None:
    assert parse_overrides(["http.port = 5", "agent.tags=a=b"]) == {"http.port": "5", "agent.tags": "a=b"}
    with pytest.raises(ConfigError, match=r'section\.key=value was expected, "http\.port" came'):
        parse_overrides(["http.port"])


def test_settings_cannot_be_changed(home: Path) -> None:
    settings = load_text(home, "[agent.tags]\nroom = 'lab'\n").settings
    with pytest.raises(AttributeError):
        settings.http.port = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.agent.tags["room"] = "x"  # type: ignore[index]


def test_the_home_folder_is_named_or_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert home_folder({"HELIO_HOME": "/srv/helio"}) == Path("/srv/helio")
    assert home_folder({"HELIO_HOME": "~/helio"}) == tmp_path / "helio"
    assert home_folder({"HELIO_HOME": ""}) == home_folder({})
    assert home_folder({}).name == "heliograph"
    assert tmp_path in home_folder({}).parents


def test_no_variable_of_a_section_is_one_of_a_client() -> None:
    """HELIO_MQTT_PORT tells a client where to connect; it must never become the broker's port."""
    assert not {"mqtt", "home", "url", "token", "corpus", "config", "trace"} & set(sections())
    assert len({key.variable for key in keys().values()}) == len(keys())


def test_nothing_is_no_limit_where_that_makes_sense(home: Path) -> None:
    (home / "heliograph.toml").write_text('[store]\nkeep = 0\nmax_bytes = "0B"\n', encoding="utf-8")
    store = load(home, environ={}, overrides={}).settings.store
    assert (store.keep, store.max_bytes) == (0.0, 0)
    with pytest.raises(ConfigError, match="from 1MiB to 1TiB was expected"):
        load(home, environ={}, overrides={"stream.max_bytes": "0"})
