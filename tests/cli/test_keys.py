"""Key pairs: safe to paste, safe on disk."""

import stat
from pathlib import Path

import pytest
import zmq

from daemon.cli.ask import CannotAskError
from daemon.cli.keys import described, keygen, pair, secret_in


def test_a_pair_belongs_together() -> None:
    public, secret = pair()
    assert zmq.curve_public(secret) == public


def test_a_key_that_a_configuration_or_shell_would_read_otherwise_is_not_given_out() -> None:
    good = (b"p" * 40, b"s" * 40)
    made = iter([(b"a$" + b"x" * 38, b"s" * 40), (b"p" * 40, b"${" + b"x" * 38), (b"-" * 40, b"s" * 40), good])
    assert pair(lambda: next(made)) == good


def test_without_a_folder_both_are_told() -> None:
    made = keygen("", "x")
    assert zmq.curve_public(made["secret"].encode()).decode() == made["public"]
    assert described(made) == f"public: {made['public']}\nsecret: {made['secret']}\n"


def test_in_a_folder_only_the_owner_can_read_the_secret_and_it_is_not_told(tmp_path: Path) -> None:
    made = keygen(str(tmp_path / "new" / "keys"), "lin")
    secret, public = tmp_path / "new/keys/lin.secret", tmp_path / "new/keys/lin.public"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text().strip() not in str(made) + described(made)
    assert made == {
        "name": "lin",
        "public": public.read_text().strip(),
        "public_file": str(public),
        "secret_file": str(secret),
    }
    assert zmq.curve_public(secret_in(str(secret))).decode() == made["public"]


def test_what_to_do_with_a_pair_is_said_for_the_daemon_and_for_a_client(tmp_path: Path) -> None:
    made = keygen(str(tmp_path), "lin")
    daemon, client = described(made).split("If it is a client's")
    assert f"auth: {{curve: {{secret_key: 'file:{tmp_path}/lin.secret', clients: […]}}}}" in daemon
    assert f"--server-key '{made['public']}'" in daemon
    assert f"auth: {{curve: {{clients: [{{name: lin, public: '{made['public']}', may: [read]}}]}}}}" in client
    assert f"--key-file {tmp_path}/lin.secret" in client


def test_a_key_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    keygen(str(tmp_path), "lin")
    before = (tmp_path / "lin.secret").read_bytes()
    with pytest.raises(CannotAskError, match="is there already"):
        keygen(str(tmp_path), "lin")
    assert (tmp_path / "lin.secret").read_bytes() == before


def test_a_file_that_holds_no_key_is_told_without_its_text(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for text in ("", "canary", "canary" + "\x00" * 34, "é" * 20):
        file.write_text(text)
        with pytest.raises(CannotAskError, match="does not hold a secret key") as told:
            secret_in(str(file))
        assert "canary" not in str(told.value)


def test_a_key_that_others_can_read_is_used_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keygen(str(tmp_path), "lin")
    (tmp_path / "lin.secret").chmod(0o644)
    assert len(secret_in(str(tmp_path / "lin.secret"))) == 40
    assert "chmod 600" in capsys.readouterr().err
