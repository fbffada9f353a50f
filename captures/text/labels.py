"""Words around octets to directions, and to whether the octets are traffic at all."""

import contextlib
import re

from captures.chunk import RECEIVED, SENT, UNKNOWN

_SENT = """tx txd sent send sends sending write writes writing written wrote outgoing host client out down
    irp_mj_write transmit transmitted request req hhu master pc
    sended transmited >> > -> --> >>> => ==> → ⇒ o c peer0 """
_RECEIVED = """rx rxd received receive receives receiving recv rcvd read reads reading incoming device meter server
    rec recd recieve recieved recieves recieving recived receved
    in up irp_mj_read response resp res answer reply slave << < <- <-- <<< <= <== ← ⇐ i s peer1"""
_SENT_ELSEWHERE = """发送 发 请求 передача передано отправка отправлено запрос запит gesendet senden anfrage envoi
    envoyé émission requête enviado envío petición solicitud enviar pedido gönderilen istek wysłano zapytanie odesláno
    dotaz sendt inviato richiesta verzonden verstuurd enviada envoyée envoye requete inviata peticion gönderildi
    gonderilen wyslano odeslano надіслано skickat skickar sänder sänt küldött küldés lähetetty trimis 下行 下发"""
_RECEIVED_ELSEWHERE = """接收 收 响应 应答 回复 返回 прием приём принято получено ответ відповідь прийом
    empfangen empfang antwort reçu réception réponse recibido recepción respuesta recebido resposta gelen cevap odebrano
    odpowiedź přijato odpověď mottatt ricevuto risposta ontvangen antwoord recibida recebida reçue recu reponse ricevuta
    recepcion alındı alınan prijato отримано mottaget mottagen modtaget fogadott fogadás vastaanotettu primit 上行"""
_ASKS_ELSEWHERE = "客户端 主站 上位机 клиент пк клієнт klient cliente istemci"
_ANSWERS_ELSEWHERE = """服务端 服务器 电表 сервер счетчик счётчик лічильник zähler zaehler compteur contador medidor
    contatore licznik sayaç elektroměr mérő"""
"""The sides of a line: in a sentence they name other things too."""
_ENCODINGS = ("utf-8", "gbk", "cp1251", "cp1252", "cp1250")


def _written(words: str) -> set[bytes]:
    """Give words of other languages in the encodings that logs have, in small letters and with a capital."""
    found = set()
    for word in words.split():
        for encoding in _ENCODINGS:
            for form in (word, word.capitalize(), word.upper()):
                with contextlib.suppress(UnicodeEncodeError):
                    found.add(form.encode(encoding))
    return found


ELSEWHERE: dict[bytes, int] = dict.fromkeys(_written(_SENT_ELSEWHERE), SENT)
ELSEWHERE.update(dict.fromkeys(_written(_RECEIVED_ELSEWHERE), RECEIVED))
"""Words of a direction in other languages than English, as they are encoded."""
DIRECTIONS: dict[bytes, int] = {word.encode(): SENT for word in _SENT.split()}
DIRECTIONS.update((word.encode(), RECEIVED) for word in _RECEIVED.split())
DIRECTIONS.update({b"peer: 0": SENT, b"peer: 1": RECEIVED})
SIDES: dict[bytes, int] = dict.fromkeys(_written(_ASKS_ELSEWHERE), SENT)
SIDES.update(dict.fromkeys(_written(_ANSWERS_ELSEWHERE), RECEIVED))
DIRECTIONS.update(ELSEWHERE | SIDES)
SIDES.update(dict.fromkeys(b"client host pc master hes hhu dcu c".split(), SENT))
SIDES.update(dict.fromkeys(b"server meter device slave s".split(), RECEIVED))
"""Words and signs that programs put before octets, by what they say."""

# In a sentence "in", "out", "host" and the like name other things too.
_IN_SENTENCES = re.compile(
    rb"(?<![a-z0-9_])(?:(tx|txd|sent|send|sends|sending|write|writing|written|wrote|outgoing|transmit|transmitted|request"
    rb"|req|irp_mj_write)"
    rb"|(rx|rxd|rec(?:ei|ie|i|e)v(?:e|ed|d|es|ing)|recd?|recv|rcvd|reads?|reading|incoming|response|answer|reply"
    rb"|resp|notif(?:y|ied|ication)|irp_mj_read))"
    rb"(?![a-z0-9_])"
)
_COLUMN = re.compile(rb"[\"'\])}|;,:\t][ \t]*(in|out|host|device|client|server|meter|slave|master)[ \t:\"'|=]*\n")
"""A word that stands alone in a column before the octets."""
_CELL = re.compile(rb"[\"'|;,\t][ \t]*(in|out)[ \t]*[\"'|;,\t](?![ \t]*:)")
"""A word that stands alone in another column."""
_IN_WORDS = re.compile(
    rb"(request|datasent|writecharacteristic)|(response|datareceived|onreceive|characteristicchanged)"
)
_IN_NAMES = re.compile(
    rb"(?<=[a-z])(?:(Sent|Send|Sending|Write|Written|Tx|TX)|(Received?|Receiving|Recv|Read|Reply|Answer|Rx|RX))(?![a-z])"
)
"""Words within names, as in ``serialSend`` and ``SerialReceived``: one alone may say what a tap does."""
_LEAST_WORD = 4
_FOREIGN = re.compile(
    rb"(?<![A-Za-z])(?:"
    + b"|".join(re.escape(word) for word in sorted(ELSEWHERE, key=len, reverse=True) if len(word) >= _LEAST_WORD)
    + rb")(?![a-z])"
)
_BEFORE_ARROW = re.compile(
    b"(?:"
    + b"|".join(map(re.escape, (word for word in ELSEWHERE if len(word) < _LEAST_WORD)))
    + rb")(?=\xe2\x86[\x90\x92]|\xa1[\xfa\xfb])"
)
"""A word of one sign before an arrow, in UTF-8 or GBK: elsewhere it may be part of another word."""
_ARROWS = re.compile(
    rb">>>|<<<|>>|<<|-->|<--|->|<-|(?<![=<>!])=>(?![=>])|(?<![=<>!])<=(?![=>])"
    rb"|\xe2\x86[\x90\x92]|\xe2\x87[\x90\x92]"
)
_MONITOR = re.compile(rb"((?<!\d)\d\d:\d\d:\d\d\.\d{3}) -> ")
_MONITOR_BACK = re.compile(rb"\d\d:\d\d:\d\d(?:\.\d{1,9})?[ \]]{0,2}<-")
_FOLLOWED = re.compile(rb"( {4}|\t)?([0-9A-Fa-f]{8})  ((?:[0-9A-Fa-f]{2}(?: {1,2}|\s*$)){1,16}).*")
_FOLLOWS = re.compile(rb"=+|(?:Follow|Filter|Node [01]): .*")
"""What tshark prints before and behind a stream that it follows."""
_CUT_ROW = re.compile(rb"(?: {0,4}|\t)[0-9A-Fa-f]{0,8} {0,2}[0-9A-Fa-f]?")
"""A row of a stream that Wireshark follows, and the beginning of one at the end of what is looked at."""
_SIDE = rb"((?:[A-Za-z0-9_.]|(?!\xe2\x86[\x90\x92])[\x80-\xff])++)"
_MODEM = re.compile(rb"(?<![a-z0-9])at[+#^$!%][a-z]{2}|(?:^|[\s\r])([+#^$!%][a-z]{2,12}:)")
"""A command to a modem, and what it answers."""
_BETWEEN = re.compile(
    rb"(?<![A-Za-z0-9_.\x80-\xff])"
    + _SIDE
    + rb"[ \t\])]*(?:(-+>|=+>|\xe2\x86\x92|(?<=[ \t])to(?=[ \t]))|(<-+|<=+|\xe2\x86\x90))[ \t\[(]*"
    + _SIDE
)
"""Two sides and who of them speaks."""
_INSIDE = re.compile(rb"pdu|payload|dlms re(?:quest|sponse)|[a-z]re(?:quest|sponse)")
_OPENED = rb"plain|decr|decipher|decoded|parsed|entschl|d(?:e|\xc3\xa9)chiffr|des?cifr|dekrypt|avkrypt|(?:od|roz)szyfr"
_SAYS_OPENED = re.compile(_OPENED)
_REPEATED = re.compile(rb"analy[sz]|window|" + _OPENED)
_SMALL = re.compile(
    rb"digest|challenge|password|secret|(?<![a-z])(?:keys?|guek|gak|gbek|kek)(?![a-z])|(?<!ent)(?<!ver)schl.{1,2}ssel|schl.{1,2}sselung|title|hash|crc|[fh]cs|checksum|nonce|signature"
    rb"|certificate|serial number|logical name|obis|(?<![a-z])(?:mac|iv|aad|tag)(?![a-z])"
)


_APART = bytes.maketrans(b"[](){}|,;\"'", b" " * 11)
"""What may stand between a word and others."""


def direction_of(word: bytes) -> int:
    """Read the direction that *word* says."""
    return DIRECTIONS.get(word.lower()) or DIRECTIONS.get(word, UNKNOWN)


def ends_in_direction(label: bytes) -> bool:
    """Tell whether the last word of *label* is one of a direction, or an arrow."""
    *_, last = b"", *label.translate(_APART).rstrip(b" \t\n:-").split()
    return bool(direction_of(last) or direction_of(last.strip(b"<>=-")))


def sides_in(label: bytes) -> tuple[bytes, bytes] | None:
    """Find who speaks to whom in words as ``Client -> Meter``; None where they do not say it."""
    found = _BETWEEN.search(label.partition(b"\n")[0])
    if found is None:
        return None
    first, to, _, second = found.groups()
    if to == b"to" and not (_side(first) and _side(second)):
        return None  # other words have a "to" between them, too
    return (first, second) if to else (second, first)


def _side(word: bytes) -> int:
    return SIDES.get(word.lower()) or SIDES.get(word, UNKNOWN)


def direction_between(speaker: bytes, other: bytes) -> int:
    """Tell the direction from the side that speaks or from the other; unknown where both may be either."""
    said, heard = _side(speaker), _side(other)
    if said == heard:
        return UNKNOWN
    return said or (RECEIVED if heard == SENT else SENT)


def has_both_in_names(text: bytes) -> bool:
    """Tell whether names in *text* have words of both directions within."""
    return len({found.lastindex for found in _IN_NAMES.finditer(text)}) > 1


def direction_in(label: bytes, *, is_unit: bool = False, takes_names: bool = False) -> int:
    """Find the first word of a direction in *label*; else an arrow on its first line.

    Before a whole unit (*is_unit*) a word may stand within another, as in ``GetRequestNormal``; and within a name, as
    in ``SerialReceived``, where the text has both directions so (*takes_names*).
    """
    lowered = label.lower()
    found = _IN_SENTENCES.search(lowered)
    if found is not None:
        return SENT if found[1] else RECEIVED
    column = _COLUMN.search(lowered)
    if column is not None:
        return DIRECTIONS[column[1]]
    cell = _CELL.search(lowered)
    if cell is not None:
        return DIRECTIONS[cell[1]]
    modem = _MODEM.search(lowered)
    if modem is not None:
        return RECEIVED if modem[1] else SENT
    inside = _IN_WORDS.search(lowered) if is_unit else None
    if inside is None and is_unit and takes_names:
        inside = _IN_NAMES.search(label)
    if inside is not None:
        return SENT if inside[1] else RECEIVED
    foreign = _FOREIGN.search(label) or _BEFORE_ARROW.search(label)
    if foreign is not None:
        return ELSEWHERE[foreign[0]]
    arrow = _ARROWS.search(lowered.partition(b"\n")[0])
    return direction_of(arrow[0]) if arrow else UNKNOWN


def says_way(label: bytes) -> bool:
    """Tell whether words around octets have one that says their direction, not only a side of the line."""
    return _IN_SENTENCES.search(label.lower()) is not None


def has_indented_side(text: bytes) -> bool:
    """Tell whether *text* is rows of two dumps, at the border and four blanks behind it, as Wireshark follows them.

    Each goes on by itself from row to row, and nothing else stands between: others indent what they quote.
    """
    *rows, last = text.rstrip().split(b"\n")
    places: dict[bytes | None, int] = {}
    for row in rows if _CUT_ROW.fullmatch(last) else [*rows, last]:
        found = _FOLLOWED.fullmatch(row)
        if found is None and row.strip() and not _FOLLOWS.fullmatch(row.strip()):
            return False
        if found is not None:
            place = int(found[2], 16)
            if places.get(found[1], place) != place:
                return False
            places[found[1]] = place + len(found[3].split())
    return len(places) > 1


def has_monitor_arrows(text: bytes) -> bool:
    """Tell whether times have the arrow behind them that Arduino's serial monitor writes, and none has another."""
    return _MONITOR.search(text) is not None and _MONITOR_BACK.search(text) is None


def without_arrows(line: bytes) -> bytes:
    """Give *line* with blanks for the arrows of a monitor."""
    return _MONITOR.sub(rb"\1    ", line)


def is_inside(label: bytes) -> bool:
    """Tell whether the words around octets name an APDU or a part of one."""
    return _INSIDE.search(label.lower()) is not None


def says_opened(label: bytes) -> bool:
    """Tell whether words say that octets are something deciphered."""
    return _SAYS_OPENED.search(label.lower()) is not None


def is_no_traffic(label: bytes, *, is_unit: bool = False, takes_opened: bool = False) -> bool:
    """Tell whether the words before octets say that they are something deciphered or analysed, a key or a digest.

    What is smaller than a unit of a link is not said of octets that are one (*is_unit*). What is deciphered is traffic
    where the text has none besides (*takes_opened*).
    """
    lowered = label.lower()
    is_repeated = _REPEATED.search(lowered) is not None and not (takes_opened and _SAYS_OPENED.search(lowered))
    return is_repeated or (not is_unit and _SMALL.search(lowered) is not None)


def is_secret(title: bytes) -> bool:
    """Tell whether a line says that what stands below it is a key, a nonce or a digest."""
    return title.rstrip(b" *_`").endswith(b":") and _SMALL.search(title.lower()) is not None
