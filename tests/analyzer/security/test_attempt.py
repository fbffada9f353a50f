"""Keys tried on one protected APDU: what opens, and what reads by chance alone."""

from __future__ import annotations

import pytest

from analyzer.security.attempt import Opener, attempt
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import DECRYPTED, ENCRYPTED, WRONG_KEY, Message, decipher

TITLE = b"ABC\0\0\0\0\1"
KEY = Key(KeyRole.GUEK, bytes(range(16)), "")


@pytest.mark.parametrize(
    ("plaintext", "status"),
    [
        ("C001C1 0008 0000010000FF 02 00", DECRYPTED),  # a get-request
        ("0C 01 00 00", DECRYPTED),  # a read-response of one null-data
        ("0C 00", WRONG_KEY),  # a response to nothing: a wrong key makes such a text by chance
        ("05 00", WRONG_KEY),
        ("C001C1 0008", WRONG_KEY),
    ],
)
def test_text_without_a_tag_opens_where_it_reads_and_says_anything(plaintext: str, status: str) -> None:
    ciphered = decipher(
        Message(ENCRYPTED, 7, bytes.fromhex(plaintext), b""), KEY, TITLE
    )  # counter mode: both ways alike
    found = attempt(Message(ENCRYPTED, 7, ciphered, b""), Opener((KEY,), (), (TITLE,)))
    assert (found.status, found.plaintext) == (status, bytes.fromhex(plaintext))
