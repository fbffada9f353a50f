"""Inputs that are not read here, told by their name: other formats, other links, texts that lost their octets."""

import re

FOREIGN = {
    b"\x7fELF": "a program (ELF)",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"%PDF": "a document (PDF)",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"PK\x05\x06": "an empty zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it first",
    b"BZh": "compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "compressed with xz; unpack it first",
    b"\x02\x21\x4c\x18": "compressed with lz4 in its legacy format; unpack it first",
    b"SQLite format 3": "a database (SQLite)",
    b"PAR1": "a Parquet file",
    b"snoop\0\0\0": "a snoop capture; save it as pcap",
    b"GMBU": "a Network Monitor capture; save it as pcap",
    b"btsnoop\0": "a Bluetooth capture (btsnoop)",
}
_TAR, _TAR_AT = b"ustar", 257
_REPLACED, _MOST_REPLACED, _LONGEST_CHARACTER = b"\xef\xbf\xbd", 24, 4
"""What stands in place of octets that are no UTF-8; one in so many octets is no chance."""
_SML = b"\x1b\x1b\x1b\x1b\x01\x01\x01\x01"
_IS_SML = "octets of SML, which German meters push: another protocol, it needs a reader of its own"
_IS_IDLE = "octets FF and nothing else, as an idle line or an empty memory has them"
_TRANSLATED = re.compile(
    rb"\s*<(?:(?s:.*?)<)?(?:(?:Get|Set|Action|Read|Write|Access)Re(?:quest|sponse)|Association(?:Request|Response)"
    rb"|InvokeIdAndPriority|AttributeDescriptor|DataNotification|InitiateRe(?:quest|sponse))\b"
)
"""How translators write APDUs as XML, member by member."""
_IS_TRANSLATED = "APDUs that a translator wrote as XML, without their octets; pass on what it was given, in hex"
_WIRELESS = re.compile(
    rb"^[TCS]\d?;[01];[01];\d{4}-\d\d-\d\d |\btelegram=\|_?(?!68444468)[0-9A-Fa-f]{2}_?44", re.MULTILINE
)
_IS_WIRELESS = "telegrams of wireless M-Bus, as rtl_wmbus and wmbusmeters write them: another link, not read here"
_IS_PPPD = "what pppd recorded (its option record); save it as pcap, as Wireshark and editcap do"
_PPPD_STARTS, _PPPD_MOVES, _LEAST_MOVES = 7, (1, 2), 2
_PPPD_OTHERS = {3: 0, 4: 0, 5: 4, 6: 1, 7: 4}
"""Records of pppd: the time of the start, octets sent and received, and the octets behind the others' types.

Source: pppdump(8) and its code.
"""
_SEVEN = bytes(range(0x80)) * 2
_LABEL = rb"(?<![!-~])[A-Z][A-Z0-9+-]{2,8}%b"
_BLANKS, _SHORTEST_GROUP, _LONGEST_LINE, _MOST_LABELS = b" \t", 6, 300, 4
_LEAST_GROUPS = 3
"""Groups whose check character is right by chance are fewer."""
_IS_TIC = (
    "the customer output of French meters (TIC, Linky): another protocol, whose own readers take it at 1200 Bd"
    " (historique) or 9600 Bd (standard), 7E1"
)
_FOLLOWED = re.compile(rb"\s*=+\s+Follow: (\w+),(?:ascii|ebcdic|utf-8)\s")
_IS_FOLLOWED = "a stream that tshark followed as characters, which have lost octets; -z follow,{},raw has them all"


def foreign_text(head: bytes, *, has_traffic: bool) -> str:
    """Say what the text *head* is if it is none that is read; empty for others.

    *has_traffic* says that units or APDUs stand in it besides what was translated, or came by radio.
    """
    followed = _FOLLOWED.match(head)
    if followed:
        return _IS_FOLLOWED.format(followed[1].decode())
    if has_traffic:
        return ""
    if _TRANSLATED.match(head):
        return _IS_TRANSLATED
    return _IS_WIRELESS if _WIRELESS.search(head) else ""


def foreign_output(head: bytes) -> str:
    """Say what the octets or the text *head* are if a meter wrote them for its customer; empty for others."""
    return _IS_TIC if count_tic(head) >= _LEAST_GROUPS else ""


def foreign_octets(head: bytes) -> str:
    """Say what the octets *head* are if no name of a stack makes them traffic; empty for others."""
    if _SML in head:
        return _IS_SML
    if head and not head.strip(b"\xff"):
        return _IS_IDLE
    if head[:1] == bytes((_PPPD_STARTS,)) and _are_pppd_records(head):
        return _IS_PPPD
    return taken_for_text(head) or ("a tar archive; unpack it first" if head[_TAR_AT:].startswith(_TAR) else "")


def count_tic(octets: bytes) -> int:
    """Count groups of the customer output of French meters whose check character is right; 0 where most are wrong.

    Parity bits do no harm, nor what a log writes before a label.
    Source: Enedis-NOI-CPT_54E (groups from LF to CR, the check character their sum in six bits).
    """
    groups = right = 0
    for line in re.split(rb"[\r\n]+", octets.translate(_SEVEN)):
        blank, check = line[-2:-1], line[-1:]
        if not _SHORTEST_GROUP <= len(line) <= _LONGEST_LINE or blank not in _BLANKS:
            continue
        # The older form, with spaces, leaves the blank before the check character out.
        end = len(line) - (1 if blank == b"\t" else 2)
        sums = [(sum(line[one.start() : end]) & 0x3F) + 0x20 for one in re.finditer(_LABEL % blank, line)]
        groups += bool(sums)
        right += check[0] in sums[:_MOST_LABELS]
    return right if right * 2 >= groups else 0


def _are_pppd_records(head: bytes) -> bool:
    """Tell whether *head* is records of pppd, of which the last may be cut, and some of octets stand whole in it."""
    at = moves = 0
    while at < len(head):
        kind = head[at]
        if kind in _PPPD_MOVES:
            size = int.from_bytes(head[at + 1 : at + 3])
            at += 3 + size
            if not size:
                return False
            moves += at <= len(head)
        elif kind in _PPPD_OTHERS:
            at += 1 + _PPPD_OTHERS[kind]
        else:
            return False
    return moves >= _LEAST_MOVES


def taken_for_text(head: bytes) -> str:
    """Say what a program made of octets that it took for characters; empty where none did."""
    lost = head.count(_REPLACED)
    if lost * _MOST_REPLACED > len(head):
        return f"EF BF BD stands in place of {lost} octets that a program took for text: read and pass them on as bytes"
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as problem:  # a character may be cut where looking ended
        text = head[: problem.start].decode("utf-8") if problem.start > len(head) - _LONGEST_CHARACTER else ""
    above = sum(one > "\x7f" for one in text)
    if above * _MOST_REPLACED > len(text) and max(text) < "\u0100":
        return "octets that a program took for text and wrote as UTF-8: iconv -f utf8 -t latin1 turns them back"
    return ""
