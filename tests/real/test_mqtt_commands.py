"""The MQTT commands as processes: exit statuses and words for each failure, and what each of them does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.real.hub_process import HubProcess
from tests.real.mosquitto_process import MosquittoProcess
from tests.real.mqtt_certificates import Certificates

HANG = 120.0

Done = subprocess.CompletedProcess[str]


def helio(*arguments: str, text: str | None = None, **environ: str) -> Done:
    """Run a command to its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HELIO_")}
    return subprocess.run(
        [sys.executable, "-m", "heliograph", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        env=clean | {"HELIO_CONTEXTS": "/nowhere/contexts.toml"} | environ,
    )


def printed(done: Done) -> str:
    """Return what a command printed that must have succeeded."""
    assert done.returncode == 0, (done.args, done.returncode, done.stderr)
    return done.stdout


def told(done: Done, status: int) -> str:
    """Return the one line that a command said when it failed in this way."""
    assert done.returncode == status, (done.args, done.returncode, done.stderr)
    (line,) = done.stderr.splitlines()
    return line


@contextmanager
def subscriber(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A ``helio sub`` that is subscribed."""
    command = [sys.executable, "-m", "heliograph", "sub", "-d", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, bufsize=0) as process:
        try:
            assert process.stderr is not None
            while (line := process.stderr.readline()) and not line.endswith(b"subscribed\n"):
                pass
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoProcess]:
    with MosquittoProcess(tmp_path_factory.mktemp("mosquitto")) as running:
        yield running


@pytest.fixture
def there(mosquitto: MosquittoProcess) -> tuple[str, ...]:
    """The options that lead to Mosquitto."""
    return ("-h", mosquitto.host, "-p", str(mosquitto.port))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoProcess]:
    """A Mosquitto that wants a login."""
    folder = tmp_path_factory.mktemp("guarded")
    passwords = folder / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "me", "secret"], check=True)
    passwords.chmod(0o644)
    with MosquittoProcess(folder, "allow_anonymous false", f"password_file {passwords}") as running:
        yield running


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def encrypted(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[MosquittoProcess]:
    """A Mosquitto that speaks TLS, as localhost."""
    lines = (
        "allow_anonymous true",
        f"certfile {certificates.server}",
        f"keyfile {certificates.server_key}",
    )
    with MosquittoProcess(tmp_path_factory.mktemp("encrypted"), *lines) as running:
        yield running


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("embedded") / "hub", "--no-agent") as hub:
        yield hub


@pytest.mark.parametrize(
    "command", [("pub", "-t", "a", "-m", "x"), ("sub", "-t", "a"), ("rr", "-t", "a", "-n")]
)
def test_nobody_there(command: tuple[str, ...]) -> None:
    port = free_port()
    line = told(helio(*command, "-h", "127.0.0.1", "-p", str(port)), 14)
    assert line.startswith(
        f"helio {command[0]}: mqtt://127.0.0.1:{port}: nobody listens there; start the broker"
    )


def test_quiet_says_nothing() -> None:
    done = helio("pub", "-h", "127.0.0.1", "-p", str(free_port()), "-t", "a", "-m", "x", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (14, "", "")


def test_an_unknown_host() -> None:
    assert "no address is known for 'no-such-host.invalid'" in told(
        helio("pub", "-h", "no-such-host.invalid", "-t", "a", "-m", "x"), 15
    )


def test_a_host_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        line = told(helio("pub", "-h", "127.0.0.1", "-p", str(port), "-t", "a", "-m", "x"), 14)
    assert "no answer within 10 s" in line


@pytest.mark.parametrize(("version", "answer"), [("311", "not in MQTT 3.1.1"), ("5", "check the port")])
def test_what_is_no_broker(embedded: HubProcess, version: str, answer: str) -> None:
    http_port = embedded.http_url.rpartition(":")[2]
    done = helio("pub", "-h", "127.0.0.1", "-p", http_port, "-t", "a", "-m", "x", "-V", version)
    assert answer in done.stderr
    assert done.returncode in {1, 14}


@pytest.mark.parametrize(
    ("login", "version", "status"),
    [((), "311", 5), (("-u", "me", "-P", "guess"), "311", 5), (("-u", "me", "-P", "guess"), "5", 135)],
)
def test_a_refused_login(
    guarded: MosquittoProcess, login: tuple[str, ...], version: str, status: int
) -> None:
    command = ("-h", guarded.host, "-p", str(guarded.port), "-V", version, *login, "-t", "a", "-m", "x")
    ours = helio("pub", *command)
    advice = "check the password of user 'me'" if login else "give a user with -u"
    assert advice in ours.stderr.splitlines()[-1]
    theirs = subprocess.run(["mosquitto_pub", *command], capture_output=True, check=False, timeout=HANG)
    assert ours.returncode == theirs.returncode == status


def test_a_login_by_environment_file_and_context(guarded: MosquittoProcess, tmp_path: Path) -> None:
    here = ("-h", guarded.host, "-p", str(guarded.port))
    password = tmp_path / "password"
    password.write_text("secret\n")
    message = ("-t", "a", "-m", "x", "-q", "1")
    printed(helio("pub", *here, "-u", "me", "-P", f"@{password}", *message))
    environ = {"HELIO_MQTT_HOST": guarded.host, "HELIO_MQTT_PORT": str(guarded.port)}
    printed(helio("pub", *message, **environ, HELIO_MQTT_USER="me", HELIO_MQTT_PASSWORD="secret"))
    contexts = {"HELIO_CONTEXTS": str(tmp_path / "contexts.toml")}
    printed(helio("context", "add", "lab", "--use", *here, "-u", "me", "-P", f"@{password}", **contexts))
    printed(helio("pub", *message, **contexts))
    seen = helio("pub", *here, "-u", "me", "-P", "secret", *message)
    assert seen.returncode == 0
    assert "seen by everybody" in seen.stderr
    assert "secret" not in seen.stderr


def test_certificates(encrypted: MosquittoProcess, certificates: Certificates) -> None:
    def publish(*options: str, host: str = "localhost") -> Done:
        return helio("pub", "-h", host, "-p", str(encrypted.port), *options, "-t", "a", "-m", "x", "-q", "1")

    trusted = ("--cafile", str(certificates.authority))
    printed(publish(*trusted))
    printed(publish(*trusted, "-V", "5"))
    assert "name the authority's certificate with --cafile" in told(publish("--tls-use-os-certs"), 8)
    assert "use the name in the certificate" in told(publish(*trusted, host="127.0.0.1"), 8)
    printed(publish(*trusted, "--insecure", host="127.0.0.1"))
    assert "does it want TLS (--cafile)?" in told(publish(), 14)
    assert "cannot be read" in told(publish("--cafile", "/no/such/file"), 2)
    assert "one of tlsv1.2, tlsv1.3" in told(publish(*trusted, "--tls-version", "tlsv1"), 2)


def test_tls_where_there_is_none(mosquitto: MosquittoProcess) -> None:
    here = ("-h", mosquitto.host, "-p", str(mosquitto.port), "--tls-use-os-certs")
    assert "8883" in told(helio("pub", *here, "-t", "a", "-m", "x"), 8)


def test_wrong_use_gives_the_usage() -> None:
    for arguments in (["pub", "-q", "3"], ["sub", "-t"], ["pub", "-m", "x", "-n"]):
        done = helio(*arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("usage: helio ")
        assert done.stderr.endswith(f"; helio {arguments[0]} --help tells more\n")
    assert "Give the topic with -t" in told(helio("pub", "-m", "x"), 2)
    assert "Give a message" in told(helio("pub", "-t", "a"), 2)
    assert "+ is a wildcard" in told(helio("pub", "-t", "a/+", "-m", "x"), 2)
    assert "# stands for all that follows" in told(helio("sub", "-t", "a/#/b"), 2)


def test_what_the_embedded_broker_cannot_do_is_told(embedded: HubProcess) -> None:
    here = ("-h", embedded.mqtt_host, "-p", str(embedded.mqtt_port))
    line = told(helio("pub", *here, "-t", "a", "-m", "x", "-V", "5"), 132)
    assert "MQTT 5 was asked for" in line
    assert "-V 311" in line
    done = helio("pub", *here, "-t", "with space", "-m", "x", "-q", "1")
    assert done.returncode == 7
    assert "ended 3 connections in a row at 1 bytes to 'with space'" in done.stderr.splitlines()[-1]
    done = helio("pub", *here, "-t", "large", "-s", "-q", "1", text="x" * 9_000_000)
    assert done.returncode == 7
    assert "at 9,000,000 bytes to 'large'" in done.stderr.splitlines()[-1]
    assert "was refused (code 128)" in told(helio("sub", *here, "-t", "$SYS/#"), 128)
    assert "the client id is not allowed" in told(helio("pub", *here, "-i", "a b", "-t", "a", "-n"), 2)
    assert "does it speak MQTT 3.1 (-V)?" in told(helio("pub", *here, "-V", "31", "-t", "a", "-n"), 14)
    printed(helio("pub", *here, "-t", "job", "-m", "x", "-q", "1", "-r"))
    assert "0 messages came" in told(helio("sub", *here, "-t", "$share/g/job", "-W", "1"), 27)


def test_lines_of_a_pipe(there: tuple[str, ...]) -> None:
    with subscriber(*there, "-t", "lines", "-C", "4", "-q", "1") as listening:
        printed(helio("pub", *there, "-t", "lines", "-l", "-q", "1", text="one\ntwo\r\n\nlast"))
        assert listening.communicate(timeout=HANG)[0] == b"one\ntwo\n\nlast\n"


def test_files_and_nothing(there: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "payload"
    file.write_bytes(b"\x00\xff\n")
    with subscriber(*there, "-t", "files", "-C", "3", "-F", "%l:%x") as listening:
        printed(helio("pub", *there, "-t", "files", "-f", str(file)))
        printed(helio("pub", *there, "-t", "files", "-n"))
        printed(helio("pub", *there, "-t", "files", "-s", text="all\nof it"))
        assert listening.communicate(timeout=HANG)[0] == b"3:00ff0a\n0:\n9:616c6c0a6f66206974\n"
    assert "cannot be read" in told(helio("pub", *there, "-t", "files", "-f", "/no/such/file"), 2)


def test_series_of_random_values(there: tuple[str, ...]) -> None:
    with subscriber(*there, "-t", "series/#", "-C", "5", "-v") as listening:
        template = '{"t": "{random:20:30}", "n": "{seq}"}'
        sent = printed(
            helio(
                "pub",
                *there,
                "-t",
                "series/{seq}",
                "--json",
                template,
                "--every",
                "10ms",
                "--count",
                "5",
                "-v",
            )
        )
        lines = listening.communicate(timeout=HANG)[0].decode().splitlines()
    assert lines == sent.splitlines()
    values = [json.loads(line.partition(" ")[2]) for line in lines]
    assert [value["n"] for value in values] == [1, 2, 3, 4, 5]
    assert all(20 <= value["t"] <= 30 for value in values)


def test_decoding(there: tuple[str, ...]) -> None:
    with subscriber(*there, "-t", "decode", "-C", "3", "--decode", "json") as listening:
        for payload in ('{"t":1}', "{broken", "2"):
            printed(helio("pub", *there, "-t", "decode", "-m", payload))
        out, errors = listening.communicate(timeout=HANG)
    assert out == b'{"t": 1}\n2\n'
    assert b"decode: not JSON: expecting property name" in errors
    with subscriber(*there, "-t", "decode", "--decode", "cbor", "--strict") as listening:
        printed(helio("pub", *there, "-t", "decode", "-m", "{broken"))
        listening.communicate(timeout=HANG)
        assert listening.returncode == 65


def test_differences(there: tuple[str, ...]) -> None:
    with subscriber(*there, "-t", "diff", "--diff", "-C", "3") as listening:
        for payload in ('{"t":1,"on":true}', '{"t":1,"on":true}', '{"t":3,"on":true}'):
            printed(helio("pub", *there, "-t", "diff", "-m", payload))
        out = listening.communicate(timeout=HANG)[0].decode()
    assert out == "+ diff t : 1\n+ diff on : true\n~ diff t : 1 → 3 (+2)\n"


def test_a_recording_is_played_back(there: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "lab.jsonl"
    with subscriber(*there, "-t", "rec/#", "-q", "2", "-C", "3", "--record", str(file)) as recording:
        for number, payload in enumerate(("text °C", "x" * 1000, "last")):
            printed(helio("pub", *there, "-t", f"rec/{number}", "-m", payload, "-q", str(number)))
        recording.communicate(timeout=HANG)
    assert "is there already" in told(helio("sub", *there, "-t", "a", "--record", str(file)), 2)
    with subscriber(*there, "-t", "again/#", "-q", "2", "-C", "3", "-F", "%t %q %l") as listening:
        done = helio("replay", str(file), *there, "--speed", "max", "--prefix", "again/", "-v")
        assert printed(done).split() == ["again/rec/0", "again/rec/1", "again/rec/2"]
        assert (
            listening.communicate(timeout=HANG)[0]
            == b"again/rec/0 0 8\nagain/rec/1 1 1000\nagain/rec/2 2 4\n"
        )
    assert printed(helio("replay", str(file), *there, "--speed", "20x", "-t", "rec/1", "-v")) == "rec/1\n"
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(file.read_bytes()[:-5])
    assert printed(helio("replay", str(cut), *there, "--speed", "max", "-v")) == "rec/0\nrec/1\n"
    cut.write_text("something else\n")
    assert "not a recording" in told(helio("replay", str(cut), *there), 65)


def test_retained_messages_are_shown_and_cleared(there: tuple[str, ...]) -> None:
    for name in ("a", "b", "keep"):
        printed(helio("pub", *there, "-t", f"old/{name}", "-m", "x", "-r", "-q", "1"))
    only = ("sub", *there, "-t", "old/#", "--retained-only", "-F", "%t")
    assert printed(helio(*only)).split() == ["old/a", "old/b", "old/keep"]
    listed = printed(helio("clear", *there, "old/#", "-T", "old/keep", "--dry-run"))
    assert listed == "  old/a  (1 bytes)\n  old/b  (1 bytes)\n"
    refused = helio("clear", *there, "old/#", "-T", "old/keep", text="n\n")
    assert refused.returncode == 1
    assert "Remove these 2? [y/N] nothing was removed" in refused.stdout
    assert printed(helio("clear", *there, "old/#", "-T", "old/keep", text="y\n")).endswith("2 removed\n")
    assert printed(helio(*only)).split() == ["old/keep"]
    assert printed(helio("sub", *there, "-t", "old/#", "--retained-only", "--remove-retained")) == "x\n"
    assert printed(helio(*only)) == ""


def test_requests_and_responses(there: tuple[str, ...]) -> None:
    with subscriber(*there, "-V", "5", "-t", "ask", "-C", "1", "-F", "%R %D %p") as asked:
        asking = threading.Thread(
            target=lambda: helio("rr", *there, "-t", "ask", "-m", "how warm?", "-W", "5")
        )
        asking.start()
        topic, correlation, text = asked.communicate(timeout=HANG)[0].rstrip(b"\n").split(b" ", 2)
        asking.join(HANG)
    assert topic.startswith(b"helio/answers/")
    assert len(correlation) == 8
    assert text == b"how warm?"
    line = told(helio("rr", *there, "-t", "nobody", "-m", "x", "-W", "0.5"), 27)
    assert "no answer to 'nobody' within 0.5 s" in line


def test_a_response_of_mosquittos_and_a_request_of_the_embedded_broker(embedded: HubProcess) -> None:
    here = ("-h", embedded.mqtt_host, "-p", str(embedded.mqtt_port))
    with subscriber(*here, "-t", "ask", "-C", "1") as asked:
        answered: list[Done] = []
        command = ("rr", *here, "-t", "ask", "-m", '{"value": 1}', "--reply-to", "-W", "15")
        asking = threading.Thread(target=lambda: answered.append(helio(*command)))
        asking.start()
        request = json.loads(asked.communicate(timeout=HANG)[0])
        assert request["value"] == 1
        printed(helio("pub", *here, "-t", request["reply_to"], "-m", "21.5", "-q", "1"))
        asking.join(HANG)
    assert printed(answered[0]) == "21.5\n"


def test_subscribers_survive_a_broker_that_comes_back(tmp_path: Path) -> None:
    with MosquittoProcess(tmp_path) as broker:
        here = ("-h", broker.host, "-p", str(broker.port))
        with subscriber(*here, "-t", "a", "-q", "1", "-C", "2") as listening:
            printed(helio("pub", *here, "-t", "a", "-m", "before", "-q", "1"))
            broker.kill()
            broker.start()
            assert listening.stderr is not None
            while b"connected to" not in listening.stderr.readline():
                pass
            deadline = time.monotonic() + HANG
            while listening.poll() is None and time.monotonic() < deadline:
                printed(helio("pub", *here, "-t", "a", "-m", "after", "-q", "1"))
                time.sleep(0.2)
            assert listening.communicate(timeout=HANG)[0] == b"before\nafter\n"


@pytest.mark.parametrize(("how", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stop_is_a_goodbye_and_no_last_will(
    there: tuple[str, ...], how: signal.Signals, status: int
) -> None:
    with subscriber(*there, "-t", "will/#", "-W", "1.5") as watching:
        with subscriber(*there, "-t", "x", "--will-topic", "will/x", "--will-payload", "gone") as ending:
            ending.send_signal(how)
            assert ending.wait(HANG) == status
        out = watching.communicate(timeout=HANG)[0]
    assert (out, watching.returncode) == (b"", 27)


def test_a_count_leaves_the_rest_of_a_session_with_the_broker(there: tuple[str, ...]) -> None:
    session = ("sub", *there, "-c", "-i", "counted", "-t", "counted", "-q", "1")
    printed(helio(*session, "-E"))
    printed(helio("pub", *there, "-t", "counted", "-l", "-q", "1", text="1\n2\n3\n4\n5\n"))
    assert printed(helio(*session, "-C", "2")) == "1\n2\n"
    assert printed(helio(*session, "-C", "3")) == "3\n4\n5\n"


@pytest.mark.parametrize("version", ["311", "5"])
def test_websockets_and_unix_sockets(tmp_path: Path, version: str) -> None:
    lines = ("allow_anonymous true", "protocol websockets", f"listener 0 {tmp_path / 'socket'}")
    with MosquittoProcess(tmp_path, *lines) as broker:
        by_ws = ("-V", version, "-h", broker.host, "-p", str(broker.port), "--ws", "/mqtt")
        by_unix = ("-V", version, "--unix", str(tmp_path / "socket"))
        for sending, receiving in ((by_ws, by_unix), (by_unix, by_ws)):
            with subscriber(*receiving, "-t", "a", "-C", "2", "-q", "2", "-F", "%l") as listening:
                printed(helio("pub", *sending, "-t", "a", "-s", "-q", "2", text="x" * 200_000))
                printed(helio("pub", *sending, "-t", "a", "-n", "-q", "2"))
                assert listening.communicate(timeout=HANG)[0] == b"200000\n0\n"
    assert "check the path" in told(helio("pub", "--unix", "/no/such/socket", "-t", "a", "-n"), 14)


def test_a_reader_that_has_had_enough_ends_the_command(there: tuple[str, ...]) -> None:
    with subscriber(*there, "-t", "pipe") as listening:
        assert listening.stdout is not None
        listening.stdout.close()
        printed(helio("pub", *there, "-t", "pipe", "-m", "x", "-q", "1"))
        assert listening.wait(HANG) == 0


def test_properties_of_mqtt_5(there: tuple[str, ...]) -> None:
    with subscriber(*there, "-V", "5", "-t", "p", "-C", "1", "-F", "%C %R %P %F %p") as listening:
        given = (
            "content-type text/plain",
            "response-topic back",
            "user-property a b",
            "payload-format-indicator 1",
        )
        properties = [word for text in given for word in ("-D", "publish", *text.split())]
        printed(helio("pub", *there, "-t", "p", "-m", "x", *properties))
        assert listening.communicate(timeout=HANG)[0] == b"text/plain back a:b 1 x\n"


def test_shared_subscriptions_share(there: tuple[str, ...]) -> None:
    with (
        subscriber(*there, "-t", "$share/g/job", "-q", "1", "-C", "2") as one,
        subscriber(*there, "-t", "$share/g/job", "-q", "1", "-C", "2") as two,
    ):
        printed(helio("pub", *there, "-t", "job", "-l", "-q", "1", text="1\n2\n3\n4\n"))
        done = sorted(one.communicate(timeout=HANG)[0].split() + two.communicate(timeout=HANG)[0].split())
    assert done == [b"1", b"2", b"3", b"4"]


def test_the_same_json_as_mosquitto_sub(there: tuple[str, ...]) -> None:
    printed(helio("pub", *there, "-t", "same/json", "-m", '"21.5 °C"\n', "-r", "-q", "1"))
    host = ("-t", "same/json", "-C", "1", "-q", "1", "-F", "%j")
    ours = json.loads(printed(helio("sub", *there, *host)))
    theirs = json.loads(
        subprocess.run(["mosquitto_sub", *there, *host], capture_output=True, check=True).stdout
    )
    assert ours | {"tst": ""} == theirs | {"tst": ""}


def test_the_bench_measures_every_peer(there: tuple[str, ...]) -> None:
    load = ("--count", "300", "--publishers", "2", "--subscribers", "2", "-q", "1")
    figures = json.loads(
        printed(
            helio(
                "bench",
                "mqtt",
                *there,
                *load,
                "--peers",
                "helio,aiomqtt,mosquitto",
                "--rounds",
                "2",
                "--json",
            )
        )
    )
    assert [each["peer"] for each in figures] == ["helio", "aiomqtt", "mosquitto"]
    assert all(each["sent"] == 300 and each["received"] == 600 and not each["missing"] for each in figures)
    table = printed(helio("bench", "mqtt", *there, "--count", "200", "--rate", "2000"))
    assert table.startswith("client ")
    assert "up to ms, helio:" in table
    assert "peers are of" in told(helio("bench", "mqtt", *there, "--peers", "ours"), 2)
