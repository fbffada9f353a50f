"""Keyrings: every name for a key, every way to write one, and lookups that try nothing."""

from __future__ import annotations

import base64
import pickle
import time
from pathlib import Path

import pytest

from analyzer.security.keyring import Keyring, KeyringError, Meter, Party
from analyzer.security.keyring_file import load, read_keyring
from analyzer.security.keys import ALIASES, Key, KeyRole

KEY = bytes(range(0x30, 0x40))
HEX = KEY.hex().upper()
SERVER, CLIENT = bytes.fromhex("5858580000000001"), bytes.fromhex("5959590000000002")


def ring(tmp_path: Path, text: str) -> Keyring:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    path.chmod(0o600)
    return load([str(path)], [], {}).keyring


def only(keyring: Keyring, role: KeyRole = KeyRole.GUEK) -> bytes:
    (key,) = keyring.find(Party()).of(role)
    return key.octets


@pytest.mark.parametrize("name", ["guek", "ek", "block_cipher_key", "EK", "Block-Cipher-Key", "BlockCipherKey", "bck"])
def test_key_under_any_name_is_taken(tmp_path: Path, name: str) -> None:
    assert only(ring(tmp_path, f'[[meter]]\n{name} = "{HEX}"')) == KEY


@pytest.mark.parametrize("name", ["server_title", "system_title", "SystemTitle", "Server-System-Title"])
def test_selector_under_any_name_chooses(tmp_path: Path, name: str) -> None:
    keyring = ring(tmp_path, f'[[meter]]\n{name} = "4D4D4D0000BC614E"\nek = "{HEX}"')
    assert [one.server_title.hex().upper() for one in keyring.meters] == ["4D4D4D0000BC614E"]


@pytest.mark.parametrize(
    "text",
    [
        HEX, HEX.lower(), f"0x{HEX}", KEY.hex(":"), KEY.hex(" "), KEY.hex("-"), base64.b64encode(KEY).decode(),
        " ".join(f"0x{octet:02x}" for octet in KEY), f"'{HEX}'", f"\u200b{HEX}", HEX[:16] + "\u00a0" + HEX[16:],
    ],
)  # fmt: skip
def test_key_written_in_any_way_is_read(tmp_path: Path, text: str) -> None:
    assert only(ring(tmp_path, f'[[meter]]\nek = "{text}"')) == KEY


@pytest.mark.parametrize("encoding", ["ascii", "utf-8-sig", "utf-16"])
def test_key_file_is_read_as_editors_and_shells_write_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "guek.txt"
    path.write_bytes(f"{HEX}\r\n".encode(encoding))
    path.chmod(0o600)
    assert only(load([], [f"guek=@{path}"], {}).keyring) == KEY


def test_secret_is_text_and_octets_are_written_in_hex(tmp_path: Path) -> None:
    keyring = ring(tmp_path, '[[meter]]\nlls_password = "12345678"\nhls_secret = { hex = "00FF" }')
    assert only(keyring, KeyRole.LLS_PASSWORD) == b"12345678"
    assert only(keyring, KeyRole.HLS_SECRET) == b"\x00\xff"


def test_asymmetric_key_is_a_file_beside_the_keyring_or_inline(tmp_path: Path) -> None:
    (tmp_path / "sign.pem").write_bytes(b"-----BEGIN X-----")
    keyring = ring(tmp_path, f'[[meter]]\nclient_signing_key = "sign.pem"\nserver_signing_key = "{HEX * 2}"')
    assert only(keyring, KeyRole.CLIENT_SIGNING) == b"-----BEGIN X-----"
    assert only(keyring, KeyRole.SERVER_SIGNING) == KEY * 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[meter]]\nguekk = 1", "meter 1: unknown member 'guekk'; did you mean 'guek'?"),
        ("[[meter]]\n[[meter]]\nserver_titel = 1", "meter 2: unknown member 'server_titel'; did you mean 'server_title'?"),
        ("[[metre]]", "unknown member 'metre'; did you mean 'meter'?"),
        ("meter = 1", "meter: expected tables"),
        ('[[meter]]\nek = "00"', "meter 1: ek: expected 16 or 32 octets in hex or base64, not 1"),
        ('[[meter]]\nek = "sixteen letters!"', "text is no key"),
        ("[[meter]]\nek = 5", "meter 1: ek: expected 16 or 32 octets"),
        (f'[[meter]]\nek = "{HEX}"\nguek = "{HEX}"', "meter 1: guek: guek is given twice"),
        ('[[meter]]\nserver_title = "00"', "meter 1: server_title: expected a system title of 8 octets in hex"),
        ('[[meter]]\nclient = "x"', "meter 1: client: expected the client's SAP"),
        ("[[meter]]\naddress = 5", "meter 1: address: expected an address in text"),
        ("[[meter]]\nhls_secret = 5", "meter 1: hls_secret: expected text"),
        ("[[meter]]\nhls_secret = { text = 'a' }", "meter 1: hls_secret: expected text or"),
        ('[[meter]]\nclient_signing_key = "gone.pem"', "meter 1: client_signing_key: gone.pem: no such file"),
        ('[[meter]]\ncertificates = ["gone/"]', "meter 1: certificates: gone/: no such file or folder"),
        (f'[[meter]]\nek = "{HEX}', "no TOML: at"),
    ],
)  # fmt: skip
def test_wrong_keyring_names_the_member_and_shows_no_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(KeyringError) as raised:
        ring(tmp_path, text)
    assert says in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path))
    assert HEX not in str(raised.value)
    assert "letters" not in str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_keyring_is_read_as_editors_and_shells_write_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_bytes(f'[[meter]]\r\nguek = "{HEX}"\r\n'.encode(encoding))
    assert only(load([str(path)], [], {}).keyring) == KEY


def test_keyring_that_is_no_text_or_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("binary", "gone"):
        with pytest.raises(KeyringError):
            read_keyring(tmp_path / name)


def test_loose_permissions_are_remarked(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text("[[meter]]")
    path.chmod(0o644)
    (remark,) = load([str(path)], [], {}).remarks
    assert "mode 0644" in remark
    path.chmod(0o600)
    assert load([str(path)], [], {}).remarks == ()


def test_loose_permissions_of_a_key_alone_are_remarked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "key.hex"
    path.write_text(HEX)
    path.chmod(0o640)
    (remark,) = load([], ["guek=@~/key.hex"], {}).remarks
    assert remark.startswith(f"{path}: others can read this key (mode 0640)")
    path.chmod(0o600)
    assert load([], [f"guek=@{path}"], {}).remarks == ()


def test_environment_names_keyrings(tmp_path: Path) -> None:
    ring(tmp_path, f'[[meter]]\nek = "{HEX}"')
    assert only(load([], [], {"DLMSHARK_KEYS": str(tmp_path / "keys.toml")}).keyring) == KEY
    with pytest.raises(KeyringError, match=r"^DLMSHARK_KEYS: .*gone\.toml: no such file"):
        load([str(tmp_path / "keys.toml")], [], {"DLMSHARK_KEYS": str(tmp_path / "gone.toml")})


# -- --key ----------------------------------------------------------------------------------------------------------


def test_key_word_gives_role_and_title() -> None:
    loaded = load([], [f"ek@{SERVER.hex()}={HEX}", f"gak@{SERVER.hex()}={HEX}"], {})
    (meter,) = loaded.keyring.meters
    assert (meter.server_title, set(meter.keys)) == (SERVER, {KeyRole.GUEK, KeyRole.GAK})
    assert "process list" in loaded.remarks[0]


@pytest.mark.parametrize("form", ["{ 0x%s };", "0x%s", "[%s]"])
def test_key_may_be_an_array_as_programs_for_meters_have_it(form: str) -> None:
    between = ", 0x" if "0x" in form else ","
    loaded = load([], [f"guek={form % between.join(f'{one:02X}' for one in KEY)}"], {})
    assert only(loaded.keyring) == KEY


def test_file_of_a_key_alone_is_told_how_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(f"{HEX}\n")
    with pytest.raises(KeyringError) as raised:
        load([str(tmp_path / "key.txt")], [], {})
    assert f"a key alone, no keyring; --key guek=@{tmp_path / 'key.txt'} is the encryption key" in str(raised.value)
    assert HEX not in str(raised.value)


@pytest.mark.parametrize("content", [KEY.hex().encode(), KEY.hex().encode() + b"\n", bytes(range(0xF0, 0x100))])
def test_key_word_reads_a_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(0o600)
    loaded = load([], [f"guek=@{tmp_path / 'key'}"], {})
    assert only(loaded.keyring) in (KEY, content)
    assert loaded.remarks == ()


@pytest.mark.parametrize(
    ("word", "says"),
    [
        (HEX, "--key guek=HEX is the encryption key, --key gak=HEX the authentication key"),
        (f"guke={HEX}", "--key guke: unknown role; did you mean 'guek'?"),
        (f"{HEX}=guek", "--key …: unknown role"),
        (f"guek@12={HEX}", "--key guek@12: expected a system title"),
        ("guek=12", "--key guek: expected 16 or 32 octets"),
        ("guek=@/nowhere/at/all", "no such file"),
    ],
)
def test_wrong_key_word_says_what_was_expected_and_shows_no_key(word: str, says: str) -> None:
    with pytest.raises(KeyringError) as raised:
        load([], [word], {})
    assert says in str(raised.value)
    assert HEX not in str(raised.value)


# -- lookup ---------------------------------------------------------------------------------------------------------


def meter(octet: int, **selectors: object) -> Meter:
    made = Meter(**selectors)  # type: ignore[arg-type]
    made.keys[KeyRole.GUEK] = Key(KeyRole.GUEK, bytes((octet,)) * 16, made.place)
    return made


def found(keyring: Keyring, party: Party) -> list[int]:
    return [key.octets[0] for key in keyring.find(party).of(KeyRole.GUEK)]


def test_best_fitting_meter_comes_first() -> None:
    keyring = Keyring(
        [meter(1), meter(2, client=16), meter(3, address="10.0.0.7"), meter(4, server_title=SERVER),
         meter(5, server_title=SERVER, client=16), meter(6, server_title=CLIENT)]
    )  # fmt: skip
    assert found(keyring, Party(SERVER, b"", 16, ("10.0.0.7",))) == [5, 2, 3, 4, 1]
    assert found(keyring, Party(SERVER, b"", 1, ("10.0.0.8",))) == [4, 1]


def test_title_of_the_only_meter_that_fits_stands_in_for_one_not_shown() -> None:
    keyring = Keyring([meter(1, server_title=SERVER, address="10.0.0.7"), meter(2, server_title=CLIENT, address="a")])
    keys = keyring.find(Party(addresses=("10.0.0.7",)))
    assert (keys.server_title, keys.client_title) == (SERVER, b"")


def test_titles_of_several_meters_stand_in_for_nothing() -> None:
    keyring = Keyring([meter(1, server_title=SERVER), meter(2, server_title=CLIENT), meter(3)])
    keys = keyring.find(Party(client=16))
    assert (keys.server_title, found(keyring, Party(client=16))) == (b"", [3])
    both = Keyring([meter(1, server_title=SERVER, address="a"), meter(2, server_title=CLIENT, address="a"), meter(3)])
    assert (both.find(Party(addresses=("a",))).server_title, found(both, Party(addresses=("a",)))) == (b"", [3])


def test_client_title_stands_in_for_the_client_alone() -> None:
    keys = Keyring([meter(1, client_title=CLIENT)]).find(Party())
    assert (keys.server_title, keys.client_title) == (b"", CLIENT)


def test_title_that_the_capture_shows_is_not_replaced() -> None:
    keyring = Keyring([meter(1, server_title=SERVER)])
    assert found(keyring, Party(CLIENT)) == []


def test_lookup_among_many_meters_costs_what_it_costs_among_few() -> None:
    many = Keyring(
        meter(n % 256, server_title=n.to_bytes(8, "big"), address=f"10.0.{n >> 8}.{n & 255}") for n in range(1, 10_001)
    )
    few = Keyring(meter(n, server_title=n.to_bytes(8, "big")) for n in range(1, 3))

    def seconds(keyring: Keyring) -> float:
        start = time.perf_counter()
        for _ in range(500):
            keyring.find(Party((1).to_bytes(8, "big"), b"", 16, ("10.0.0.1",)))
            keyring.find(Party(b"\xff" * 8))
        return time.perf_counter() - start

    assert min(seconds(many) for _ in range(5)) < 10 * min(seconds(few) for _ in range(5))


# -- secrecy --------------------------------------------------------------------------------------------------------


def test_key_shows_role_place_and_fingerprint_only() -> None:
    key = Key(KeyRole.GUEK, KEY, "5858")
    assert repr(key).startswith("<Key guek@5858:")
    assert len(key.name.rpartition(":")[2]) == 8
    assert HEX not in repr(key).upper()
    assert Key(KeyRole.HLS_SECRET, KEY).name == "hls_secret"
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_every_role_of_the_interface_has_its_names() -> None:
    for name in (
        "guek",
        "ek",
        "block_cipher_key",
        "gak",
        "ak",
        "authentication_key",
        "kek",
        "master_key",
        "gbek",
        "dedicated",
    ):
        assert name in ALIASES


def test_keyring_below_the_home_of_nobody_is_not_there() -> None:
    with pytest.raises(KeyringError, match="no such file"):
        load(["~nobody-is-called-so/keys.toml"], [])
    with pytest.raises(KeyringError, match="no such file"):
        load([], ["guek=@~nobody-is-called-so/key"])


def test_default_of_a_place_does_not_hide_the_meter_that_stands_there(tmp_path: Path) -> None:
    keyring = ring(
        tmp_path,
        f'[[meter]]\nserver_title = "4D4D4D0000000001"\naddress = "10.0.0.7"\nek = "{HEX}"\n'
        f'[[meter]]\nserver_title = "4D4D4D0000000002"\nek = "{HEX[::-1]}"\n'
        '[[meter]]\naddress = "10.0.0.7"\nclient = 16\nlls_password = "12345678"\n',
    )
    found = keyring.find(Party(client=16, addresses=("10.0.0.7",)))
    assert [one.octets for one in found.of(KeyRole.GUEK)] == [KEY]
    assert found.server_title.hex() == "4d4d4d0000000001"
