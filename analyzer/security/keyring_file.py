"""Keyring files and ``--key`` words to a keyring: TOML, every name that people use, errors that show no secret."""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from errno import EACCES, EISDIR, ENOENT
from pathlib import Path
from string import hexdigits
from typing import Any, NamedTuple

from analyzer.cosem.plain_text import decoded
from analyzer.security.keyring import Keyring, KeyringError, Meter
from analyzer.security.keys import ALIASES, ASYMMETRIC, KEY_SIZES, SECRETS, Key, KeyRole, role_of

VARIABLE = "DLMSHARK_KEYS"
"""The environment variable that names keyring files, parted as the platform parts paths."""
TITLE_SIZE = 8
_SELECTORS = {
    "server_title": "server_title", "system_title": "server_title", "server_system_title": "server_title",
    "client_title": "client_title", "client_system_title": "client_title",
    "client": "client", "client_sap": "client", "address": "address",
}  # fmt: skip
_SQUEEZED = {name.replace("_", ""): kind for name, kind in _SELECTORS.items()}
_CERTIFICATES = ("certificates", "certificate")
_NAMES = {*_SELECTORS, *ALIASES, *_CERTIFICATES}
_UNREAD = {ENOENT: "no such file", EISDIR: "a directory", EACCES: "no permission to read it"}
_SEPARATORS = str.maketrans("", "", " :-._,;{}[]()\"'\t\r\n\u00a0\u200b\ufeff")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_LONGEST_ROLE = 32
_ROLES_OF_A_KEY = "--key guek=HEX is the encryption key, --key gak=HEX the authentication key"
_KEY_LIKE = re.compile(r"[0-9A-Fa-f]{24,}|[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{43}=")
_FEW_SLIPS = 4
_LARGEST = 1 << 25
"""Octets of a keyring: hundreds of thousands of keys."""
_LONGEST_INLINE = 32
"""Hex of an asymmetric key has at least so many octets; shorter text is the name of a file."""


class Loaded(NamedTuple):
    """A keyring, and what should be said about where it came from."""

    keyring: Keyring
    remarks: tuple[str, ...]


def load(
    files: Sequence[str] = (),
    words: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    *,
    published: Sequence[Path] = (),
) -> Loaded:
    """Read keyring files, those that the environment names, and ``--key`` words. Raises: KeyringError.

    Of *published* ones nobody is told that others can read them.
    """
    named = (os.environ if environment is None else environment).get(VARIABLE, "")
    keyring, remarks = Keyring(), []
    given = [(name, "") for name in files] + [(name, f"{VARIABLE}: ") for name in named.split(os.pathsep) if name]
    for meter in _given(words):
        keyring.add(meter)
    if any("=@" not in word for word in words):
        remarks.append("--key: the process list shows this key to every user of the machine; --key ROLE=@FILE does not")
    for word in words:
        name, _, value = word.partition("=")
        if value.startswith("@") and role_of(name.partition("@")[0]) not in ASYMMETRIC:
            remarks += _permissions(_path(value[1:]), "key")
    for name, by in given:
        path = _path(name)
        try:
            meters = read_keyring(path)
        except KeyringError as problem:
            raise KeyringError(f"{by}{problem}") from None
        for meter in meters:
            keyring.add(meter)
        remarks += [] if path in published else _permissions(path, "keyring")
    return Loaded(keyring, tuple(remarks))


def read_keyring(path: Path) -> list[Meter]:
    """Read one keyring file. Raises: KeyringError that names file, meter and member."""
    try:
        text = _text(path)
        table = tomllib.loads(text)
    except OSError as problem:
        told = _why_unread(problem)
        role, _, key = str(path).rpartition("=")
        is_key = key and (not role or role_of(role.partition("@")[0]) is not None)
        if is_key and not key.strip(f"{hexdigits} :-"):
            raise KeyringError(f"a keyring file was expected, not a key ({told}); {_ROLES_OF_A_KEY}") from None
        raise KeyringError(f"{path}: {told}") from None
    except UnicodeDecodeError:
        raise KeyringError(f"{path}: no keyring: not UTF-8 text; save it as UTF-8") from None
    except (ValueError, RecursionError) as problem:  # also of a number or a nesting that Python refuses
        if len(_symmetric(text) or b"") in KEY_SIZES:
            hint = _ROLES_OF_A_KEY.replace("HEX", f"@{path}")
            raise KeyringError(f"{path}: a key alone, no keyring; {hint}") from None
        hint = 'names stand without quotes, values in them: guek = "00…"'
        raise KeyringError(f"{path}: no TOML: {_place_of(problem)}; {hint}") from None
    for name in table:
        if name != "meter":
            hint = (
                "; write [[meter]] above it"
                if name.lower().replace("-", "_") in _NAMES
                else _nearest(name, ["meter"]) or "; tables are [[meter]]"
            )
            raise KeyringError(f"{path}: unknown member '{_shown(name)}'{hint}")
    tables = table.get("meter", [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise KeyringError(f"{path}: meter: expected tables, each under [[meter]]")
    return [_meter(one, f"{path}: meter {number}", path.parent) for number, one in enumerate(tables, 1)]


def _why_unread(problem: Exception) -> str:
    """Say why a file cannot be read, in the words that stand for captures; a name with a NUL in it is no file."""
    if not isinstance(problem, OSError):
        return _UNREAD[ENOENT]
    return _UNREAD.get(problem.errno or 0) or problem.strerror or str(problem)


def is_toml(name: str) -> bool:
    """Tell whether *name* is a file of TOML, by its name or else by what is in it; nothing is taken from a pipe."""
    if name.endswith(".toml"):
        return True
    try:
        path = os.path.expanduser(name)
        return os.path.isfile(path) and bool(tomllib.loads(_text(Path(path))))
    except (OSError, KeyringError, ValueError, RecursionError):
        return False


def _text(path: Path) -> str:
    with path.open("rb") as file:
        octets = file.read(_LARGEST + 1)
    if len(octets) > _LARGEST:
        raise KeyringError(f"{path}: no keyring: larger than {_LARGEST >> 20} MiB")
    return decoded(octets)


def _place_of(problem: Exception) -> str:
    """Say where TOML breaks without what stands there: it may be a key."""
    place = re.search(r"\((at [^)]*)\)$", str(problem))
    return place[1] if place else "from some line on"


def _shown(text: str) -> str:
    """Leave out of a name or path what may be a key in the wrong place."""
    return _KEY_LIKE.sub("…", text)


def _selector(name: str) -> str | None:
    """Give the selector that *name* is; None if it is none."""
    return _SQUEEZED.get(name.lower().replace("-", "").replace("_", ""))


def _meter(table: dict[str, Any], where: str, folder: Path) -> Meter:
    selectors: dict[str, Any] = {}
    members: list[tuple[str, KeyRole, Any]] = []
    certificates: tuple[Path, ...] = ()
    for name, value in table.items():
        plain = name.lower().replace("-", "_")
        kind, role = _selector(name), role_of(name)
        if kind is not None:
            if kind in selectors:
                raise KeyringError(f"{where}: {name}: given twice")
            selectors[kind] = _READ[kind](value, f"{where}: {name}")
        elif role is not None:
            members.append((name, role, value))
        elif plain in _CERTIFICATES:
            certificates = _certificates(value, f"{where}: {name}", folder)
        else:
            raise KeyringError(f"{where}: unknown member '{_shown(name)}'{_nearest(plain)}")
    meter = Meter(**selectors)
    meter.certificates = certificates
    for name, role, value in members:
        if role in meter.keys:
            raise KeyringError(f"{where}: {name}: {role.value} is given twice")
        meter.keys[role] = Key(role, key_octets(role, value, f"{where}: {name}", folder), meter.place)
    return meter


def _nearest(name: str, among: Sequence[str] | None = None) -> str:
    near = get_close_matches(name, among or sorted(_NAMES), 1, 0.5)
    return f"; did you mean '{near[0]}'?" if near else ""


# -- values ---------------------------------------------------------------------------------------------------------


def title_octets(value: Any, where: str) -> bytes:
    """Read a system title: 8 octets in hex. Raises: KeyringError."""
    octets = value if isinstance(value, bytes) else _hex(value)
    if octets is None or len(octets) != TITLE_SIZE:
        raise KeyringError(f"{where}: expected a system title of 8 octets in hex")
    return octets


def _client(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 0xFFFF:
        raise KeyringError(f"{where}: expected the client's SAP, a number from 0 to 65535")
    return value


def _address(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value.split()) != 1:
        raise KeyringError(f"{where}: expected an address in text, such as 10.0.0.7, 10.0.0.7:4059 or serial:A")
    return value.strip()


_READ: dict[str, Callable[[Any, str], Any]] = {
    "server_title": title_octets, "client_title": title_octets, "client": _client, "address": _address,
}  # fmt: skip


def key_octets(role: KeyRole, value: Any, where: str, folder: Path = Path()) -> bytes:
    """Read a key: hex or base64, a secret's text, or a file of an asymmetric key. Raises: KeyringError."""
    if isinstance(value, dict):
        octets = _hex(value.get("hex")) if set(value) == {"hex"} else None
        if octets is None:
            raise KeyringError(f'{where}: expected text or {{ hex = "…" }}')
        value = octets
    if role in SECRETS:
        if not isinstance(value, (str, bytes)):
            raise KeyringError(f'{where}: expected text, or octets as {{ hex = "…" }}')
        return value.encode() if isinstance(value, str) else value
    if role in ASYMMETRIC:
        return _asymmetric(value, where, folder)
    octets = value if isinstance(value, bytes) else _symmetric(value)
    if octets is None or len(octets) not in KEY_SIZES:
        given = f", not {len(octets)}" if octets is not None else _no_key(value)
        raise KeyringError(f"{where}: expected 16 or 32 octets in hex or base64{given}")
    return octets


def _no_key(value: Any) -> str:
    """Say what stands in place of a key, without it."""
    if not isinstance(value, str):
        return ", as text in quotes"
    digits = value.translate(_SEPARATORS)
    others = sum(one not in hexdigits for one in digits)
    if not others:
        return f", not {len(digits)} digits: one is missing or too many"
    if others <= _FEW_SLIPS and len(digits) > 2 * _FEW_SLIPS:
        return f"; characters that are no hex digits: {others} of {len(digits)}"
    return "; text is no key, write its octets in hex"


def _hex(text: Any) -> bytes | None:
    """Read hex, with 0x, colons, blanks and the commas and braces of an array where people write them."""
    if not isinstance(text, str):
        return None
    digits = re.sub(r"(?i)0x", "", text).translate(_SEPARATORS)
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


def _symmetric(text: Any) -> bytes | None:
    octets = _hex(text)
    if octets is not None or not isinstance(text, str):
        return octets
    plain = "".join(text.split())
    if not _BASE64.fullmatch(plain):
        return None
    try:
        octets = base64.b64decode(plain, validate=True)
    except binascii.Error:
        return None
    return octets if len(octets) in KEY_SIZES else None


def _asymmetric(value: Any, where: str, folder: Path) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise KeyringError(f"{where}: expected a file, PEM or hex")
    if "-----BEGIN" in value:
        return value.encode()
    octets = _hex(value)
    if octets is not None and len(octets) >= _LONGEST_INLINE:
        return octets
    return _file(folder / value, f"{where}: {_shown(value)}")


def _file(path: Path, where: str) -> bytes:
    try:
        return Path(os.path.expanduser(path)).read_bytes()
    except (OSError, ValueError) as problem:
        raise KeyringError(f"{where}: {_why_unread(problem)}") from None


def _certificates(value: Any, where: str, folder: Path) -> tuple[Path, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise KeyringError(f"{where}: expected a list of files and folders")
    paths = tuple(folder / name for name in names)
    for path, name in zip(paths, names, strict=True):
        if not path.exists():
            raise KeyringError(f"{where}: {_shown(name)}: no such file or folder")
    return paths


# -- the command line -----------------------------------------------------------------------------------------------


def _given(words: Sequence[str]) -> list[Meter]:
    """Read ``ROLE[@TITLE]=HEX`` and ``ROLE[@TITLE]=@FILE`` words."""
    named = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise KeyringError(f"--key: expected ROLE[@TITLE]=HEX or ROLE[@TITLE]=@FILE: {_ROLES_OF_A_KEY}")
        named.append((name, value))
    return single_keys(named, "--key ")


def meters_of(keys: Mapping[str, Any]) -> list[Meter]:
    """Make meters of keys by ``ROLE[@TITLE]``, or one of the members of a ``[[meter]]``. Raises: KeyringError."""
    if all(isinstance(name, str) for name in keys) and any(map(_selector, keys)):
        return [_meter(dict(keys), "keys", Path())]
    return single_keys(keys.items())


def single_keys(named: Iterable[tuple[str, str | bytes]], option: str = "") -> list[Meter]:
    """Make meters of keys by ``ROLE[@TITLE]``, of those with the same title one; errors name *option*."""
    meters: dict[bytes, Meter] = {}
    for name, value in named:
        if not isinstance(name, str):
            raise KeyringError(f"{option}{type(name).__name__}: a role was expected: guek, gak, kek, dedicated …")
        if not isinstance(value, str | bytes):
            raise KeyringError(f"{option}{_shown(name)}: expected text or octets")
        role_name, _, title_text = name.partition("@")
        role = role_of(role_name)
        if role is None:
            shown = role_name if len(role_name) < _LONGEST_ROLE else "…"  # long ones may be a key in the wrong place
            near = _nearest(role_name.lower(), [*ALIASES]) or ": guek, gak, kek, dedicated, hls_secret … were expected"
            raise KeyringError(f"{option}{shown}: unknown role{near}")
        where = f"{option}{_shown(name)}"
        title = title_octets(title_text, where) if title_text else b""
        meter = meters.setdefault(title, Meter(server_title=title))
        if role in meter.keys:
            raise KeyringError(f"{where}: {role.value} is given twice")
        meter.keys[role] = Key(role, _given_octets(role, value, where), meter.place)
    return list(meters.values())


def _given_octets(role: KeyRole, value: str | bytes, where: str) -> bytes:
    if isinstance(value, bytes) or not value.startswith("@"):
        return key_octets(role, value, where)
    octets = _file(_path(value[1:]), f"{where}=@{_shown(value[1:])}")
    if role in ASYMMETRIC or (role not in SECRETS and len(octets) in KEY_SIZES and not octets.isascii()):
        return octets
    try:
        text = decoded(octets)
    except UnicodeDecodeError:
        text = ""
    return key_octets(role, text.rstrip("\r\n") if role in SECRETS else text.strip(), where)


def _path(name: str) -> Path:
    return Path(os.path.expanduser(name))


def _permissions(path: Path, what: str) -> list[str]:
    """Say that others can read the file, which holds *what*."""
    if os.name != "posix":
        return []
    mode = stat.S_IMODE(path.stat().st_mode)
    return [f"{path}: others can read this {what} (mode {mode:04o}); chmod 600 keeps it to you"] if mode & 0o077 else []
