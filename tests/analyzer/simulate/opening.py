"""Ciphered APDUs opened by hand: nothing here uses the project's dissectors or its deciphering, so that both must agree."""

import hashlib
from typing import NamedTuple

from cryptography.hazmat.primitives import keywrap
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from analyzer.simulate.security import Security

GLO = {0x21, 0x28, 0xC8, 0xC9, 0xCB, 0xCC, 0xCD, 0xCF}
DED = {0xD0, 0xD1, 0xD3, 0xD4, 0xD5, 0xD7}
GENERAL_GLO, GENERAL_DED, GENERAL = 0xDB, 0xDC, 0xDD


class Opened(NamedTuple):
    plain: bytes
    control: int
    counter: int
    title: bytes
    key: bytes


class Reader:
    """What both sides know, put to opening what either said."""

    def __init__(self, security: Security) -> None:
        self.security = security
        self._agreed: dict[bytes, bytes] = {}

    def open(self, octets: bytes, title: bytes) -> Opened:
        """Open an APDU of whom *title* names; a plain one comes back as it is."""
        keys, tag = self.security.keys, octets[0] if octets else -1
        if tag in GLO or tag in DED:
            return self._body(*length(octets, 1), title, keys.dedicated if tag in DED else keys.guek)
        if tag in (GENERAL_GLO, GENERAL_DED):
            sender, rest = field(octets[1:])
            return self._body(*length(rest, 0), sender, keys.dedicated if tag == GENERAL_DED else keys.guek)
        if tag == GENERAL:
            return self._general(octets)
        return Opened(octets, 0, 0, b"", b"")

    def _general(self, octets: bytes) -> Opened:
        rest, fields = octets[1:], []
        for _ in range(5):
            value, rest = field(rest)
            fields.append(value)
        transaction, sender, recipient = fields[:3]
        has_info, rest = rest[0], rest[1:]
        if has_info:
            key, rest = self._key(rest, transaction, sender, recipient)
            self._agreed[sender] = key
        header = b"".join(bytes((len(one),)) + one for one in fields)
        return self._body(*length(rest, 0), sender, self._agreed[sender], header)

    def _key(self, rest: bytes, transaction: bytes, sender: bytes, recipient: bytes) -> tuple[bytes, bytes]:
        keys, choice = self.security.keys, rest[0]
        if choice == 0:
            return (keys.guek, keys.gbek)[rest[1]], rest[2:]
        if choice == 1:
            wrapped, rest = field(rest[2:])
            return keywrap.aes_key_unwrap(keys.kek, wrapped), rest
        parameters, rest = field(rest[1:])
        data, rest = field(rest)
        is_client = sender == self.security.client_title
        own, other = (keys.server_agreement, keys.client_agreement)[:: 1 if is_client else -1]
        if parameters == b"\x02":
            secret, nonce = own.exchange(ec.ECDH(), other.public_key()), bytes((len(transaction),)) + transaction
        else:
            size = keys.suite.coordinate
            public, signature = data[: 2 * size], data[2 * size :]
            assert len(signature) == 2 * size
            point = ec.EllipticCurvePublicKey.from_encoded_point(keys.suite.curve, b"\x04" + public)
            secret, nonce = own.exchange(ec.ECDH(), point), b""
        name, last = ("sha384", 1) if keys.suite.number == 2 else ("sha256", 0)
        algorithm = bytes.fromhex("608574050803") + bytes((last,))
        digest = hashlib.new(name, b"\0\0\0\1" + secret + algorithm + sender + nonce + recipient).digest()
        return digest[: keys.suite.key_length], rest

    def _body(self, body: bytes, rest: bytes, title: bytes, key: bytes, header: bytes = b"") -> Opened:
        assert rest == b""
        control, counter, text = body[0], body[1:5], body[5:]
        assert control & 15 == self.security.suite.number
        key = self.security.keys.gbek if control & 0x40 else key
        covered = body[:1] + self.security.keys.gak + header
        tag = text[-12:] if control & 0x10 else None
        text = text[:-12] if tag else text
        plain = text
        if control & 0x20 and tag:
            plain = gcm(key, title + counter, text, covered, tag)
        elif control & 0x20:
            nonce = title + counter + (2).to_bytes(4, "big")
            decryptor = Cipher(algorithms.AES(key), modes.CTR(nonce)).decryptor()
            plain = decryptor.update(text) + decryptor.finalize()
        elif tag:
            gcm(key, title + counter, b"", covered + text, tag)
        return Opened(plain, control, int.from_bytes(counter, "big"), title, key)


def gcm(key: bytes, iv: bytes, text: bytes, covered: bytes, tag: bytes) -> bytes:
    """Decipher and check the tag; raises InvalidTag."""
    decryptor = Cipher(algorithms.AES(key), modes.GCM(iv, tag, min_tag_length=12)).decryptor()
    decryptor.authenticate_additional_data(covered)
    return decryptor.update(text) + decryptor.finalize()


def field(octets: bytes) -> tuple[bytes, bytes]:
    """An octet-string with a length in front, and what follows."""
    return length(octets, 0)


def length(octets: bytes, at: int) -> tuple[bytes, bytes]:
    """What a length at *at* covers, and what follows."""
    size, at = octets[at], at + 1
    if size & 0x80:
        count = size & 0x7F
        size, at = int.from_bytes(octets[at : at + count], "big"), at + count
    assert at + size <= len(octets)
    return octets[at : at + size], octets[at + size :]


def user_information(octets: bytes) -> bytes:
    """What an APDU that opens or releases carries: the last of its elements."""
    rest, _ = length(octets, 1)
    while rest:
        tag, (value, rest) = rest[0], length(rest, 1)
        if tag == 0xBE:
            return length(value, 1)[0]
    return b""
