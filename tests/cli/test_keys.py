"""``-k``, ``--key`` and ``keys check`` on the command line; and that no key shows anywhere."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.cli.main import main
from analyzer.key_check import KeyCheck
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.simulate.security import KeySource, Mechanism
from captures.samples import samples
from tests.analyzer.tracking.build import Said, asked, wrapped
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.analyzer.tracking.secured import said, secrets, security_of, session
from tests.analyzer.tracking.test_wrong_keys import transfer
from tests.analyzer.tracking.wrong_keys import WRONG, World
from tests.captures.build import pcap_header, pcap_record
from tests.cli.conftest import Run, spawn
from tests.conftest import ROOT

CLIENT, SERVER = "4D4D4D0000000001", "4D4D4D0000BC614E"


def pcap_of(path: Path, units: list[Said]) -> Path:
    """Write APDUs on the wrapper over TCP."""
    chunks = wrapper_conversation(units)
    path.write_bytes(pcap_header(digits=6) + b"".join(pcap_record(one.octets, fraction=one.number) for one in chunks))
    return path


def keyring_of(path: Path, given: dict[KeyRole, bytes], *, title: str = SERVER, mode: int = 0o600) -> Path:
    """Write a keyring of one meter."""
    lines = [f'{role.value} = "{octets.hex().upper()}"' for role, octets in given.items()]
    path.write_text("\n".join(["[[meter]]", *([f'server_title = "{title}"'] if title else []), *lines, ""]))
    path.chmod(mode)
    return path


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return pcap_of(tmp_path / "secured.pcap", said(session(security_of(0, KeySource.DEDICATED))))


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    return keyring_of(tmp_path / "keys.toml", secrets(security_of()))


def test_keyring_opens_a_capture(run: Run, capture: Path, ring: Path) -> None:
    ran = run("decode", "--json", "-k", ring, capture)
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.status, ran.err) == (0, "")
    assert {line["ciphered"]["status"] for line in lines} == {"verified"}
    assert lines[0]["ciphered"]["key"].startswith(f"guek@{SERVER}:")
    assert lines[2]["ciphered"]["key"].startswith(f"dedicated@{SERVER}:")
    assert lines[2]["protection"][0]["status"] == "verified"


def test_text_names_the_verdict(run: Run, capture: Path, ring: Path) -> None:
    lines = run("decode", "-k", ring, capture).out.splitlines()
    assert all("[verified]" in line for line in lines if " wrapper " in line)


def test_tree_shows_the_deciphered_apdu(run: Run, capture: Path, ring: Path) -> None:
    out = run("decode", "--tree", "-k", ring, capture).out
    assert "deciphered APDU" in out
    assert "ded-get-request" in out
    assert "dedicated-key: (masked)" in out


def test_pipe_is_opened_with_what_is_known_so_far(capture: Path, ring: Path) -> None:
    ran = spawn("decode", "--json", "-k", ring, "-", given=capture.read_bytes())
    assert {json.loads(line)["ciphered"]["status"] for line in ran.out.splitlines()} == {"verified"}


def test_key_on_the_command_line_is_warned_about_once(run: Run, capture: Path) -> None:
    keys = security_of().keys
    ran = run("decode", "-q", "--key", f"guek={keys.guek.hex()}", "--key", f"gak={keys.gak.hex()}", capture)
    assert ran.complaint.startswith("--key: the process list shows")


def test_loose_permissions_are_said(run: Run, capture: Path, tmp_path: Path) -> None:
    loose = keyring_of(tmp_path / "loose.toml", {}, mode=0o644)
    assert "others can read this keyring" in run("decode", "-q", "-k", loose, capture).complaint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[meter]]\ngeuk = 1", "did you mean 'guek'?"), ("[meter", "no TOML"), ("x = 1", "unknown member"),
        ('guek = "00"', "write [[meter]] above it"), ('[[meter]]\nguek = "000"', "not 3 digits"),
        (f'[[meter]]\nguek = "{"0" * 31}O"', "characters that are no hex digits: 1 of 32"),
        ("[[meter]]\nguek = 12", "as text in quotes"), ("[[meter]]\nguek = 0G", "values in them"),
    ],
)  # fmt: skip
def test_wrong_keyring_is_status_4(run: Run, capture: Path, tmp_path: Path, text: str, says: str) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text)
    ran = run("decode", "-k", wrong, capture)
    assert (ran.status, ran.out) == (4, "")
    assert says in ran.complaint


SECRET = "0F1E2D3C4B5A69788796A5B4C3D2E1F0"


@pytest.mark.parametrize(
    "text",
    [
        f"[[meter]]\nguek = {SECRET}", f'[[meter]]\nguek = "{SECRET}0"', f'[[meter]]\nguek = "{SECRET}', f"guek: {SECRET}",
        f'[[meter]]\n{SECRET} = "guek"', f'{SECRET} = "guek"', f"[{SECRET}]\nguek = 1", f'[[meter]]\n"guek {SECRET}" = 1',
        f'[[meter]]\nserver_title = "{SECRET}"', f'[[meter]]\nclient = "{SECRET}"', f'[[meter]]\ncertificates = "{SECRET}"',
        f'[[meter]]\nclient_signing_key = "{SECRET[:-2]}"', f'[[meter]]\nguek = {{ hex = "{SECRET}x" }}',
        f'[[meter]]\nguek = "{SECRET}"\nguek = "{SECRET}"',
    ],
)  # fmt: skip
def test_wrong_keyring_is_refused_without_what_stands_in_it(run: Run, tmp_path: Path, text: str) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text)
    for words in (("decode", "-k", wrong, "--hex", "C401C1000600012345"), ("keys", "check", wrong)):
        ran = run(*words)
        assert ran.status == 4
        assert SECRET[:-2] not in (ran.out + ran.err).upper()


@pytest.mark.parametrize(
    "word",
    [SECRET, f"{SECRET}=guek", f"guek@{SECRET}=00", f"guek=@{SECRET}", f"guek={SECRET}0", f"geuk={SECRET}", f"guek:{SECRET}"],
)  # fmt: skip
def test_wrong_key_on_the_command_line_is_refused_without_what_stands_in_it(run: Run, word: str) -> None:
    ran = run("decode", "--key", word, "--hex", "C401C1000600012345")
    assert ran.status == 4
    assert SECRET[:-2] not in (ran.out + ran.err).upper()


@pytest.mark.parametrize(
    "words",
    [
        ("decode", "-k", f"guek={SECRET}"), ("decode", "-k", SECRET), ("decode", f"--guek={SECRET}"), ("decode", SECRET),
        (SECRET,), ("decode", "-Y", f"guek == {SECRET}", "--hex", "C4"), ("keys", "check", f"guek={SECRET}"),
        ("keys", "check", f"ek@4D4D4D0000BC614E={SECRET}"), ("explain", f"gak={SECRET}"), ("export", "--to", SECRET, "x"),
    ],
)  # fmt: skip
def test_key_in_the_wrong_place_is_not_said_again(run: Run, words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert SECRET[:-2] not in (ran.out + ran.err).upper()
    if "-k" in words or "check" in words:
        assert "a keyring file was expected, not a key" in ran.complaint


def test_file_whose_name_has_many_hex_digits_is_named(run: Run) -> None:
    assert f"{SECRET}.pcap: no such file" in run("decode", f"{SECRET}.pcap").complaint


def test_capture_named_by_its_checksum_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    digest = "d41d8cd98f00b204e9800998ecf8427e"
    monkeypatch.chdir(tmp_path)
    Path(digest).write_text("C401C1000600012345\n")
    assert f"{digest}: no record passes the filter" in run("decode", "-Y", "set", digest).err
    assert digest not in run("decode", "-k", digest, "--hex", "C401C1000600012345").err


@pytest.mark.parametrize("form", ["apdu == {}", 'apdu == "{}"', "apdu=={} and"])
def test_octets_that_a_filter_compares_with_are_named(run: Run, form: str) -> None:
    text = form.format(SECRET)
    assert f"--filter '{text}', at character" in run("decode", "-Y", text, "--hex", "C401C1000600012345").complaint


@pytest.mark.parametrize(
    "text",
    [SECRET, f"guek == {SECRET}", f"key == {SECRET} and", f"apdu == {SECRET} or ek == {SECRET}", f"get {SECRET}"],
)
def test_key_in_a_filter_is_not_said_again(run: Run, text: str) -> None:
    ran = run("decode", "-Y", text, "--hex", "C401C1000600012345")
    assert SECRET not in ran.out + ran.err


def test_environment_that_holds_a_key_is_not_said_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLMSHARK_KEYS", f"guek={SECRET}")
    ran = run("decode", "--hex", "C401C1000600012345")
    assert (ran.status, SECRET in ran.err) == (4, False)


# -- keys check -----------------------------------------------------------------------------------------------------


def rows(out: str) -> dict[str, dict[str, object]]:
    return {re.split("[@:]", (row := json.loads(line))["key"])[0]: row for line in out.splitlines()}


def test_check_without_a_capture_lists_the_keys(run: Run, ring: Path) -> None:
    ran = run("keys", "check", ring)
    assert ran.status == 0
    assert ran.out.splitlines()[0].startswith(f"guek@{SERVER}:")


def test_check_says_which_asymmetric_key_is_none(run: Run, tmp_path: Path) -> None:
    ring = tmp_path / "k.toml"
    ring.write_text(
        '[[meter]]\nclient_signing_key = """-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----"""\n'
    )
    ran = run("keys", "check", ring)
    assert ran.status == 1
    assert "client_signing_key  the keyring gives no key there" in ran.out


def test_check_counts_what_each_key_opens(run: Run, capture: Path, ring: Path) -> None:
    ran = run("keys", "check", "--json", ring, capture)
    found = rows(ran.out)
    assert ran.status == 0
    assert (found["guek"]["opens"], found["guek"]["fails"]) == (4, 0)
    assert found["dedicated"]["opens"] == found["gak"]["opens"] - 4  # type: ignore[operator]
    assert found["kek"]["reason"] == "nothing asked for it"


WORDS = [word for role, octets in secrets(security_of()).items() for word in ("--key", f"{role.value}={octets.hex()}")]


def test_check_with_keys_of_the_command_line_needs_no_keyring(run: Run, capture: Path) -> None:
    ran = run("keys", "check", "--json", *WORDS, capture)
    assert (ran.status, rows(ran.out)["guek"]["opens"]) == (0, 4)
    ran = run("keys", "check", "--json", *WORDS, capture, capture)
    assert (ran.status, rows(ran.out)["guek"]["opens"]) == (0, 8)


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_check_with_keys_of_the_command_line_reads_a_capture_that_comes_once(capture: Path, name: str) -> None:
    ran = spawn("keys", "check", "--json", *WORDS, name, given=capture.read_bytes())
    assert (ran.status, rows(ran.out)["guek"]["opens"]) == (0, 4)


def test_keyring_that_is_too_large_is_not_read(run: Run, capture: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 26)
    ran = run("keys", "check", large, capture)
    assert (ran.status, ran.complaint.partition(": ")[2]) == (4, "no keyring: larger than 32 MiB")


def test_check_says_why_the_rest_stays_closed(run: Run, tmp_path: Path) -> None:
    world = World(random.Random(3))
    world.neighbours()
    world.one()
    path = pcap_of(tmp_path / "c.pcap", world.said)
    swapped = keyring_of(tmp_path / "k.toml", {KeyRole.GUEK: world.gak, KeyRole.GAK: world.guek}, title="")
    ran = run("keys", "check", "--json", swapped, path)
    assert ran.status == 1
    assert "exchanged" in str(rows(ran.out)["guek"]["reason"])


@pytest.mark.parametrize(("key_id", "role", "opens"), [(2, "gak", [2, 1]), (3, "kek", [0, 0])])
def test_check_tells_keys_that_came_and_open_nothing_themselves(
    run: Run, tmp_path: Path, key_id: int, role: str, opens: list[int]
) -> None:
    world = World(random.Random(5))
    world.given[KeyRole.KEK] = world.kek
    new = bytes(range(len(world.gak)))
    transfer(world, key_id, new)
    if role == "gak":
        world.gak = new
    world.one()
    path = pcap_of(tmp_path / "c.pcap", world.said)
    ran = run("keys", "check", "--json", keyring_of(tmp_path / "k.toml", world.given, title=""), path)
    found = [row for row in map(json.loads, ran.out.splitlines()) if row["key"].startswith(role)]
    assert [row["opens"] for row in found] == opens
    assert f": {role} is replaced here by the key of record " in found[1]["reason"]
    assert ran.status == 0


def test_check_tells_the_keys_of_each_epoch(run: Run, tmp_path: Path) -> None:
    world = World(random.Random(5))
    world.given[KeyRole.KEK] = world.kek
    WRONG["changed key without KEK"].make(world)
    path = pcap_of(tmp_path / "c.pcap", world.said)
    ran = run("keys", "check", "--json", keyring_of(tmp_path / "k.toml", world.given, title=""), path)
    old, new = (row for row in map(json.loads, ran.out.splitlines()) if row["key"].startswith("guek"))
    assert ran.status == 0
    assert (new["opens"], new["fails"]) == (1, 0)
    assert old["opens"] >= 2
    assert re.search(
        r"^record \d+: guek is replaced here by the key of record \d+: guek:\w{8} \(epoch 2\)", new["reason"]
    )


def test_check_names_an_authentication_key_that_made_no_tag(run: Run, tmp_path: Path) -> None:
    world = World(random.Random(6))
    WRONG["wrong authentication key"].make(world)
    path = pcap_of(tmp_path / "c.pcap", world.said)
    ran = run("keys", "check", "--json", keyring_of(tmp_path / "k.toml", world.given, title=""), path)
    gak = rows(ran.out)["gak"]
    assert ran.status == 1
    assert (gak["opens"], gak["fails"], gak["reason"]) == (0, 1, "made none of the tags that fail")


def test_check_tries_keys_of_other_meters(run: Run, tmp_path: Path) -> None:
    world = World(random.Random(4))
    world.one()
    path = pcap_of(tmp_path / "c.pcap", world.said)
    other = keyring_of(tmp_path / "k.toml", world.given, title="5858580000000001")
    ran = run("keys", "check", other, path)
    assert ran.status == 1
    assert "a selector is wrong" in ran.out


def test_check_blames_a_wrong_signature_on_no_key_that_opens_what_is_signed(run: Run, tmp_path: Path) -> None:
    world = World(random.Random(4))
    world.given[KeyRole.CLIENT_SIGNING] = secrets(security_of(1))[KeyRole.CLIENT_SIGNING]
    for _ in range(2):
        inner = world.request()
        head = b"\xdf\x01\x01" + b"".join(b"\x08" + title for title in (world.client, world.server)) + bytes(2)
        world.said.append(asked(head + bytes((len(inner),)) + inner + b"\x40" + bytes(range(1, 65))))
    path = pcap_of(tmp_path / "c.pcap", world.said)
    ran = run("keys", "check", "--json", keyring_of(tmp_path / "k.toml", world.given, title=""), path)
    found = rows(ran.out)
    assert (ran.status, found["guek"]["opens"], found["guek"]["fails"]) == (1, 2, 0)
    assert "selector" not in ran.out
    assert "the signature is wrong" in str(found["(none)"]["reason"])


# -- secrecy --------------------------------------------------------------------------------------------------------


OUTPUTS = [
    ("decode",), ("decode", "--tree"), ("decode", "--json"), ("decode", "--json", "--layers"),
    ("decode", "--tree", "--octets"), ("decode", "-v", "-q"), ("keys", "check"), ("keys", "check", "--json"),
    ("readings",), ("readings", "--json"), ("readings", "--csv"), ("doctor",), ("doctor", "--json"),
    ("audit",), ("audit", "--json"),
]  # fmt: skip


def shown_as(octets: bytes) -> set[str]:
    """A key in every form in which it could be printed: hex, base64, numbers, as text, as Python writes it."""
    encoded = (base64.b64encode(octets), base64.urlsafe_b64encode(octets))
    numbers = ",".join(map(str, octets))
    return {
        octets.hex(),
        *(one.decode().rstrip("=") for one in encoded),
        numbers,
        str(octets)[2:-1],
        octets.decode("latin-1"),
    }


def shown_keys(output: str, keys: dict[KeyRole, bytes]) -> list[tuple[KeyRole, str]]:
    """The keys that stand in *output*, with or without separators, in upper or lower case."""
    texts = (output.lower(), re.sub(r"[\s:.\-]", "", output).lower())
    return [
        (role, form)
        for role, octets in keys.items()
        for form in shown_as(octets)
        if any(form.lower() in one for one in texts)
    ]


@pytest.mark.parametrize("words", OUTPUTS)
@pytest.mark.parametrize("source", [KeySource.DEDICATED, KeySource.WRAPPED, KeySource.BROADCAST, KeySource.STATIC])
def test_no_output_shows_a_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], source: KeySource
) -> None:
    security = security_of(1, source)
    path = pcap_of(tmp_path / "c.pcap", said(session(security)))
    given = secrets(security)
    for role in (KeyRole.GUEK, KeyRole.GAK):  # right, and wrong
        ring = keyring_of(tmp_path / "k.toml", given)
        check = [str(ring)] if words[0] == "keys" else ["-k", str(ring)]
        main([*words, *check, str(path)])
        given = given | {role: bytes(range(200, 216))}
    out, err = capsys.readouterr()
    assert out or "-q" in words
    assert shown_keys(out + err, secrets(security) | {KeyRole.DEDICATED: security.keys.dedicated}) == []
    assert shown_keys(out + err, {KeyRole.GUEK: bytes(range(200, 216))}) == []


@pytest.mark.parametrize("words", OUTPUTS)
@pytest.mark.parametrize("mechanism", [Mechanism.LLS, Mechanism.HLS_MD5, Mechanism.HLS_SHA256])
def test_no_output_shows_a_password_or_secret_that_is_ciphered_or_hashed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], mechanism: Mechanism
) -> None:
    secret = b"Rosebud-77"
    security = security_of(0, mechanism=mechanism, secret=secret)
    path = pcap_of(tmp_path / "c.pcap", said(session(security)))
    ring = keyring_of(tmp_path / "k.toml", secrets(security))
    role = KeyRole.LLS_PASSWORD if mechanism is Mechanism.LLS else KeyRole.HLS_SECRET
    ring.write_text(f'{ring.read_text()}{role.value} = "{secret.decode()}"\n')
    main([*words, *([str(ring)] if words[0] == "keys" else ["-k", str(ring)]), str(path)])
    out, err = capsys.readouterr()
    found = shown_keys(out + err, {role: secret})
    # an AARQ holds a password in clear: in JSON the octets of the capture are what the wire held
    tells_octets = mechanism is Mechanism.LLS and words[0] == "decode" and "--json" in words
    assert {form for _, form in found} == ({secret.hex()} if tells_octets else set())


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("is_opened", [True, False])
def test_no_difference_shows_a_key_or_password(
    run: Run, tmp_path: Path, form: tuple[str, ...], is_opened: bool
) -> None:
    secrets_of = {}
    paths = []
    for name, source, secret in (("a", KeySource.GLOBAL, b"Rosebud-77"), ("b", KeySource.DEDICATED, b"Xanadu-1941")):
        security = security_of(0, source, mechanism=Mechanism.LLS, secret=secret)
        paths.append(pcap_of(tmp_path / f"{name}.pcap", said(session(security))))
        secrets_of |= secrets(security) | {KeyRole.DEDICATED: security.keys.dedicated}
    keys = ["-k", keyring_of(tmp_path / "k.toml", secrets(security))] if is_opened else []
    ran = run("diff", *form, *keys, *paths)
    assert ran.status == 1
    for secret in (b"Rosebud-77", b"Xanadu-1941"):
        assert shown_keys(ran.out + ran.err, secrets_of | {KeyRole.LLS_PASSWORD: secret}) == []


def test_no_exception_or_repr_shows_a_key() -> None:
    from tests.analyzer.tracking.secured import keyring

    security = security_of()
    ring = keyring(secrets(security))
    shown = repr(ring.meters) + repr([key for meter in ring.meters for key in meter.keys.values()]) + str(ring)
    assert security.keys.guek.hex() not in shown.lower()
    assert repr(security.keys.guek)[2:-1] not in shown


def test_wrapped_units_carry_the_session() -> None:
    units = said(session(security_of()))
    assert len(wrapped(units)) == len(units)


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        ("", 0, "no keys in it; [[meter]] and below it guek"),
        ("[[meter]]\nclient = 1\n", 0, "no keys in it"),
        ('[[meter]]\nserver_signing_key = "gone.pem"\n', 4, "server_signing_key: gone.pem: no such file"),
        ('[[meter]]\naddress = "10.0.0.7 port 4059"\nguek = "00"\n', 4, "address: expected an address"),
    ],
)
def test_keyring_that_opens_nothing_is_said_to(run: Run, tmp_path: Path, text: str, status: int, says: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    path.chmod(0o600)
    ran = run("keys", "check", path)
    assert (ran.status, ran.out) == (status, "")
    assert says in ran.complaint


def test_key_file_that_holds_no_key_is_said_without_names_of_exceptions(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    path = tmp_path / "keys.toml"
    path.write_text('[[meter]]\nserver_signing_key = "broken.pem"\n')
    path.chmod(0o600)
    ran = run("keys", "check", path)
    assert ran.status == 1
    assert "no readable key: damaged, or not opened by the passphrase" in ran.out and "Error" not in ran.out


def test_missing_authentication_key_is_no_missing_key(run: Run, tmp_path: Path) -> None:
    sample = next(one for one in samples() if one.name == "ln-ciphered")
    assert sample.keys is not None
    guek = tomllib.loads(sample.keys.read_text())["meter"][0]["guek"]
    ring = tmp_path / "guek.toml"
    ring.write_text(f'[[meter]]\nguek = "{guek}"\n')
    ring.chmod(0o600)
    first, rest = run("doctor", "-k", ring, sample.path).out.split("\n\n", 1)
    assert first.startswith("1. NOTE: A key that it takes is not given.")
    assert "also   21 times more on 198.51.100.7:4059 > 192.0.2.10:51234: records 2, 4," in first
    assert "undecipherable" not in rest
    checked = run("keys", "check", ring, sample.path)
    assert checked.status == 0
    assert "no authentication key is given: 29 tags not checked" in checked.out


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_reason_is_folded_below_its_key_where_the_terminal_is_narrow(tmp_path: Path) -> None:
    world = World(random.Random(6))
    WRONG["wrong authentication key"].make(world)
    path = pcap_of(tmp_path / "c.pcap", world.said)
    ring = keyring_of(tmp_path / "k.toml", world.given, title="")
    ours, theirs = os.openpty()
    words = [sys.executable, "-m", "analyzer.cli.main", "keys", "check", str(ring), str(path)]
    with subprocess.Popen(words, stdout=theirs, cwd=ROOT, env=os.environ | {"COLUMNS": "60"}) as child:
        child.wait(60)
    os.close(theirs)
    shown = os.read(ours, 65536).decode().splitlines()
    os.close(ours)
    assert max(map(len, shown)) <= 60
    assert any(line.startswith("    the text reads under guek") for line in shown)


def test_check_of_many_meters_goes_through_them_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted(list[Meter]):
        passes = 0

        def __iter__(self) -> Iterator[Meter]:
            Counted.passes += 1
            return super().__iter__()

    meters = [Meter(server_title=bytes((1, *number.to_bytes(7, "big")))) for number in range(300)]
    for meter in meters:
        meter.keys = {role: Key(role, bytes(16), meter.place) for role in (KeyRole.GUEK, KeyRole.GAK)}
    keys = Keyring(meters)
    monkeypatch.setattr(keys, "meters", Counted(meters))
    assert len(KeyCheck(keys).rows()) == 600
    assert Counted.passes < 5


def test_keyring_that_is_not_there_is_told_as_a_capture_is(run: Run, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert run("decode", missing).complaint == f"{missing}: no such file"
    (tmp_path / "there").write_text("7EA0070321930F017E\n")
    assert run("keys", "check", missing, str(tmp_path / "there")).complaint == f"{missing}: no such file"
    assert run("decode", "-k", str(tmp_path), missing).complaint == f"{tmp_path}: a directory"
