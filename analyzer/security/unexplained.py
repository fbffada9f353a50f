"""What no hypothesis explains, judged by how the plaintext begins, and by what the key opened before and beside."""

from __future__ import annotations

from string import hexdigits

from analyzer.security import opening
from analyzer.security.attempt import is_telegram
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import ENCRYPTED, Message, decipher
from analyzer.security.unopened import LIKELY, ONCE, POSSIBLE, Case, Suspect
from dissectors.scanning import entry, reads


def reads_under(message: Message, key: Key, title: bytes) -> bool:
    """Tell whether the plaintext under *key* begins as the APDU that belongs there."""
    text = decipher(message, key, title)
    if message.inner_tag >= 0 and text[:1] != bytes((message.inner_tag,)):
        return False
    found = entry(text, 0, len(text))
    is_closed = found is not None and "security_control" in found.slots  # any octets read as what is enciphered again
    return is_telegram(text) or (not is_closed and reads(text))


def judge(case: Case) -> Suspect:
    """Judge what no hypothesis explains."""
    message, key, title = case.message, case.keys[0], case.titles[0]
    name = key.name
    same = f"the same keys ({name})" if key.role not in ONCE else f"other {key.role.value} keys of this sender"
    is_read = bool(message.control & ENCRYPTED) and reads_under(message, key, title)
    roles = (KeyRole.GAK,) if is_read else (key.role, *((KeyRole.GAK,) * (not message.control & ENCRYPTED)))
    for role in case.changed.keys() & roles:
        text = f"record {case.changed[role]} changed the {role.value}, and the new one is not known"
        return Suspect("new-key-after-change", text, LIKELY)
    if case.is_damaged:
        text = f"the frame that carried it is damaged, so what comes out says nothing of {name}"
        return Suspect("octets-damaged", text, LIKELY)
    if case.foreign and not is_read and not case.has_worked:
        return Suspect("no-key", f"{name} does not open it, and {case.foreign}", LIKELY)
    if not message.control & ENCRYPTED:
        if case.has_worked:
            return Suspect("octets-damaged", f"the tag is wrong, and {same} verified its neighbours", LIKELY)
        names = " and ".join(one.name for one in (key, *case.authentication[:1]))
        text = f"the tag was made with other keys than {names}: one of them is wrong, or both"
        return Suspect("wrong-authentication-key", text, POSSIBLE)
    return _judge_read(case, key, same) if is_read else _judge_unread(case, key, title, same)


def _judge_read(case: Case, key: Key, same: str) -> Suspect:
    """Judge what reads under *key*, and whose tag is not right."""
    name = key.name
    if not case.authentication:
        return Suspect("no-key", "the text reads; its tag cannot be checked: no authentication key is given")
    if case.has_worked:
        text = f"the text reads, its tag is wrong, and {same} verified its neighbours"
        return Suspect("octets-damaged", text, LIKELY)
    if case.is_proved:
        text = f"the text reads under {name}, its tag is wrong, and {case.authentication[0].name} verified what its"
        return Suspect("octets-damaged", f"{text} sender sent under the global key", POSSIBLE)
    text = f"the text reads under {name}, and its tag was made with another key than {case.authentication[0].name}"
    return Suspect("wrong-authentication-key", text, LIKELY)


def _judge_unread(case: Case, key: Key, title: bytes, same: str) -> Suspect:
    """Judge what does not read under *key*."""
    message, name = case.message, key.name
    if _begins_well(message, decipher(message, key, title)):
        return Suspect("octets-damaged", f"the text begins well under {name} and does not read on", LIKELY)
    if case.has_worked and case.has_second_key:
        text = f"nothing reads under {name}, which opened others in between: this sender uses a second key"
        return Suspect("second-key-needed", text, LIKELY)
    if case.has_worked and case.closed_since:
        text = f"nothing reads any more under {name}, from record {case.closed_since} on; before that it opened all"
        return Suspect("new-key-after-change", text, LIKELY)
    if case.has_worked:  # damage in the text would leave its beginning as it was
        same = same.replace("keys (", "key (")
        text = f"the text does not read from its first octet on, and {same} opened what came before"
        return Suspect("octets-damaged", text, POSSIBLE)
    if key.role is KeyRole.AGREED:
        text = f"nothing reads under {name}: an agreement key given is another, or the sender derives the key otherwise"
        return Suspect("agreement-key-wrong", text, LIKELY)
    if case.opens_other_side and case.is_title_seen and not case.is_proved:
        text = f"{name} opens the other direction, and nothing of this one with the system title {title.hex().upper()},"
        text += " which the capture tells: its sender uses another key, or another title than it tells"
        return Suspect("wrong-encryption-key", text, POSSIBLE)
    if case.opens_other_side and not case.is_proved:
        text = f"{name} opens the other direction, and nothing of this one with the system title {title.hex().upper()}"
        return Suspect("wrong-system-title", f"{text}: its sender has another title", LIKELY)
    size = opening.KEY_SIZE.get(message.control & opening.SUITE)
    is_text = all(chr(octet) in hexdigits for octet in key.octets)
    if size is not None and is_text and len(key.octets) == 2 * size:
        text = f"suite {message.control & opening.SUITE} has keys of {size} octets, {name} has {2 * size} hex digits"
        return Suspect("key-is-ascii", f"{text} as text", LIKELY)
    if size is not None and size != len(key.octets):
        text = f"suite {message.control & opening.SUITE} has keys of {size} octets, {name} has {len(key.octets)}"
        return Suspect("wrong-suite", text, LIKELY)
    text = f"nothing reads under {name} with the system title {title.hex().upper()}: key or title is another"
    if case.is_proved:
        text = f"nothing reads under {name}, and the title {title.hex().upper()} is right under the global key"
    text += "; its octets are those of hex digits as text" * is_text
    return Suspect("wrong-encryption-key", text, LIKELY if case.is_title_told or case.is_proved else POSSIBLE)


def _begins_well(message: Message, plaintext: bytes) -> bool:
    """Tell whether two octets stand at the beginning that can stand there: right by chance once in thousands."""
    if len(plaintext) < 3 or (message.inner_tag >= 0 and plaintext[0] != message.inner_tag):
        return False
    return message.inner_tag >= 0xC0 and entry(plaintext, 0, len(plaintext)) is not None
