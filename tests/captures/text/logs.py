"""The logs that the tests read: every shape of text at least once."""

from __future__ import annotations

from base64 import b64encode

from tests.captures.text.written import (
    SENT_RECEIVED,
    TX_RX,
    Log,
    _amsreader,
    _amsreader_timed,
    _amsreader_verbose,
    _annotated,
    _apdu_titles,
    _at,
    _beside,
    _c_array,
    _columns,
    _counted,
    _dump,
    _escaped,
    _esp_idf,
    _esphome_string,
    _hexdump,
    _hexdump_words,
    _hhd,
    _interceptty,
    _irp_dump,
    _irp_table,
    _jpnevulator,
    _lines,
    _netty,
    _packet_array,
    _portmon,
    _putty_ssh,
    _qt_string,
    _readable,
    _rows,
    _slsnif,
    _socat,
    _spaced,
    _spy,
    _strace,
    _structlog,
    _structlog_json,
    _text2pcap,
    _titled,
    _wireshark,
    _words,
    _xml,
    _xxd,
)

LOGS = (
    Log("gurux-trace", _lines(lambda one: f"{TX_RX(one)}:\t{_at(one, '%H:%M:%S')}\t{_spaced(one.octets)}"), 0, False),
    Log(
        "gurux-trace",
        _lines(lambda one: f"{TX_RX(one)}: {_at(one, '%H:%M:%S')}\t{one.octets.hex().upper()}"),
        0,
        False,
        note="without blanks",
    ),
    Log(
        "gurux-trace",
        _lines(lambda one: f"{TX_RX(one)}: {_at(one, '%H:%M:%S', 3)} {_spaced(one.octets)}"),
        3,
        False,
        note="milliseconds",
    ),
    Log("direction-octets", _lines(lambda one: f"{TX_RX(one)}:\t{_spaced(one.octets)}"), note="Gurux server"),
    Log(
        "direction-octets",
        _lines(lambda one: f"{_words('HOST', 'METER')(one)}|{one.octets.hex().upper()}"),
        note="host and meter",
    ),
    Log("direction-octets", _lines(lambda one: f"{_words('-->', '<--')(one)} {_spaced(one.octets)}"), note="arrows"),
    Log("gurux-xml", _xml, has_directions=False),
    Log(
        "director",
        _lines(lambda one: f"{_at(one, '%H:%M:%S', 3)} {SENT_RECEIVED(one)} {_spaced(one.octets)}"),
        3,
        False,
    ),
    Log(
        "labelled",
        _lines(
            lambda one: (
                f"{_at(one, '%Y-%m-%d %H:%M:%S', 3, ',')} DEBUG [main] o.o.j.HdlcLayer - Raw bytes: {one.octets.hex()}"
            )
        ),
        3,
        has_directions=False,
        note="log4j",
    ),
    Log(
        "labelled",
        _lines(
            lambda one: (
                f"{_at(one, '%d-%b-%Y %H:%M:%S', 3)} INFO meter 7 {_words('sending', 'received')(one)} {len(one.octets)} bytes: {_spaced(one.octets)}\nINFO FCS: 12 34 56 78, key: 00112233445566778899AABBCCDDEEFF"
            )
        ),
        3,
        note="keys between",
    ),
    Log("python-bytes", _lines(_structlog), 6, note="structlog"),
    Log("python-bytes", _lines(_structlog_json), 6, note="structlog JSON"),
    Log(
        "python-bytes",
        _lines(lambda one: f"event='{_words('Sending', 'Received')(one)} bytes' data={one.octets!r}"),
        note="structlog key=value",
    ),
    Log("python-bytes", _lines(lambda one: repr(one.octets)), has_directions=False),
    Log("fromhex", _lines(lambda one: f"{_words('sent', 'received')(one)} = bytes.fromhex('{_spaced(one.octets)}')")),
    Log("jpnevulator", _jpnevulator, 6),
    Log("jpnevulator", lambda events: _jpnevulator(events, with_characters=True), 6, note="-a"),
    Log("pyserial-spy", _lines(_spy), 3, False),
    Log("netty", _lines(_netty), 3),
    Log("logged-dump", _lines(_esp_idf), 3, False, note="ESP-IDF"),
    Log(
        "told-dump",
        _lines(
            lambda one: (
                f"{_at(one, '%H:%M:%S', 3)} {TX_RX(one)}  "
                + f"\n{'':17}".join(f"{at:04x}  {row.hex(' '):<47}  {_readable(row)}" for at, row in _rows(one.octets))
            )
        ),
        3,
        False,
    ),
    Log(
        "titled-dump",
        _lines(
            lambda one: (
                f"{_at(one, '%Y/%m/%d %H:%M:%S')} {TX_RX(one)}:\n"
                + "\n".join(_xxd(at, row) for at, row in _rows(one.octets))
            )
        ),
        0,
    ),
    Log(
        "titled-dump",
        _lines(
            lambda one: (
                f"{_words('client -> meter', 'meter -> client')(one)}\n"
                + "\n".join(f"{at:04x}: {row.hex(' '):<47} {_readable(row)}" for at, row in _rows(one.octets))
            )
        ),
        note="sides, and one blank before the characters",
    ),
    Log("interceptty", _interceptty),
    Log("slsnif", _lines(_slsnif)),
    Log(
        "slsnif",
        _lines(lambda one: f"{_at(one, '%H:%M:%S', 6)} {_words('Host  ', 'Device')(one)} --> {one.octets.hex(' ')}"),
        6,
        False,
        note="-x -t",
    ),
    Log("socat", _lines(_socat), 6),
    Log("socat", _lines(lambda one: _socat(one, with_characters=True)), 6, note="-v"),
    Log("hhd-monitor", _lines(_hhd), 0),
    Log("irp-dump", _lines(_irp_dump), 7),
    Log("irp-table", _lines(_irp_table, "#\tTime\tFunction\tDirection\tStatus\tData\n"), 0),
    Log("portmon", _lines(_portmon)),
    Log(
        "docklight",
        _lines(
            lambda one: f"{_at(one, '%d.%m.%Y %H:%M:%S', 3)} [{TX_RX(one)}] - {_spaced(one.octets)}",
            "Docklight log file (HEX) started 21.03.2026 10:15:30\n",
        ),
        3,
    ),
    Log("octets", _lines(lambda one: _spaced(one.octets), end="\r\n"), has_directions=False, note="RealTerm"),
    Log("octets", _lines(lambda one: one.octets.hex()), has_directions=False, note="hex stream"),
    Log(
        "octets",
        _lines(lambda one: f"{_at(one, '%Y-%m-%d %H:%M:%S', 3)}\n{one.octets.hex().upper()}\n"),
        3,
        has_directions=False,
        note="date lines",
    ),
    Log(
        "octets",
        _lines(lambda one: ", ".join(f"0x{octet:02X}" for octet in one.octets)),
        has_directions=False,
        note="C list",
    ),
    Log(
        "putty-ssh",
        _lines(
            _putty_ssh,
            "=~=~=~=~=~=~= PuTTY log 2026.03.21 10:15:30 =~=~=~=~=~=~=\nEvent Log: Initialised AES-256 GCM\n",
        ),
    ),
    Log("wireshark-hex", _dump(_wireshark), has_directions=False),
    Log("od", _dump(lambda at, row: f"{at:06x} {row.hex(' ')}"), has_directions=False, note="-Ax"),
    Log("od", _dump(lambda at, row: f"{at:07o} {row.hex(' ')}"), has_directions=False, note="octal"),
    Log("words", _dump(_hexdump_words, end=True), has_directions=False),
    Log("dump", _dump(lambda at, row: f"{at:05x}  {row.hex(' ')}"), has_directions=False),
    Log("xxd", _dump(_xxd), has_directions=False),
    Log("hexdump", _dump(_hexdump, end=True), has_directions=False),
    Log("text2pcap", _lines(_text2pcap), 6),
    Log("c-array", _c_array, note="follow stream"),
    Log("c-array", _lines(_packet_array), has_directions=False, note="packet"),
    Log(
        "esphome",
        _lines(lambda one: f"[{_at(one, '%H:%M:%S')}][D][dlms:123]: {one.octets.hex('.').upper()} ({len(one.octets)})"),
        0,
        False,
        has_directions=False,
    ),
    Log(
        "esphome",
        _lines(
            lambda one: (
                f"\x1b[0;36m[{_at(one, '%H:%M:%S', 3)}][D][uart_debug:114]: {_words('>>>', '<<<')(one)} {one.octets.hex(':').upper()}\x1b[0m"
            )
        ),
        3,
        False,
        note="uart",
    ),
    Log(
        "time-octets",
        _lines(lambda one: f"{_at(one, '%H:%M:%S', 3)} : {one.octets.hex(' ')}"),
        3,
        False,
        has_directions=False,
        note="Tasmota",
    ),
    Log(
        "labelled",
        _lines(
            lambda one: (
                f'{_at(one, "%H:%M:%S", 3)} MQT: tele/meter/RESULT = {{"SerialReceived":"{one.octets.hex().upper()}"}}'
            )
        ),
        3,
        False,
        False,
        note="Tasmota JSON",
    ),
    Log("strace", _lines(_strace), 6, False, note="-tt"),
    Log("strace", _lines(lambda one: _strace(one, hex_only=True)), 6, False, note="-tt -xx"),
    Log("escapes", _lines(lambda one: f'{_words("sent", "received")(one)} "{_escaped(one.octets)}"')),
    Log("unit-strings", _lines(lambda one: f"{_words('write', 'read')(one)} {_qt_string(one.octets)}"), note="Qt"),
    Log(
        "decimals",
        _lines(lambda one: f"{_words('write', 'read')(one)}: {[octet - (octet >> 7) * 256 for octet in one.octets]}"),
        note="Java",
    ),
    Log(
        "decimals",
        _lines(lambda one: f"{_words('send', 'recv')(one)}: <<{','.join(map(str, one.octets))}>>"),
        note="Erlang",
    ),
    Log(
        "labelled",
        _lines(lambda one: f" {_at(one, '%Y-%m-%d %H:%M:%S', 3)} | {TX_RX(one)} | \\x{one.octets.hex()}"),
        3,
        note="bytea of PostgreSQL",
    ),
    Log("decimal-words", _lines(lambda one: " ".join(map(str, one.octets))), has_directions=False, note="Arduino"),
    Log(
        "decimal-words",
        _lines(lambda one: f"{_words('Sent', 'Received')(one)}: {' '.join(map(str, one.octets))}"),
        note="behind words",
    ),
    Log("decimals", _lines(lambda one: ",".join(map(str, one.octets))), has_directions=False),
    Log(
        "base64",
        _lines(
            lambda one: (
                f'{_at(one, "%Y-%m-%dT%H:%M:%S", 3)}Z {{"way": "{TX_RX(one)}", "data": "{b64encode(one.octets).decode()}"}}'
            )
        ),
        3,
    ),
    Log("dump-titles", _lines(_amsreader), has_directions=False),
    Log("dump-titles", _lines(_amsreader_verbose), has_directions=False, note="verbose"),
    Log("dump-titles", _lines(_amsreader_timed), has_directions=False, note="verbose, with times since the start"),
    Log("apdu-titles", _lines(_apdu_titles), has_directions=False),
    Log("esphome-strings", _lines(_esphome_string), 0, False),
    Log(
        "candump",
        _lines(
            lambda one: (
                f"({one.time_ns // 1_000_000_000}.{one.time_ns % 1_000_000_000 // 1000:06d}) {one.octets.hex().upper()}"
            )
        ),
        6,
        has_directions=False,
    ),
    Log("titles", _lines(_titled, " 7E  Flag\n A8 --> Type 3\n\n09 : Source address\n C3 01 C1 00 12 00 00 2C\n"), 3),
    Log("counted-reads", _lines(_counted), 3),
    Log("character-columns", _lines(_columns)),
    Log("titled-columns", _lines(lambda one: _beside(one, _spaced)), 3),
    Log("decimal-columns", _lines(lambda one: _beside(one, lambda row: " ".join(map(str, row)))), 3),
    Log("annotated-pieces", _lines(_annotated), has_directions=False),
    Log(
        "annotated",
        _lines(lambda one: f"{TX_RX(one)}: {_spaced(one.octets)} // {len(one.octets)} octets"),
    ),
    Log(
        "direction-time",
        _lines(lambda one: f"{_words('->', '<-')(one)} {_at(one, '%H:%M:%S', 3)} {_spaced(one.octets)}"),
        3,
        False,
        note="arrows",
    ),
    Log(
        "direction-time",
        _lines(lambda one: f"{_words('Send', 'Recv')(one)}: [{_at(one, '%d.%m.%Y %H:%M:%S')}] {_spaced(one.octets)}"),
        0,
    ),
    Log(
        "time-direction",
        _lines(
            lambda one: (
                f"[{_at(one, '%m/%d/%Y %I:%M:%S', 3)} {_at(one, '%p')}] <{_words('TX', 'RX')(one)}> {_spaced(one.octets)}".replace(
                    "<", ""
                ).replace(">", "")
            )
        ),
        3,
        note="month first",
    ),
    Log(
        "time-direction",
        _lines(lambda one: f"{_at(one, '%Y-%m-%dT%H:%M:%S', 9)}Z;{_words('write', 'read')(one)};{one.octets.hex()}"),
        9,
        note="CSV",
    ),
)
"""Every shape that is read, at least once."""
