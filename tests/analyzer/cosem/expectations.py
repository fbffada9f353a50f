"""What every attribute of forty classes is to say, written by hand after the class descriptions of IEC 62056-6-2.

Values are those of a meter in the field, or those that the class description names. Each row: attribute, Data, words.
"""

from __future__ import annotations

from tests.analyzer.cosem.data import (
    array,
    clock,
    double_long_unsigned,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from tests.analyzer.cosem.data import name as ln

Row = tuple[int, bytes, str]


def integer(value: int) -> bytes:
    return b"\x0f" + value.to_bytes(1, "big", signed=True)


def long(value: int) -> bytes:
    return b"\x10" + value.to_bytes(2, "big", signed=True)


def enum(value: int) -> bytes:
    return b"\x16" + bytes((value,))


def boolean(value: bool) -> bytes:
    return b"\x03" + bytes((value,))


def bits(text: str) -> bytes:
    return (
        b"\x04"
        + bytes((len(text),))
        + int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")
    )


def visible(text: str) -> bytes:
    return b"\x0a" + bytes((len(text),)) + text.encode()


def octets(text: str) -> bytes:
    return octet_string(bytes.fromhex(text))


NULL = b"\x00"
NOW, NOW_TEXT = clock(10, 15), "2026-03-02T10:15:00+01:00"
BARE_NOW = b"\x19" + NOW[2:]
EVER = octets("FFFF FF FF FF FF FF FF FF 8000 FF")
MIDNIGHT, MIDNIGHT_TEXT = octets("00 00 00 00"), "00:00:00"
SCRIPT = "0-0:10.0.100*255 Tariffication script table"
ITEM = structure(ln("0-0:10.0.106"), long_unsigned(1))
ITEM_TEXT = "script_logical_name 0-0:10.0.106*255 Disconnect control script table, script_selector 1"
NO_ACTION = structure(ln("0-0:10.0.106"), long_unsigned(2))
CAPTURED = structure(long_unsigned(3), ln("1-0:1.8.0"), integer(2), long_unsigned(0))
ENERGY = "1-0:1.8.0*255 Active energy import (+A)"
MONITORED = structure(long_unsigned(3), ln("1-0:1.7.0"), integer(2))
MONITORED_TEXT = "1-0:1.7.0*255 Active power import (+P), value"
WINDOW = array(structure(NOW, clock(11)))
WINDOW_TEXT = f"start_time {NOW_TEXT}, end_time 2026-03-02T11:00:00+01:00"
TITLE, TITLE_TEXT = octets("4D4D4D0000BC614E"), "MMM 0000BC614E"
NO_PROTECTION = array()

EXPECTED: dict[tuple[int, int], list[Row]] = {
    (1, 0): [(1, ln("0-0:96.1.0"), "0-0:96.1.0*255 Device ID 1"), (2, octet_string(b"41700023"), "41700023")],
    (3, 0): [
        (1, ln("1-0:1.8.0"), ENERGY),
        (2, double_long_unsigned(74565), "74565"),
        (3, structure(integer(-1), enum(30)), "scaler -1, unit Wh (30)"),
    ],
    (4, 0): [
        (2, double_long_unsigned(5120), "5120"), (3, structure(integer(0), enum(27)), "scaler 0, unit W (27)"),
        (4, unsigned(8), "8"), (5, NOW, NOW_TEXT),
    ],
    (5, 0): [
        (2, long_unsigned(482), "482"), (3, long_unsigned(510), "510"),
        (4, structure(integer(0), enum(27)), "scaler 0, unit W (27)"), (5, unsigned(0), "0"), (6, NOW, NOW_TEXT),
        (7, clock(10), "2026-03-02T10:00:00+01:00"), (8, double_long_unsigned(900), "900 s"), (9, long_unsigned(1), "1"),
    ],
    (6, 0): [
        (
            2, array(structure(long_unsigned(3), ln("1-0:1.8.1"))),
            "class_id 3 (Register), logical_name 1-0:1.8.1*255 Active energy import (+A), tariff 1",
        ),
        (3, array(structure(octets("01"), array(unsigned(1), unsigned(2)))), "mask_name 01, index_list 2: 1; 2"),
        (4, octets("01"), "01"),
    ],
    (7, 1): [
        (2, array(structure(NOW, double_long_unsigned(5))), f"2: {NOW_TEXT}; 5"),
        (3, array(CAPTURED), f"{ENERGY}, value"), (4, double_long_unsigned(900), "900 s"),
        (5, enum(1), "unsorted (FIFO) (1)"),
        (6, structure(long_unsigned(8), ln("0-0:1.0.0"), integer(2), long_unsigned(0)), "0-0:1.0.0*255 Clock, time"),
        (7, double_long_unsigned(2880), "2880"), (8, double_long_unsigned(2880), "2880"),
    ],
    (8, 0): [
        (2, NOW, NOW_TEXT), (3, long(-60), "-60 min"), (4, unsigned(0x80), "daylight saving active (128)"),
        (5, octets("FFFF 03 FE 07 02 00 00 00 8000 FF"), "every year-03-last Sunday 02:00"),
        (6, octets("FFFF 0A FE 07 03 00 00 00 8000 FF"), "every year-10-last Sunday 03:00"),
        (7, integer(60), "60 min"), (8, boolean(True), "yes"), (9, enum(2), "mains frequency 50 Hz (2)"),
    ],
    (9, 0): [
        (
            2,
            array(structure(long_unsigned(1), array(structure(enum(2), long_unsigned(70), ln("0-0:96.3.10"), integer(1), integer(0))))),
            "script_identifier 1, actions service_id execute specific method (2), class_id 70 (Disconnect control), "
            "logical_name 0-0:96.3.10*255 Disconnect control, index 1, parameter 0",
        ),
    ],
    (10, 0): [
        (
            2,
            array(structure(
                long_unsigned(1), boolean(True), ln("0-0:10.0.100"), long_unsigned(2), MIDNIGHT, long_unsigned(0xFFFF),
                bits("1111100"), bits("0"), octets("FFFF FF FF FF"), octets("FFFF FF FF FF"),
            )),
            f"index 1, enable yes, script_logical_name {SCRIPT}, script_selector 2, switch_time {MIDNIGHT_TEXT}, "
            "validity_window 65535 min, exec_weekdays 1111100 (Monday, Tuesday, Wednesday, Thursday, Friday), "
            "exec_specdays 0, begin_date not specified, end_date not specified",
        ),
    ],
    (11, 0): [
        (
            2, array(structure(long_unsigned(1), octets("FFFF 0C 19 FF"), unsigned(3))),
            "index 1, specialday_date every year-12-25, day_id 3",
        ),
    ],
    (12, 4): [
        (
            2, array(structure(long(0x2BC0), long_unsigned(8), unsigned(0), ln("0-0:1.0.0"))),
            "base_name 11200, class_id 8 (Clock), version 0, logical_name 0-0:1.0.0*255 Clock",
        ),
        (
            3,
            array(structure(long(0x2BC0), array(structure(integer(2), enum(3), NULL)), array(structure(integer(1), enum(1))))),
            "base_name 11200, attribute_access attribute_id 2, access_mode read access (attribute) / access (method), "
            "write access (attribute) / unused (method) (3), access_selectors null, method_access method_id 1, "
            "access_mode read access (attribute) / access (method) (1)",
        ),
        (4, ln("0-0:43.0.0"), "0-0:43.0.0*255 Security setup"),
        (5, array(structure(unsigned(1), visible("operator"))), "user_id 1, user_name operator"),
        (6, structure(unsigned(1), visible("operator")), "user_id 1, user_name operator"),
    ],
    (15, 1): [
        (
            2,
            array(structure(
                long_unsigned(3), unsigned(0), ln("1-0:1.8.0"),
                structure(array(structure(integer(2), enum(1), NULL)), array(structure(integer(1), enum(2)))),
            )),
            f"class_id 3 (Register), version 0, logical_name {ENERGY}, access_rights attribute_access attribute_id 2, "
            "access_mode read only (1), access_selectors null, method_access method_id 1, "
            "access_mode authenticated access (2)",
        ),
        (3, structure(integer(16), long_unsigned(1)), "client_SAP 16, server_SAP 1"),
        (4, octets("60 85 74 05 08 01 01"), "2.16.756.5.8.1.1 (LN, no ciphering)"),
        (
            5,
            structure(bits("000000000001000000011001"), long_unsigned(1024), long_unsigned(1024), unsigned(6), integer(0), octets("")),
            "conformance 000000000001000000011001 (block-transfer-with-get-or-read, get, set, action), "
            "max_receive_pdu_size 1024, max_send_pdu_size 1024, dlms_version_number 6, quality_of_service 0, "
            "cyphering_info empty",
        ),
        (
            6,
            structure(unsigned(2), unsigned(16), long_unsigned(756), unsigned(5), unsigned(8), unsigned(2), unsigned(5)),
            "2.16.756.5.8.2.5 (HLS with GMAC)",
        ),
        (7, octet_string(b"12345678"), "(masked)"), (8, enum(2), "associated (2)"),
        (9, ln("0-0:43.0.0"), "0-0:43.0.0*255 Security setup"),
    ],
    (17, 0): [
        (
            2, array(structure(long_unsigned(1), octet_string(b"MMM0000041700023"))),
            "SAP 1, logical_device_name MMM0000041700023",
        ),
    ],
    (18, 0): [
        (2, double_long_unsigned(128), "128"), (3, bits("1101"), "3 of 4 blocks, missing 2"), (4, double_long_unsigned(2), "2"),
        (5, boolean(True), "yes"), (6, enum(3), "image verification successful (3)"),
        (
            7, array(structure(double_long_unsigned(512), octet_string(b"FW 1.2"), octets("C0FFEE00"))),
            "image_to_activate_size 512, image_to_activate_identification FW 1.2, image_to_activate_signature C0FFEE00",
        ),
    ],
    (19, 1): [
        (2, enum(0), "IEC 62056-21 modes A..E (0)"), (3, enum(0), "300 baud (0)"), (4, enum(5), "9600 baud (5)"),
        (5, enum(1), "200 ms (1)"), (6, octet_string(b"41700023"), "41700023"), (7, octet_string(b"00000000"), "(masked)"),
        (8, octet_string(b"00000000"), "(masked)"), (9, octet_string(b"00000000"), "(masked)"),
    ],
    (20, 0): [
        (2, octet_string(b"WINTER"), "WINTER"),
        (
            3, array(structure(octet_string(b"S1"), octets("FFFF 01 01 FF 00 00 00 00 8000 FF"), octet_string(b"W1"))),
            "season_profile_name S1, season_start every year-01-01 00:00, week_name W1",
        ),
        (
            4, array(structure(octet_string(b"W1"), *(unsigned(day) for day in (1, 1, 1, 1, 1, 2, 3)))),
            "week_profile_name W1, monday 1, tuesday 1, wednesday 1, thursday 1, friday 1, saturday 2, sunday 3",
        ),
        (
            5, array(structure(unsigned(1), array(structure(octets("06 00 00 00"), ln("0-0:10.0.100"), long_unsigned(1))))),
            f"day_id 1, day_schedule start_time 06:00:00, script_logical_name {SCRIPT}, script_selector 1",
        ),
        (6, octet_string(b"SUMMER"), "SUMMER"), (7, array(), "none"), (8, array(), "none"), (9, array(), "none"),
        (10, EVER, "not specified"),
    ],
    (21, 0): [
        (2, array(double_long_unsigned(5000), double_long_unsigned(9000)), "2: 5000; 9000"),
        (3, MONITORED, MONITORED_TEXT),
        (
            4, array(structure(ITEM, NO_ACTION)),
            f"action_up {ITEM_TEXT}, action_down {ITEM_TEXT[:-1]}2",
        ),
    ],
    (22, 0): [
        (2, ITEM, ITEM_TEXT), (3, enum(1), "size of execution_time = 1, wildcards in date allowed (1)"),
        (4, array(structure(octets("00 00 00 00"), octets("FFFF FF 01 FF"))), "time 00:00:00, date every year-every month-01"),
    ],
    (23, 1): [
        (2, enum(5), "9600 baud (5)"), (3, unsigned(1), "1"), (4, unsigned(1), "1"), (5, long_unsigned(128), "128"),
        (6, long_unsigned(128), "128"), (7, long_unsigned(25), "25 ms"), (8, long_unsigned(120), "120 s"),
        (9, long_unsigned(17), "17"),
    ],
    (24, 1): [
        (2, enum(1), "active (1)"), (3, enum(2), "1200 baud (2)"), (4, array(unsigned(1), unsigned(5)), "2: 1; 5"),
        (5, array(integer(3)), "3"),
    ],
    (25, 0): [
        (2, enum(3), "2400 baud (3)"), (3, enum(5), "9600 baud (5)"), (4, enum(1), "assigned (by M-Bus) (1)"), (5, unsigned(7), "7"),
    ],
    (26, 0): [(2, long_unsigned(23), "23"), (3, double_long_unsigned(4), "4"), (4, octets("00010203"), "00010203")],
    (27, 1): [
        (2, enum(5), "9600 baud (5)"),
        (
            3, array(structure(octet_string(b"ATZ"), octet_string(b"OK"), long_unsigned(100))),
            "request ATZ, response OK, delay_after_response 100 ms",
        ),
        (4, array(octet_string(b"OK"), octet_string(b"CONNECT")), "2: OK; CONNECT"),
    ],
    (28, 2): [
        (2, enum(0), "line dedicated to the device (0)"), (3, WINDOW, WINDOW_TEXT), (4, enum(1), "active (1)"),
        (5, unsigned(0), "0"), (6, structure(unsigned(2), unsigned(8)), "nr_rings_in_window 2, nr_rings_out_of_window 8"),
        (7, array(structure(octet_string(b"+4670*"), enum(0))), "caller_id +4670*, call_type 0"),
    ],
    (29, 2): [
        (2, enum(101), "permanently connected (101)"), (3, unsigned(3), "3"), (4, long_unsigned(60), "60 s"),
        (5, WINDOW, WINDOW_TEXT), (6, array(octet_string(b"10.0.0.1:4059")), "10.0.0.1:4059"),
    ],
    (30, 0): [
        (2, octets("0102"), "0102"),
        (
            3, array(structure(long_unsigned(3), ln("1-0:1.8.0"), integer(2), long_unsigned(0), NULL)),
            f"{ENERGY}, value",
        ),
        (
            4, array(structure(enum(2), structure(octets(""), TITLE, TITLE, octets(""), NULL))),
            f"protection_type authentication and encryption (2), protection_options transaction_id empty, "
            f"originator_system_title {TITLE_TEXT}, recipient_system_title {TITLE_TEXT}, other_information empty, "
            "key_info null",
        ),
        (5, NO_PROTECTION, "none"), (6, enum(0x0C), "authenticated request, encrypted request (12)"),
    ],
    (40, 1): [
        (
            2, array(structure(long_unsigned(3), ln("1-0:1.8.0"), integer(2), long_unsigned(0), structure(enum(0), NULL))),
            f"{ENERGY}, value",
        ),
        (
            3, structure(enum(0), octet_string(b"10.0.0.9:4059"), enum(0)),
            "transport_service TCP (0), destination 10.0.0.9:4059, message A-XDR encoded xDLMS APDU (0)",
        ),
        (4, WINDOW, WINDOW_TEXT), (5, long_unsigned(300), "300 s"), (6, unsigned(3), "3"), (7, long_unsigned(60), "60 s"),
        (8, ln("0-0:25.0.0"), "0-0:25.0.0*255 TCP-UDP setup"), (9, integer(16), "16"), (10, NO_PROTECTION, "none"),
    ],
    (41, 0): [
        (2, long_unsigned(4059), "4059"), (3, ln("0-0:25.1.0"), "0-0:25.1.0*255 IPv4 setup"), (4, long_unsigned(576), "576"),
        (5, unsigned(1), "1"), (6, long_unsigned(180), "180 s"),
    ],
    (42, 0): [
        (2, ln("0-0:25.3.0"), "0-0:25.3.0*255 PPP setup"), (3, double_long_unsigned(0x0A000007), "10.0.0.7"),
        (4, array(double_long_unsigned(0xE00000FB)), "224.0.0.251"),
        (
            5, array(structure(unsigned(0x83), unsigned(3), octets("04"))),
            "IP_Option_Type 131, IP_Option_Length 3, IP_Option_Data 04",
        ),
        (6, double_long_unsigned(0xFFFFFF00), "255.255.255.0"), (7, double_long_unsigned(0x0A000001), "10.0.0.1"),
        (8, boolean(True), "yes"), (9, double_long_unsigned(0x08080808), "8.8.8.8"), (10, double_long_unsigned(0), "0.0.0.0"),
    ],
    (43, 0): [(2, octets("0050C2F12345"), "00:50:C2:F1:23:45")],
    (44, 0): [
        (2, ln("0-0:2.0.0"), "0-0:2.0.0*255 Modem configuration"),
        (
            3, array(structure(unsigned(1), unsigned(4), long_unsigned(1500))),
            "LCP_option_type maximum receive unit (1), LCP_option_length 4, LCP_option_data 1500",
        ),
        (
            4, array(structure(unsigned(3), unsigned(6), double_long_unsigned(0x0A000007))),
            "IPCP_option_type preferred local IP address (3), IPCP_option_length 6, IPCP_option_data 167772167",
        ),
        (5, structure(octet_string(b"meter"), octet_string(b"geheim12")), "user_name meter, user_password (masked)"),
    ],
    (45, 0): [
        (2, octet_string(b"meters.example"), "meters.example"), (3, long_unsigned(1234), "(masked)"),
        (
            4, structure(structure(*[unsigned(1)] * 5), structure(*[unsigned(0)] * 5)),
            "default precedence 1, delay 1, reliability 1, peak_throughput 1, mean_throughput 1, "
            "requested precedence 0, delay 0, reliability 0, peak_throughput 0, mean_throughput 0",
        ),
    ],
    (47, 2): [
        (2, visible("Telenor"), "Telenor"), (3, enum(1), "registered, home network (1)"), (4, enum(0), "inactive (0)"),
        (5, enum(5), "LTE (5)"),
        (
            6,
            structure(double_long_unsigned(123456), long_unsigned(4711), unsigned(18), unsigned(0), long_unsigned(242), long_unsigned(1), double_long_unsigned(6400)),
            "cell_ID 123456, location_ID 4711, signal_quality -77 dBm (18), ber 0, mcc 242, mnc 1, channel_number 6400",
        ),
        (
            7, array(structure(double_long_unsigned(123457), unsigned(99))),
            "cell_ID 123457, signal_quality unknown (99)",
        ),
        (8, BARE_NOW, NOW_TEXT),
    ],
    (48, 0): [
        (2, ln("0-0:25.2.0"), "0-0:25.2.0*255 MAC address setup"), (3, enum(0), "auto-configuration (0)"),
        (4, array(octets("FE80000000000000025056FFFE123456")), "fe80::250:56ff:fe12:3456"),
        (5, array(octets("FF020000000000000000000000000001")), "ff02::1"), (6, array(), "none"),
        (7, octets("20014860486000000000000000008888"), "2001:4860:4860::8888"), (8, octets("00" * 16), "::"),
        (9, unsigned(0), "0"),
        (
            10, array(structure(unsigned(3), long_unsigned(10000), double_long_unsigned(600))),
            "RS_max_retry 3, RS_retry_wait_time 10000, RA_send_period 600",
        ),
    ],
    (62, 1): [
        (2, octets("000102"), "000102"),
        (
            3, array(structure(long_unsigned(3), ln("1-0:1.8.0"), integer(2), long_unsigned(0), structure(enum(0), NULL), array())),
            f"{ENERGY}, value",
        ),
        (4, unsigned(1), "1"), (5, octets("020106"), "020106"), (6, enum(1), "implicit capture on read (1)"),
    ],
    (63, 0): [
        (2, bits("10100000"), "10100000"),
        (
            3, structure(unsigned(1), array(long_unsigned(1), long_unsigned(2))),
            "ref_table_id 1, ref_table_mapping 2: 1; 2",
        ),
    ],
    (64, 1): [
        (2, enum(0x6C), "authenticated request, encrypted request, authenticated response, encrypted response (108)"),
        (3, enum(0), "AES-GCM-128, AES-128 key wrap (0)"), (4, TITLE, TITLE_TEXT), (5, TITLE, TITLE_TEXT),
        (
            6,
            array(structure(enum(0), enum(1), octets("0123"), octet_string(b"CN=CA"), octet_string(b"CN=Meter"), octets(""))),
            "certificate_entity server (0), certificate_type key agreement (1), serial_number 0123, issuer CN=CA, "
            "subject CN=Meter, subject_alt_name empty",
        ),
    ],
    (64, 0): [(2, enum(3), "all messages to be authenticated and encrypted (3)"), (3, enum(0), "AES-GCM-128, AES-128 key wrap (0)")],
    (70, 0): [
        (2, boolean(True), "connected"), (3, enum(2), "ready for reconnection (2)"),
        (4, enum(4), "disconnect remote, local; remote reconnect connects, manual reconnect (4)"),
    ],
    (71, 0): [
        (2, MONITORED, MONITORED_TEXT), (3, double_long_unsigned(6900), "6900"), (4, double_long_unsigned(6900), "6900"),
        (5, double_long_unsigned(2000), "2000"), (6, double_long_unsigned(60), "60 s"), (7, double_long_unsigned(10), "10 s"),
        (
            8, structure(long_unsigned(1), NOW, double_long_unsigned(3600)),
            f"emergency_profile_id 1, emergency_activation_time {NOW_TEXT}, emergency_duration 3600 s",
        ),
        (9, array(long_unsigned(1)), "1"), (10, boolean(False), "no"),
        (
            11, structure(ITEM, NO_ACTION),
            f"action_over_threshold {ITEM_TEXT}, action_under_threshold {ITEM_TEXT[:-1]}2",
        ),
    ],
    (72, 1): [
        (2, ln("0-0:24.6.0"), "0-0:24.6.0*255 M-Bus master port setup"),
        (3, array(structure(octets("0C"), octets("13"))), "data_information_block 0C, value_information_block 13"),
        (4, double_long_unsigned(3600), "3600 s"), (5, unsigned(1), "1"),
        (6, double_long_unsigned(0x12345678), "305419896 (12345678 as BCD)"),
        (7, long_unsigned(0x2C2D), "KAM (Kamstrup)"), (8, unsigned(1), "1"), (9, unsigned(3), "gas (3)"),
        (10, unsigned(42), "42"), (11, unsigned(0), "0"), (12, unsigned(0), "0"), (13, long_unsigned(0), "0"),
        (14, enum(4), "encryption key in use (4)"),
    ],
}  # fmt: skip
