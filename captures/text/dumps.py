"""The shapes of dumps: rows of octets with offsets before them and characters beside them."""

from captures.text.pieces import ALIGNED, CELLS, SAID_ABOVE, TITLE
from captures.text.shape import Joins, Shape

_TOLD = r"(?:[\[(]?<time>[\])]?[\s:;,|-]+)?(?:\[?(?P<direction><word>|<arrow>|[<>])(?![0-9A-Za-z])\]?[:|-]?\s+)?"
"""A time, a direction or both before the row that they belong to."""
_OF_PACKET = r".*\bIP6?\s|.*(?:[0-9a-f]{2}:){5}|\s*\d+\s+\d+\.\d+\s+\S+\s+(?:→|->)|(?:Frame|Packet) \(\d"
"""How tcpdump and tshark begin the line of a packet: its arrow is between addresses."""

_EIGHT = r"[0-9A-Fa-f]{2}(?:[ ][0-9A-Fa-f]{2}){0,7}+"
"""Octets of half a row."""

DUMPS: tuple[Shape, ...] = (
    Shape(
        "text2pcap", "a dump with times or directions, as text2pcap takes it", Joins.DUMP,
        r"\s*(?:(?P<direction>[IO])\s+)?(?:<time>\s+)?(?P<offset>[0-9A-Fa-f]{3,8}):?\s{1,4}<pairs><column>",
        r"\s*(?=[IO\d\#])(?:(?P<direction>[IO])\b\s*)?(?:<time>\s*)?(?:\#TEXT2PCAP.*)?",
        r"\s*(?:(?:[IO]\s+)?<time>\s*(?:[0-9A-Fa-f]{3,8}:?\s.*)?|[IO](?:\s+[0-9A-Fa-f]{3,8}:?\s.*)?\s*|\#TEXT2PCAP.*)",
    ),
    Shape(
        "told-dump", "a dump with times or directions before its first rows", Joins.DUMP,
        rf"\s*(?:{_TOLD})?(?P<offset>[0-9A-Fa-f]{{4,8}}):?\s{{1,4}}<pairs><column>",
        sign_text=rf"(?!\s*[0-9A-Fa-f]{{4,8}}:?\s)\s*{_TOLD}0{{4,8}}:?\s{{1,4}}[0-9A-Fa-f]{{2}}(?:\s.*)?",
    ),
    Shape(
        "titled-dump", "dumps below titles with directions", Joins.DUMP,
        r"\s*(?:0[xX])?(?P<offset>[0-9A-Fa-f]{4,8})(?::\s|\s{1,4})"
        r"(?P<octets>[0-9A-Fa-f]{2}(?:[ ]{0,2}[0-9A-Fa-f]{2}(?![^\s|>0-9A-Fa-f]))*+)<column>",
        rf"(?!{_OF_PACKET}){SAID_ABOVE}", r"\s*(?:0[xX])?0{4,8}(?::\s|\s{1,4})[0-9A-Fa-f]{2}.*", needs_heading=True,
    ),
    Shape(
        "boxed-dump", "a dump of hexyl", Joins.DUMP,
        rf"\s*\|\s*(?P<offset>[0-9A-Fa-f]{{8}})\|\s+(?P<marked>{_EIGHT}(?:\s+\|\s+{_EIGHT})?)[\s|].*",
        holds=(b"|0000", b"|  0000"),
    ),
    Shape(
        "xxd", "an xxd dump", Joins.DUMP,
        r"\s*(?P<offset>[0-9A-Fa-f]{8}):\s(?P<octets>(?:[0-9A-Fa-f]{2})+(?:\s(?:[0-9A-Fa-f]{2})+)*)(?:\s{2,}.*|\s)?",
        may_follow=True,
    ),
    Shape(
        "hexdump", "a dump of hexdump -C", Joins.DUMP,
        r"\s*(?P<offset>[0-9A-Fa-f]{8})\s{2}<pairs>\s*(?:\|.*\|)?\s*", may_follow=True,
    ),
    Shape(
        "od", "an od dump", Joins.DUMP,
        r"\s*(?P<offset>[0-9A-Fa-f]{6,7})\s+<pairs>\s*(?:>.*<)?\s*", may_follow=True,
    ),
    Shape(
        "words", "a dump of od or hexdump in words of two octets", Joins.DUMP,
        r"(?P<offset>[0-9A-Fa-f]{6,7})\s+(?P<words>[0-9A-Fa-f]{4}(?:\s{1,5}[0-9A-Fa-f]{4})*+)\s*(?:>.*<)?\s*",
        may_follow=True,
    ),
    Shape(
        "octal-words", "a dump of od in octal words of two octets", Joins.DUMP,
        r"(?P<offset>[0-7]{7})\s+(?P<octal_words>[01][0-7]{5}(?: [01][0-7]{5})*+)\s*", may_follow=True,
    ),
    Shape(
        "long-words", "a dump of od or hexdump in words of four octets", Joins.DUMP,
        r"(?P<offset>[0-9A-Fa-f]{6,7})\s+(?P<long_words>[0-9A-Fa-f]{8}(?:\s{1,5}[0-9A-Fa-f]{8})*+)\s*(?:>.*<)?\s*",
        may_follow=True,
    ),
    Shape(
        "octal", "a dump of od or hexdump in octal numbers or characters", Joins.DUMP,
        r"(?P<offset>[0-9A-Fa-f]{7})(?P<octal>(?: {3}[ -~]| {2}\\[0abtnvfr]| [0-3][0-7]{2})++)\s*", may_follow=True,
    ),
    Shape(
        "decimal-dump", "a dump of od in decimal numbers", Joins.DUMP, rf"(?P<offset>[0-9A-Fa-f]{{7}}){CELLS}",
        sign_text=rf"[0-9A-Fa-f]{{7}}{ALIGNED}",
    ),
    Shape("decimal-rows", "rows of decimal numbers", Joins.LINE, CELLS, sign_text=ALIGNED),
    Shape(
        "rom-records", "Intel HEX or S-records", Joins.READ,
        r"\s*(?P<rom>:(?:[0-9A-Fa-f]{2}){4}(?:[0-9A-Fa-f]{2})++|S[123](?:[0-9A-Fa-f]{2}){4,}+)\s*",
        sign_text=r"\s*(?:S[123][0-9A-Fa-f]{2}0|:[0-9A-Fa-f]{6}00)[0-9A-Fa-f]+\s*",
    ),
    Shape(
        "wireshark-hex", "a hex dump of Wireshark", Joins.DUMP,
        r"\s*(?P<offset>[0-9A-Fa-f]{4})\s{2,3}<pairs><column>",
        r"(?:Frame \(\d+ bytes\):|Packet \(\d+ bytes\):|(?P<aside>[A-Z][\w /().-]* \(\d+ bytes\):))\s*"
        r"|\s*\d+\s+(?P<relative>\d{1,9}\.\d{3,9})\s+\S+\s+(?:→|->)\s+\S+\s.*",
        may_follow=True, has_numbers=True,
    ),
    Shape(
        "tcpdump", "a dump of tcpdump", Joins.DUMP,
        r"\s*0x(?P<offset>[0-9A-Fa-f]{4}):\s{1,2}"
        r"(?P<octets>(?:[0-9A-Fa-f]{2}){1,2}(?: (?:[0-9A-Fa-f]{2}){1,2})*+)(?:\s{2,}.*|\s)?",
        r"<time>\s+(?:\S+\s+(?:In|Out|[PMB])\s+)?(?:IP6?|(?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b.*", may_follow=True,
        holds=(b"0x",),
    ),
    Shape(
        "dump", "a dump with offsets", Joins.DUMP,
        r"\s*\|?(?P<offset>[0-9A-Fa-f]{3,8})(?:[:|]|[ ]-)?\s{1,4}<pairs>(?:<column>|[ ]+-[ ].*)",
        sign_text=r"\s*\|?0{3,8}(?:[:|]|[ ]-)?\s{1,4}(?:[0-9A-Fa-f]{2}(?:\s.*)?)?",
    ),
    Shape(
        "format-hex", "a dump of Format-Hex", Joins.DUMP,
        r"(?P<offset>0{8}[0-9A-Fa-f]{8})\s(?P<octets>[0-9A-Fa-f]{2}(?:\s[0-9A-Fa-f]{2}){0,15}+)(?:\s.*)?",
        sign_text=r"0{16}\s(?:[0-9A-Fa-f]{2}\s)+.*", may_follow=True,
    ),
    Shape(
        "memory", "a dump of a debugger", Joins.DUMP,
        r"\s*0[xX](?P<offset>[0-9A-Fa-f]{4,16})(?:\s*<[^<>]{1,80}>)?:\s{1,4}"
        r"(?P<octets>(?:0[xX])?[0-9A-Fa-f]{2}(?:\s{1,2}(?:0[xX])?[0-9A-Fa-f]{2})*+)<column>",
        r"\s*\(?[a-z]{2,8}\)?\s+(?:x/|mem|dump).*", may_follow=True, holds=(b"0x", b"0X"),
    ),
    Shape(
        "decimal-columns", "decimal numbers and their characters below lines with a direction", Joins.READ,
        r"\s*(?P<decimals>\d{1,3}(?:[ ]\d{1,3})*+)(?:\s{2,}.*)?\s*", TITLE,
        r"\s*(?:\d{1,3}[ ])*(?:1\d|2[0-5])\d(?:[ ]\d{1,3})*(?:\s{2,}.*|\s*)", needs_heading=True,
    ),
    Shape(
        "titled-columns", "octets and their characters below lines with a direction", Joins.READ,
        r"\s*<pairs>(?:\s{2,}.*)?\s*", TITLE, r"\s*<word>\s*", needs_heading=True,
    ),
)  # fmt: skip
"""In the order in which a text is tried."""
