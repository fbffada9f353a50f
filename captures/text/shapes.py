r"""The table of text shapes: how programs write octets on lines, with patterns for the lines.

Sources: what the programs print, as their manuals and users show it. A new shape is a row.
"""

from captures.text.characters import ALONE, CONTROL, DATA_SET, IDENTIFICATION
from captures.text.dumps import DUMPS
from captures.text.pieces import (
    CALL,
    COUNT_BEHIND,
    DUMP_LINE,
    ENDING,
    ESCAPE,
    ESPHOME,
    GAPS,
    HEAD,
    HEXLINE,
    HURT,
    LEVEL,
    LITERAL,
    MESSAGE,
    NAMED_SET,
    RAW_CONTROL,
    REMARKS,
    SAID_ABOVE,
    SET_OR_END,
)
from captures.text.shape import Joins, Shape

SHAPES: tuple[Shape, ...] = (
    # -- programs that say on a line of its own what the octets below it are --------------------------------------
    Shape(
        "counted-reads", "reads, each with its time and length on the line above", Joins.READ, HEXLINE,
        r"\s*\[?<time>\s*-\s*(?P<direction><word>)\s+(?P<count>\d+)\s+(?:\(0[xX][0-9A-Fa-f]+\)\s+)?(?:bytes?|octets?)\]?\s*",
        needs_heading=True, may_follow=True,
    ),
    Shape(
        "socat", "a socat -x log", Joins.READ, r"\s+<pairs><column>",
        r"(?P<direction>[<>])\s+<time>\s+length=(?P<count>\d+)\s+from=\d+\s+to=\d+\s*|(?P<aside>--)",
        needs_heading=True, may_follow=True, holds=(b"length=",),
    ),
    Shape(
        "hhd-monitor", "a Device Monitoring Studio log", Joins.READ, r"\s+<pairs><column>",
        r"\[<time>\]\s+(?:-\s+)?(?P<direction>Written|Read) data\b.*", needs_heading=True, may_follow=True,
        holds=(b" data",),
    ),
    Shape(
        "jpnevulator", "a jpnevulator log", Joins.READ, r"\s*<pairs><column>",
        r"<time>:\s+(?P<lane>[^\s:]+)\s*", needs_heading=True, may_follow=True,
    ),
    Shape(
        "putty-ssh", "a PuTTY packet log", Joins.DUMP, DUMP_LINE,
        r"(?:(?P<direction>Incoming|Outgoing) packet #0x[0-9A-Fa-f]+, type \d+ / 0x[0-9A-Fa-f]+"
        r" \(SSH2_MSG_CHANNEL_DATA\)"
        r"|(?P<aside>(?:Incoming|Outgoing) (?:packet|raw data)|Event Log:)).*",
        needs_heading=True, skips=8, holds=(b"SSH2_MSG_CHANNEL_DATA",),
    ),
    Shape(
        "irp-dump", "a serial monitor's table with dumps", Joins.DUMP,
        r"\s*(?P<offset>[0-9A-Fa-f]{3,8}):?\s{1,4}<pairs><column>",
        r"(?:.*?<time>)?.*?\b(?P<direction>IRP_MJ_(?:WRITE|READ))\b"
        r"(?!.*(?:Length:? *\d+:|[0-9A-Fa-f]{2}(?: [0-9A-Fa-f]{2}){3})).*",
        needs_heading=True, holds=(b"IRP_MJ_",),
    ),
    Shape(
        "netty", "a log of Netty", Joins.DUMP,
        r"\s*\|(?P<offset>[0-9A-Fa-f]{8})\|\s?<pairs>\s*\|.*\|\s*",
        r"(?>.*?<time>)?.*\b(?P<direction>WRITE|READ|SENT|RECEIVED|WRITTEN)(?:: |\()(?:\d+B\)?|\w+\(ridx=.*)\s*",
        needs_heading=True, holds=(b"|",),
    ),
    Shape(
        "pyserial-spy", "a spy log of pySerial", Joins.DUMP,
        r"\s*(?P<relative>\d{6,}\.\d{3})\s+(?P<direction>[TR]X)\s+(?P<offset>[0-9A-Fa-f]{4})\s{1,3}<pairs><column>",
        may_follow=True,
    ),
    Shape(
        "logged-dump", "dumps in a log, below lines with a direction", Joins.DUMP,
        r".{0,120}?[:\])>]\s+(?:0[xX])?(?P<offset>[0-9A-Fa-f]{4,8}):?\s{1,4}<pairs>\s*\|.*\|\s*",
        r"(?!.*\|)(?>.*?<time>)?.{0,120}?\b(?P<direction>(?i:tx|rx|sen[dt]|sending|writ(?:e|ten|ing)|recv|receiv(?:e|ed|ing)|read(?:ing)?))\b"
        r".{0,60}\b\d{1,5} (?:bytes?|octets?)\b.*",
        r".{0,120}?[:\])>]\s+(?:0[xX])?[0-9A-Fa-f]{4,8}:?\s{1,4}[0-9A-Fa-f]{2}\s.*\|.*\|\s*", holds=(b"|",),
    ),
    # -- tables and logs with all of it on one line ----------------------------------------------------------------
    Shape(
        "portmon", "a Portmon log", Joins.LINE,
        r"\s*\d+\s+(?:<time>|\d+\.\d+)\s+.{1,200}?\b(?P<direction>IRP_MJ_(?:WRITE|READ))\s.{1,80}?\bLength:?\s*\d+:\s*<hex>\s*",
        may_follow=True, has_numbers=True, holds=(b"IRP_MJ_",),
    ),
    Shape(
        "irp-table", "a serial monitor's table", Joins.LINE,
        r"\s*\#?\d+\s+(?:<time>|[\d.]+)\s+(?P<direction>IRP_MJ_(?:WRITE|READ))\s+(?:UP|DOWN)\s+\S+\s+<pairs><column>",
        may_follow=True, has_numbers=True, holds=(b"IRP_MJ_",),
    ),
    Shape(
        "gurux-trace", "a Gurux trace", Joins.LINE,
        r"\s*(?P<direction>[TtRr][Xx]):\s*<time>\s+<hex>\s*", may_follow=True, holds=(b"x:", b"X:"),
    ),
    Shape(
        "docklight", "a Docklight log", Joins.LINE,
        r"\s*<time>\s+\[(?P<direction>[TR]X)\](?:\s*-)?\s*<hex>\s*", may_follow=True, holds=(b"TX]", b"RX]"),
    ),
    Shape(
        "director", "a trace of GXDLMSDirector", Joins.LINE,
        r"\s*(?:\d{1,2}[.:]\d\d[.:]\d\d\s+)?<time>\s+(?P<direction>Sent|Received|Send|Receive):?\s+<hex>\s*",
        may_follow=True, holds=(b"Sen", b"Rec"),
    ),
    Shape(
        "esphome", "an ESPHome log", Joins.LINE,
        r"(?P<octets>(?<![0-9A-Za-z:.])[0-9A-Fa-f]{2}(?:[.:][0-9A-Fa-f]{2})++)",
        sign_text=r"\s*(?:\[<time>\])?\[[A-Z]{1,2}\]\[[\w.]+(?::\d+)?\]:.*",
        tail_text=r"(?![0-9A-Za-z:.]\w)(?:\.\.\.)?\s*(?:\(\d+\))?\s*", holds=(b"]:",),
    ),
    Shape(
        "esphome-strings", "strings of an ESPHome log", Joins.LINE,
        rf"""{ESPHOME}(?P<string>"(?:[^"\\]|\\.)*+")\s*""", holds=(b"]:",),
    ),
    Shape(
        "esphome-numbers", "numbers of an ESPHome log", Joins.LINE,
        rf"{ESPHOME}(?:(?P<listed>(?:0b[01]{{8}} \(0x[0-9A-Fa-f]{{2}}\)[:, ]{{0,2}})++)"
        r"|(?P<decimals>\d{1,3}(?:[:, ]\d{1,3})*+))\s*",
        sign_text=rf"{ESPHOME}(?:0b[01]{{8}} \(|(?:\d{{1,3}}[:, ])*(?:\d|\d\d\d)(?:[:, ].*|\s*$)).*", holds=(b"]:",),
    ),
    Shape(
        "candump", "octets behind epochs", Joins.LINE,
        r"\s*\(<time>\)\s+(?:(?P<direction><word>|>>?|<<?)\s*[:|-]?\s*)?<hex>\s*", may_follow=True, holds=(b"(",),
    ),
    Shape(
        "interceptty", "an interceptty log", Joins.RUN,
        r"\s*(?:<time>\s+)?(?P<direction>[<>])\s+0[xX](?P<octets>[0-9A-Fa-f]{2})(?:\s+.*)?", may_follow=True,
        holds=(b"0x", b"0X"),
    ),
    Shape(
        "slsnif", "an slsnif log", Joins.LINE,
        r"\s*(?:<time>\s+)?(?P<direction>Host|Device)\s+-->\s*(?P<listed>(?:(?>.{1,8}?\((?:0x[0-9A-Fa-f]{2}|\d{1,3})\))\s*)++"
        r"|[0-9A-Fa-f]{2}(?:\s+[0-9A-Fa-f]{2})*)(?:\s+\.\.\.)?\s*",
        heading_text=r"\s*<time>\s*", may_follow=True, holds=(b"-->",),
    ),
    Shape(
        "strace-dump", "dumps in an strace log", Joins.DUMP,
        r"\s\|\s(?P<offset>[0-9A-Fa-f]{5,8})\s{2}<pairs>\s+.*\|\s*", rf"{CALL}.*", needs_heading=True,
        least_share=0.9, holds=(b" | 00000",),
    ),
    Shape(
        "strace", "an strace log", Joins.LINE,
        rf"{CALL}(?P<literal>\"(?:[^\"\\]|\\.)*+\")(?:\.\.\.)?, \d+(?:, [^)]{{0,200}})?\)\s*=\s*[1-9]\d*.*",
        holds=(b"read", b"write", b"send", b"recv"),
    ),
    *DUMPS,
    # -- source text -----------------------------------------------------------------------------------------------
    Shape(
        "c-array", "C arrays", Joins.READ,
        r"(?P<begin>.{0,200}\{)?\s*(?P<octets>0[xX][0-9A-Fa-f]{2}(?:\s*,\s*0[xX][0-9A-Fa-f]{2})*+)\s*,?\s*(?P<end>\}.*)?(?:/\*.*|//.*)?",
        r"(?:.*?(?<![A-Za-z])(?P<direction>peer[01]|<said>)(?![a-z]).*|.*)\[.*\{.*|\s*\}.*|\s*/\*.*\*/\s*",
        r"[^\[]{0,200}\[[^\]]{0,80}\]\s{0,9}(?:\w{1,60}\s{0,9})?=?\s{0,9}\{.*", holds=(b"0x", b"0X"),
    ),
    Shape(
        "gurux-xml", "comments of a Gurux XML", Joins.LINE,
        r"(?:<!--|<(?i:pdu|frame|raw|hex|message)>)\s*(?P<octets>[0-9A-Fa-f]{2}(?:[ ]?[0-9A-Fa-f]{2}){4,}+)",
        sign_text=r"\s*<.*", tail_text=r"\s*(?:-->|</).*", holds=(b"<",),
    ),
    Shape(
        "fromhex", "bytes.fromhex calls", Joins.LINE,
        r"""fromhex\(\s*["'](?P<octets>[^"']*+)""", tail_text=r"""["'].*""", holds=(b"fromhex",),
    ),
    Shape(
        "python-bytes", "Python bytes", Joins.LINE, LITERAL, tail_text=r".*", holds=(b"b'", b'b"', b'b\\"'),
    ),
    Shape(
        "escapes", r"\x escapes", Joins.LINE,
        rf"""(?P<octets>(?:{ESCAPE}[ ,]?){{4,}}+|(?<=["'])(?:{ESCAPE}){{1,3}}(?=["'][\s\\+;,)]*$))""",
        sign_text=rf".*{ESCAPE}[ ,]?\\[xX].*", tail_text=r".*", least_share=0.9, holds=(b"\\x", b"\\X"),
    ),
    Shape(
        "unit-strings", "units as strings of a program", Joins.LINE,
        r"""(?P<literal>"(?=(?:~|\\x7[Ee])\\x[Aa]|(?:\\x00|\\0{1,3})(?:\\x01|\\0{0,2}1)(?:\\x00|\\0))(?:[^"\\]|\\.|"")*+")""",
        sign_text=r""".*"(?:~|\\[x0]).*\\[x0].*""", tail_text=r".*", holds=(b'"',),
    ),
    Shape(
        "marked", "octets with marks around them", Joins.LINE,
        r"(?P<marked>(?:\[[0-9A-Fa-f]{2}\]\s?){5,}+|(?:<[0-9A-Fa-f]{2}>\s?){5,}+|(?:\([0-9A-Fa-f]{2}\)\s?){5,}+"
        r"|(?:\{[0-9A-Fa-f]{2}\}\s?){5,}+|(?:[$%&][Hh]?[0-9A-Fa-f]{2}[\s,]{0,2}){5,}+|(?:[0-9A-Fa-f]{2}[hH][\s,]{0,2}){5,}+"
        r"|(?:16\#[0-9A-Fa-f]{1,2}[\s,;]{0,3}){5,}+"
        r"|[0-9A-Fa-f]{2}(?:[|;/][ ]?[0-9A-Fa-f]{2}){4,}+)",
        sign_text=r".*?(?:[\[<({$%&|;/][Hh]?[0-9A-Fa-f]{2}[\]>)}\s,]{0,2}|[0-9A-Fa-f]{2}[hH][\s,]{0,2}"
        r"|16\#[0-9A-Fa-f]{1,2}[\s,;]{0,3}){4}.*",
        tail_text=r".*",
    ),
    Shape(
        "quoted", "octets in quotation marks", Joins.LINE,
        r"""(?P<quoted>(?:["'](?:0[xX])?[0-9A-Fa-f]{1,2}["'][\s,]{0,3}){5,}+)""",
        sign_text=r""".*?(?:["'](?:0[xX])?[0-9A-Fa-f]{1,2}["'][\s,]{0,3}){4}.*""", tail_text=r".*",
    ),
    Shape(
        "decimals", "decimal numbers", Joins.LINE,
        r"(?:(?<![0-9A-Za-z.:,-])(?=-?\d{1,3},)|(?<=\[))"
        r"(?P<decimals>-?\d{1,3}(?:(?:,\s{0,4}-?\d{1,3}){5,}+|(?:[ ]-?\d{1,3}){5,}+(?=\])))",
        sign_text=r"(?:.*?(?:[\s\[({=,:]|<<))?(?:-?\d{1,3},\s{0,4}){0,200}(?:-\d|[12]\d\d)\d{0,2}\s{0,4},.*"
        r"|[^\[]*+(?:\[(?!-?\d{1,3}[ ])[^\[]*+)*+\[(?:-?\d{1,3}[ ]){5}.*",
        tail_text=r"""[\])};,.\s]*|>>.*|\][\s}]*,\s*".*""",
    ),
    Shape(
        "decimal-words", "decimal numbers between blanks", Joins.LINE,
        r"\s*(?:\[?<time>\]?[\s:>-]*)?(?:(?:(?P<direction><word>)|[A-Za-z][\w ()]{0,30})\s*[:=]\s*)?"
        r"(?P<decimals>\d{1,3}(?:[ \t]+\d{1,3})*+)\s*",
        sign_text=r".*(?<!\d)(?:126 1[67]\d|104 (?P<length>\d{2,3}) (?P=length) 104|230 23[01] 0|219 8) \d{1,3} .*",
        holds=(b"126 1", b"104 ", b"230 23", b"219 8 "),
    ),
    Shape(
        "decimal-lines", "a decimal number a line", Joins.RUN, r"\s*(?P<decimals>\d{1,3})\s*[,;]?\s*",
        r"(?:.*?<time>)?.*?(?<![A-Za-z])(?P<direction><said>)(?![a-z])[^\[]*[\[{(]\s*",
        sign_text=r"\s*(?:1\d|2[0-5])\d\s*[,;]?\s*", least_share=0.9,
    ),
    Shape(
        "follow-yaml", "a stream that Wireshark followed, in YAML", Joins.READ,
        r"\s{2,8}(?P<base64>[0-9A-Za-z+/]+={0,2})\s*",
        r"\s*(?:- )?(?:packet: \d+|(?P<direction>peer: [01])|index: \d+|timestamp: <time>|data: !!binary \|)\s*"
        r"|(?P<aside>packets:|peers:|\s*(?:- )?(?:host|port):.*)\s*",
        needs_heading=True, holds=(b"!!binary",),
    ),
    Shape(
        "base64", "base64", Joins.LINE,
        # Only where HDLC, M-Bus, a wrapper, LLC or a ciphered APDU begins it: words look like base64 too.
        r"(?<![0-9A-Za-z+/=])(?P<base64>(?:fq|AAEA|2w[gh]|5u[cY]A|a[A-P]..a[FH])[0-9A-Za-z+/]{8,}+={0,2})",
        sign_text=r".*(?<![0-9A-Za-z+/=])(?:fq|AAEA|2w[gh]|5u[cY]A|a[A-P]..a[FH])[0-9A-Za-z+/]{8}.*",
        tail_text=r"(?![0-9A-Za-z+/=]).*", holds=(b"fq", b"AAEA", b"2wg", b"2wh", b"5ucA", b"5uYA", b"aF", b"aH"),
    ),
    # -- messages in their own characters --------------------------------------------------------------------------
    Shape(
        "strings", "strings of a program", Joins.LINE,
        rf"""(?P<string>(?:"|'|`)(?=/\?|\\(?:x0|u000|0{{0,2}})[1-6]|\\r\\n|\\n|{IDENTIFICATION}|{DATA_SET}|{NAMED_SET}|\(\d|!)"""
        r"""(?:[^"'`\\]|\\.)*+["'`])""",
        sign_text=rf"""(?:.*?[^\w.])?["'`](?:\\(?:x0|u000|0{{0,2}})2)?(?:{IDENTIFICATION}|{DATA_SET}|{NAMED_SET})\\(?:r?\\?n|x03).*""",
        tail_text=r".*",
    ),
    Shape(
        "named-controls", "messages with named control characters", Joins.LINE,
        r"\s*+(?:[\[(]?<time>[\])]?\s*+)?"
        r"(?:(?P<direction><word>|[A-Za-z][\w ]{0,20}(?=:)|>>?|<<?|[-=]+>|<[-=]+)\s*[:|-]?\s+)?"
        rf"(?P<named>(?:{MESSAGE}.*?)?{CONTROL}.*|(?(direction)(?:/(?:\?\w{{0,32}}!|[A-Za-z]{{3}}[0-9A-I][!-.0-~]+)|{ALONE}|{SET_OR_END})(?:\s+//.*)?|(?!)))",
        sign_text=r"[^<\[{]*+(?:[<\[{](?!(?:STX|SOH|ACK)[>\]}]|0?[126]>)[^<\[{]*+)*+"
        r"(?:[<\[{](?:STX|SOH|ACK)[>\]}]|<0?[126]>).*"
        r"|.*(?:[<\[{](?:CR|LF)[>\]}]|<0[Dd]><0[Aa]>)",
    ),
    Shape(
        "readout", "a readout in its own characters", Joins.LINE,
        rf"(?:{HEAD}|[^/]{{1,200}}:\s{{1,4}}(?={IDENTIFICATION}(?:[\\<\s]|$)))"
        rf"(?P<characters>{RAW_CONTROL}.*|/\?\w{{0,32}}!(?=\s|$)"
        rf"|(?:{IDENTIFICATION}|[A-Z][A-Za-z]{{2}}\d\\[2@][!-~]+|(?P<more>\(\d[^()]{{0,40}}\)(?:\([^()]{{0,40}}\))*+)|{DATA_SET}|{ENDING}(?=[\s\\<\"'`]|$))"
        rf"(?:(?:\\r|\\n|\s)*+(?:{DATA_SET}|{ENDING}))*+|{HURT})"
        r"""(?:(?:\\[rn]?|<\\?(?i:r|n|cr|lf)>|["'`,;)])*+(?:\s.*)?)""",
        sign_text=rf"{HEAD}(?:{DATA_SET}|{IDENTIFICATION}).*",
    ),
    Shape(
        "parity-characters", "a readout in characters with a parity bit", Joins.LINE,
        r"[>\s]*+(?P<parity>(?:[ -~]|[\xc2\xc3][\x80-\xbf]|[\x80-\xff])++)",
        sign_text=r".*?(?:\([^()]{0,80}?\xa9|(?:\xc2?\xa8)[^()]{0,80}?\)).*",
    ),
    # -- plain hex, and hex among words ----------------------------------------------------------------------------
    Shape(
        "modem", "a dialogue with a modem", Joins.LINE,
        r"""(?<![0-9A-Za-z])(?P<octets>(?:[0-9A-Fa-f]{2}){5,}+)(?![0-9A-Za-z])""",
        sign_text=r"""(?:.*\W)?(?:AT[+#^$!%][A-Z]{2,12}=|[+#^$!%][A-Z]{2,12}:).*?(?:[0-9A-Fa-f]{2}){5,}.*""",
        tail_text=r""""?(?:,\d+)*\s*""",
    ),
    Shape(
        "dump-titles", "frame dumps below titles", Joins.READ, rf"{LEVEL}\s*<hex>",
        r".*?(?:(?P<aside>(?i:gcm|dlms|dsmr|cosem|llc|gbt|payload|decrypt|plain|application data|system title|authentic"
        r"|initiali[sz]ation vector|additional)\w*(?: frame)?)"
        r"|(?i:frame dump|hdlc|m-?bus)(?: frame)?)\b[^:]{0,24}:\s*",
        needs_heading=True, is_titled=True,
    ),
    Shape(
        "titled-rows", "octets and their characters below titles with directions", Joins.LINE,
        r"\s*<pairs>\s+\|(?P<beside>.{1,64}?)\|?\s*", SAID_ABOVE,
        sign_text=r"\s*[0-9A-Fa-f]{2}(?:[ ]{1,2}[0-9A-Fa-f]{2}){7,31}\s+\|.*", needs_heading=True, holds=(b" |",),
    ),
    Shape(
        "character-columns", "octets with directions and their characters beside them", Joins.READ,
        r"\s*(?:(?P<direction><word>(?![0-9A-Za-z])|<arrow>)\S?\s*[:|-]?\s+(?:\#\s+)?)?<pairs>(?:\s{2,}.*|\t.*|\s)?",
        r"\s*(?P<direction><word>|<arrow>)\s*:\s*",
        r"\s*(?:<word>(?![0-9A-Za-z])|<arrow>)\S?\s*[:|-]?\s+[0-9A-Fa-f]{2}(?:[ ]{1,2}[0-9A-Fa-f]{2})*"
        r"(?:\s{2,}|\t)(?![0-9A-Fa-f]{2}\s)\S.*",
        least_share=0.5, holds=GAPS,
    ),
    Shape(
        "rows-with-characters", "rows of octets with their characters beside them", Joins.LINE,
        r"\s*<pairs>\s{2,}(?P<beside>\S.*)", r"\s*\[?<time>\]?:?\s*",
        sign_text=r"\s*[0-9A-Fa-f]{2}(?:[ ]{1,2}[0-9A-Fa-f]{2}){7,31}\s{2,}(?![0-9A-Fa-f]{2}\s)\S.*",
        least_share=0.9, holds=GAPS,
    ),
    Shape(
        "octets-first", "octets in a table before directions and times", Joins.LINE,
        r"""\s*["']?(?P<octets>[0-9A-Fa-f]{2}(?:[ :-]?[0-9A-Fa-f]{2})*+)["']?\s*[;,\t|]"""
        r"""(?=(?:[^;,\t|]*[;,\t|]){0,8}?[ "']*(?P<direction><word>|<arrow>)[ "']*(?:[;,\t|]|\s*$))"""
        r"""(?:.*?[;,\t|][ "']*<time>)?.*""",
        sign_text=r"""\s*["']?[0-9A-Fa-f]{2}(?:[ :-]?[0-9A-Fa-f]{2}){4,}+["']?\s*[;,\t|].*""", least_share=0.9,
    ),
    Shape(
        "annotated-pieces", "pieces of octets with remarks", Joins.READ,
        r"\s*(?:(?P<direction><word>)\s*[:|-]\s*)?<hex><remark>?\s*",
        r"\s*(?P<direction><word>)(?:\s(?i:frame|message|telegram|packet|data)\s*:\s*[A-Z-]{0,8}|\s*[:|-])\s*",
        r"\s*[0-9A-Fa-f]{2}(?:\s?[0-9A-Fa-f]{2}){0,3}\s*<remark>", least_share=0.5, is_explained=True, holds=REMARKS,
    ),
    Shape(
        "tabbed-pieces", "pieces of octets with remarks behind tabs", Joins.READ,
        r"\s*(?P<octets>[0-9A-Fa-f]{2}(?:[ ]?[0-9A-Fa-f]{2})*+)[ ]*(?:\t(?!\d{1,4}[-/.]\d).*)?",
        sign_text=r"\s*[0-9A-Fa-f]{2}(?:[ ]?[0-9A-Fa-f]{2}){0,7}[ ]*\t\s*\w.*[A-Za-z]{2}.*", least_share=0.5,
        is_explained=True, holds=(b"\t",),
    ),
    Shape(
        "annotated", "octets with remarks", Joins.LINE, r"\s*(?:(?P<direction><word>)\s*[:|-]\s*)?<hex><remark>?\s*",
        sign_text=r"\s*(?:<word>\s*[:|-]\s*)?<hex><remark>", least_share=0.5, holds=REMARKS,
    ),
    Shape(
        "direction-octets", "octets with directions", Joins.LINE,
        r"\s*(?P<direction><word>|>>>?|<<<?|[-=]+>|<[-=]+|[CcSsIiOo](?=\s*[:|])|[<>](?=\s))\s*[:|-]?\s*<hex>\s*",
        may_follow=True, is_plain=True,
    ),
    Shape(
        "time-direction", "octets with times and directions", Joins.LINE,
        r"\s*\[?<moment>[\])]?[\s:;,|-]*\[?(?P<direction><word>|>>>?|<<<?|[-=]+>|<[-=]+|[<>])[\])]?[\s:;,|-]*<hex>\s*",
        may_follow=True,
    ),
    Shape(
        "direction-time", "octets with directions and times", Joins.LINE,
        r"\s*\[?(?P<direction><word>|>>>?|<<<?|[-=]+>|<[-=]+|[<>])[\])]?[\s:;,|-]*\[?<time>[\])]?[\s:;,|-]+<hex>\s*",
        may_follow=True,
    ),
    Shape(
        "time-octets", "octets with times", Joins.LINE,
        r"\s*\[?<moment>(?:\]|\s|(?=[;,|-]))\s*[:;,|-]?\s*(?:SML:|TMP:)?\s*<hex>\s*", may_follow=True,
    ),
    Shape(
        "apdu-titles", "APDUs below titles", Joins.READ, rf"{LEVEL}\s*<hex>",
        r".*?(?:(?i:gcm|dlms|dsmr|cosem|gbt|llc|decrypted)(?: frame| data| payload)|(?P<aside>(?i:application data)))"
        r"\b[^:]{0,24}:\s*",
        needs_heading=True,
    ),
    Shape(
        "titles", "octets below titles with directions", Joins.LINE,
        rf"{HEXLINE}(?:\(\s*\+\s*(?P<delta>\d{{1,9}})\s*ms\)\s*)?",
        rf"(?:(?={COUNT_BEHIND})|(?!.*(?:[:|>-]|\b<word>)\s*(?:[0-9A-Fa-f]{{2}}\s*)+$)){SAID_ABOVE}",
        needs_heading=True,
    ),
    Shape(
        "octets", "hex", Joins.LINE, r"(?!\s*\d{4}-\d\d-\d\d(?:[ T]\d\d:|\s*$))\s*<hex>", r"\s*\[?<time>\]?:?\s*",
        may_follow=True, is_plain=True,
    ),
    Shape(
        "labelled", "octets behind words", Joins.LINE,
        r"(?:(?<![0-9A-Za-z._-])(?<!\d:)(?<![^0-9A-Za-z][0-9A-Fa-f]{2}:)|(?<=\|_|\\x))(?!\d{4}-\d\d-\d\d(?!\d))"
        r"(?P<octets><one>(?:(?:, | {1,3}|[,:.-])?<one>){3,}+)",
        tail_text=r"""(?:["')\]}>,;.`\\\s]|\(\d+(?: bytes)?\)|\|\+\d+)*+""",
    ),
)  # fmt: skip
"""Of the shapes that explain a text well the first is taken: from the most particular to the most general."""

PLAIN = tuple(shape for shape in SHAPES if shape.is_plain)
"""What octets on a command line may look like."""
