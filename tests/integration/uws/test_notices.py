"""Owners are told of their jobs' phases, by real receivers of requests and of letters."""

import json
import socketserver
import threading
import time
from email import message_from_string
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from auth.principal import ANONYMOUS
from dali.errors import AuthorisationError, DaliError, ParameterError
from dali.parameters import Parameters
from uws import delivery, service
from uws.models import Job, Notice
from uws.phases import Phase

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = Parameters([("text", "hello")])


class Receiver(BaseHTTPRequestHandler):
    """Takes notices; refuses the first few where its path says so, or all, or never answers."""

    def do_POST(self):
        """Note what came."""
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, time.monotonic()))
        if self.path == "/slow":
            self.server.closing.wait(30)
        refusals = int(self.path.removeprefix("/refuse/")) if "refuse" in self.path else 0
        mine = [path for path, _ in self.server.asked if path == self.path]
        status = 410 if self.path == "/gone" else 500 if len(mine) <= refusals else 204
        if status == 204:
            self.server.told.append(told)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def receiver():
    """A web server of the owner's; ``told`` holds what it took."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    server.told, server.asked, server.closing = [], [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()


class MailServer(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a sender needs."""

    def handle(self):
        """One letter after another."""
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.upper().split()[0]
            if word == "DATA":
                self.say("354 go on")
                letter = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                self.server.letters.append((self.server.recipient, message_from_string(letter)))
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                if word == "RCPT":
                    self.server.recipient = line.partition("<")[2].partition(">")[0]
                self.say("250 fine")

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mail_server():
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer)
    server.daemon_threads = True
    server.letters = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def telling(settings, people, django_user_model):
    """The server tells both ways; Ann has an e-mail address."""
    settings.VO_UWS_NOTIFY = ("email", "webhook")
    settings.VO_UWS_NOTIFY_NETWORKS = "127.0.0.0/8"
    settings.VO_UWS_NOTIFY_RETRY_S = 0.1
    django_user_model.objects.filter(username="ann").update(email="Ann@example.org")
    return people["ann"]


@pytest.fixture
def telling_worker(worker, mail_server, telling):
    """A worker that tells both ways."""
    host, port = mail_server.server_address
    worker.start(
        VO_UWS_NOTIFY="webhook, email",
        VO_UWS_NOTIFY_NETWORKS="127.0.0.0/8",
        VO_UWS_NOTIFY_RETRY_S="0.2",
        VO_EMAIL_URL=f"smtp://{host}:{port}",
        VO_EMAIL_FROM="jobs@example.org",
    )
    return worker


def test_an_owner_is_told_each_phase_and_gets_a_letter_at_the_end(
    telling_worker, telling, receiver, mail_server, sample, eventually, settings
):
    addresses = [f"{receiver.url}/refuse/2", "MAILTO:ann@example.org", f"{receiver.url}/slow"]
    job_id = service.submit(sample, telling, HELLO, run_id="my Crab", notify=addresses)
    service.run(sample, telling, job_id)
    eventually(lambda: service.phase(sample, telling, job_id) is Phase.COMPLETED)
    eventually(lambda: len(receiver.told) == 3)
    assert [told["phase"] for told in receiver.told] == ["QUEUED", "EXECUTING", "COMPLETED"]
    assert {told["job_id"] for told in receiver.told} == {job_id}
    last = receiver.told[-1]
    assert last["url"].endswith(f"{sample.path}/{job_id}")
    assert (last["run_id"], last["job_type"], last["error"]) == ("my Crab", "sample", None)
    assert last["time"].endswith("Z")
    # two refusals, and a pause that doubles, before the first of them was taken
    tries = [then for path, then in receiver.asked if path == "/refuse/2"]
    assert len(tries) == 5
    eventually(lambda: mail_server.letters)
    ((recipient, letter),) = mail_server.letters
    assert (recipient, letter["From"]) == ("ann@example.org", "jobs@example.org")
    assert letter["Subject"] == "sample: my Crab is COMPLETED"
    assert job_id in letter.get_payload()
    assert telling_worker.stop() == 0, "a receiver that never answers holds up nobody"


def test_a_failed_jobs_letter_has_the_reason(
    telling_worker, telling, mail_server, sample, eventually
):
    parameters = Parameters([("text", "hello"), ("end", "fail")])
    service.submit(sample, telling, parameters, notify=["mailto:ann@example.org"], run_now=True)
    eventually(lambda: mail_server.letters)
    ((_, letter),) = mail_server.letters
    assert "is ERROR" in letter["Subject"]
    assert "the sky is cloudy" in letter.get_payload()
    eventually(lambda: not Notice.objects.exists())


def make(sample, owner, *addresses):
    return service.submit(sample, owner, HELLO, notify=addresses)


def all_told(limit_s=20.0):
    """Tell what there is, as a worker's thread does, until nothing is left."""
    until = time.monotonic() + limit_s
    while Notice.objects.exists():
        assert time.monotonic() < until
        if not delivery.tell_next():
            time.sleep(0.02)


def test_what_can_not_be_told_is_given_up_in_the_end(
    telling, receiver, sample, monkeypatch, caplog
):
    monkeypatch.setattr(delivery, "TRIES", 3)
    job_id = make(sample, telling, f"{receiver.url}/refuse/99")
    service.abort(sample, telling, job_id)
    all_told()
    assert len(receiver.asked) == 3
    first, second, third = (then for _, then in receiver.asked)
    assert third - second > second - first > 0.1
    assert "given up: its server answers with status 500" in caplog.text


def test_a_receiver_that_is_gone_is_not_asked_again(telling, receiver, sample):
    service.abort(sample, telling, make(sample, telling, f"{receiver.url}/gone"))
    all_told()
    assert len(receiver.asked) == 1


def test_a_host_that_is_not_public_by_the_time_is_not_spoken_to(
    telling, receiver, sample, settings, monkeypatch
):
    job_id = make(sample, telling, f"http://localhost:{receiver.server_port}/")
    service.abort(sample, telling, job_id)
    settings.VO_UWS_NOTIFY_NETWORKS = ""
    monkeypatch.setattr(delivery, "TRIES", 1)
    all_told()
    assert receiver.asked == []


def test_a_notice_outlives_its_job_and_its_worker(telling, receiver, sample):
    job_id = make(sample, telling, receiver.url)
    service.run(sample, telling, job_id)
    service.abort(sample, telling, job_id)
    service.delete(sample, telling, job_id)
    assert not Job.objects.exists()
    all_told()
    assert [told["phase"] for told in receiver.told] == ["QUEUED", "ABORTED"]


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [
        ("ftp://example.org/", ParameterError, "only http: and https:"),
        ("javascript:alert(1)", ParameterError, "only http: and https:"),
        ("example.org", ParameterError, "only http: and https:"),
        ("http://ann:secret@example.org/", ParameterError, "password"),
        ("http://10.0.0.1/hook", ParameterError, "no public address"),
        ("http://[::1]/hook", ParameterError, "no public address"),
        ("http://169.254.169.254/latest", ParameterError, "no public address"),
        ("https://example.org/" + "x" * 3000, ParameterError, "2000 characters"),
        ("mailto:bob@example.org", AuthorisationError, "which is another"),
        ("mailto:", AuthorisationError, "which is another"),
        ("https://example.org/a\x00b", DaliError, "control character"),
    ],
)
def test_what_may_not_be_told_is_refused_in_words(telling, sample, address, error, words):
    with pytest.raises(error, match=words):
        make(sample, telling, address)
    assert not Job.objects.exists()


def test_who_may_be_told_and_by_what(telling, people, sample, settings):
    hook = "https://example.org/hook"
    with pytest.raises(AuthorisationError, match="sign in"):
        make(sample, ANONYMOUS, hook)
    with pytest.raises(AuthorisationError, match="not known here"):
        make(sample, people["bob"], "mailto:bob@example.org")
    with pytest.raises(ParameterError, match="5 addresses at most"):
        make(sample, telling, *(f"{hook}/{number}" for number in range(6)))
    assert service.get(sample, telling, make(sample, telling, hook, hook)).notify == (hook,)
    settings.VO_UWS_NOTIFY = ("email",)
    with pytest.raises(AuthorisationError, match="by email only"):
        make(sample, telling, hook)
    settings.VO_UWS_NOTIFY = ()
    with pytest.raises(AuthorisationError, match="tells nobody"):
        make(sample, telling, hook)


def test_addresses_are_read_and_changed_by_the_owner_alone(telling, people, sample, client):
    address = "https://example.org/hook?secret=1"
    client.login(username="ann", password="ann")
    answer = client.post(
        sample.path, {"text": "hello", "NOTIFY": [address, "mailto:ann@example.org"]}
    )
    job = answer["Location"].partition("8000")[2]
    assert client.get(f"{job}/notify").content.decode() == f"{address}\nmailto:ann@example.org\n"
    assert client.post(f"{job}/notify").status_code == 400
    assert client.post(f"{job}/notify", {"NOTIFY": ""}).status_code == 303
    assert client.get(f"{job}/notify").content == b""
    url = f"/api/uws/sample/jobs/{job.rpartition('/')[2]}"
    body = {"notify": [address]}
    assert client.patch(url, body, content_type="application/json").json()["notify"] == [address]
    wrong = {"notify": "http://example.org"}
    assert client.patch(url, wrong, content_type="application/json").status_code == 400
    client.login(username="bob", password="bob")
    assert client.get(f"{job}/notify").status_code == 403
    assert client.post(f"{job}/notify", {"NOTIFY": address}).status_code == 403


def test_nobody_who_did_not_ask_is_told(telling, sample):
    job_id = service.submit(sample, telling, HELLO, run_now=True)
    service.abort(sample, telling, job_id)
    assert not Notice.objects.exists()
