"""USB captures to the octets of serial adapters: usbmon (Linux) and USBPcap (Windows), bulk endpoints only.

FTDI adapters put two status octets before each packet of 64 or 512 octets that the host receives. They are taken off
where the traffic shows them, whatever the vendor says: probes carry FTDI chips under vendor numbers of their own.
Source: usbmon.rst of the Linux kernel, the USBPcap capture format, USB 2.0 (9.6), FTDI AN232B-04 (modem status).
"""

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple

from captures.carried import Carried, Line, Notebook
from captures.chunk import RECEIVED, SENT, Chunk

_USBMON_HEADERS = {189: 48, 220: 64}
_usbmon = {order: Struct(order + "8xcBBBHcc16xII").unpack_from for order in "<>"}
_USBMON_LENGTH, _USBPCAP_LENGTH = 40, 27
_usbpcap = Struct("<H14xBHHBBI").unpack_from
_CONTROL, _BULK = 2, 3
_TRANSFERS = ("usb-isochronous", "usb-interrupt", "usb-control")
_IN = 0x80

_FTDI = 0x0403
_SERIAL_VENDORS = frozenset((_FTDI, 0x067B, 0x10C4, 0x1A86))  # also Prolific, Silicon Labs, WCH
_DEVICE, _CONFIGURATION, _INTERFACE, _ENDPOINT = 1, 2, 4, 5
_STATUS_LENGTH = 2
_PACKET_SIZES = (64, 512)
_LINE_STATUS = ((0x02, "overrun"), (0x04, "parity error"), (0x08, "framing error"), (0x10, "break"))
_KEEPALIVES_THAT_PROVE = 2
_PACKETS_THAT_PROVE = 4
_MOST_HELD = 64
_MOST_DEVICES = 1024


class Transfer(NamedTuple):
    """One packet of a USB capture, with the octets that it moved."""

    bus: int
    device: int
    endpoint: int
    """With the direction in bit 7: set towards the host."""
    kind: int
    """0 isochronous, 1 interrupt, 2 control, 3 bulk."""
    octets: bytes
    missing: int
    """Octets that were moved and are not in the capture."""


def read_transfer(link_type: int, octets: bytes) -> Transfer | None:
    """Read a packet of a USB capture; None if its header is not all there. Total."""
    return _read_usbpcap(octets) if link_type == 249 else _read_usbmon(octets, _USBMON_HEADERS[link_type])


def _read_usbmon(octets: bytes, header: int) -> Transfer | None:
    if len(octets) < header:
        return None
    for unpack in _usbmon.values():  # in the byte order of the machine that captured
        event, kind, endpoint, device, bus, _, data, length, captured = unpack(octets)
        if captured <= length and captured <= 1 << 24 and bus < 256:
            break
    moved = data == b"\0" and event == (b"C" if endpoint & _IN else b"S")
    found = octets[header : header + captured] if moved else b""
    missing = max(length, captured) - len(found) if moved else 0
    return Transfer(bus, device, endpoint, kind, found, max(missing, 0))


def _read_usbpcap(octets: bytes) -> Transfer | None:
    if len(octets) < _USBPCAP_LENGTH:
        return None
    header, info, bus, device, endpoint, kind, length = _usbpcap(octets)
    if header < _USBPCAP_LENGTH or header > len(octets):
        return None
    moved = bool(info & 1) == bool(endpoint & _IN)
    found = octets[header : header + length] if moved else b""
    return Transfer(bus, device, endpoint, kind, found, length - len(found) if moved else 0)


class _Held(NamedTuple):
    """A transfer that waits until its device is known."""

    transfer: Transfer
    chunk: Chunk


class _Device:
    """What is known of one device."""

    __slots__ = ("alike", "held", "is_ftdi", "keepalives", "ports", "vendor")

    def __init__(self) -> None:
        self.vendor = 0
        self.ports: dict[int, int] = {}
        """Endpoint to interface, where the descriptors are in the capture."""
        self.is_ftdi: bool | None = None
        """None while nothing has told."""
        self.held: list[_Held] = []
        self.keepalives = self.alike = 0


class Usb:
    """Devices and their lines: each interface of a device is one, with an endpoint each way."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._devices: dict[tuple[int, int, int], _Device] = {}

    def peel(self, chunk: Chunk) -> Iterable[Carried]:
        """Return the octets of a bulk transfer, or of several where it decides what their device is."""
        transfer = read_transfer(chunk.link_type, chunk.octets)
        if transfer is None:
            self._notebook.left_aside["truncated"] += 1
            return ()
        key = (chunk.interface, transfer.bus, transfer.device)
        device = self._devices.get(key)
        if device is None:
            waiting = self._settle(next(iter(self._devices))) if len(self._devices) >= _MOST_DEVICES else []
            device = self._devices[key] = _Device()
            if waiting:
                return [*waiting, *self.peel(chunk)]
        if transfer.kind != _BULK:
            self._notebook.left_aside[_TRANSFERS[transfer.kind] if transfer.kind < _BULK else "usb-other"] += 1
            if transfer.kind == _CONTROL and transfer.endpoint & _IN:
                _read_descriptors(transfer.octets, device)
            return ()
        if not transfer.octets and not transfer.missing:
            return ()
        device.held.append(_Held(transfer, chunk))
        if device.is_ftdi is None:
            self._judge(key, device)
        return () if device.is_ftdi is None else self._release(key, device)

    def finish(self) -> Iterable[Carried]:
        """Return what still waits, each device judged by what there was of it."""
        for key in list(self._devices):
            yield from self._settle(key)

    def _settle(self, key: tuple[int, int, int]) -> list[Carried]:
        device = self._devices.pop(key)
        if device.is_ftdi is None:
            self._decide(key, device, device.keepalives > 0 or device.alike > 1)
        return list(self._release(key, device))

    def _judge(self, key: tuple[int, int, int], device: _Device) -> None:
        """Look at the newest transfer: one without status octets refutes FTDI, several with them prove it."""
        transfer = device.held[-1].transfer
        if transfer.endpoint & _IN and transfer.octets:
            if not _packet_size(transfer.octets):
                device.is_ftdi = False
                return
            if len(transfer.octets) == _STATUS_LENGTH and not transfer.octets[1] & 0x9F:
                device.keepalives += 1
            device.alike += transfer.octets[1] & 0x60 == 0x60
            if (
                device.keepalives >= _KEEPALIVES_THAT_PROVE
                or device.alike >= _PACKETS_THAT_PROVE
                or (device.vendor == _FTDI and device.alike)
            ):
                self._decide(key, device, True)
        if device.is_ftdi is None and len(device.held) >= _MOST_HELD:
            self._decide(key, device, device.keepalives > 0)

    def _decide(self, key: tuple[int, int, int], device: _Device, is_ftdi: bool) -> None:
        device.is_ftdi = is_ftdi
        if is_ftdi:
            text = f"USB device {key[1]}.{key[2]} sends FTDI status octets before its data; they were taken off"
            self._notebook.report("usb-ftdi", text)

    def _release(self, key: tuple[int, int, int], device: _Device) -> Iterator[Carried]:
        """Give what waits of a device that is known."""
        held, device.held = device.held, []
        is_serial = bool(device.is_ftdi) or device.vendor in _SERIAL_VENDORS
        for (_, _, endpoint, _, octets, missing), chunk in held:
            port = ((endpoint & 15) - 1) // 2 if device.is_ftdi else device.ports.get(endpoint, 0)
            line = Line(("usb", *key, port), "usb-bulk", is_serial=is_serial)
            if endpoint & _IN and device.is_ftdi:
                octets = self._without_status(octets, chunk.number)
            if octets or missing:
                direction = RECEIVED if endpoint & _IN else SENT
                yield Carried(line, direction, octets, chunk.number, chunk.time_ns, missing > 0)

    def _without_status(self, octets: bytes, number: int) -> bytes:
        """Take the status octets off every packet in *octets*, and keep the line errors that they tell."""
        size = _packet_size(octets)
        if not size:
            return octets
        starts = range(0, len(octets), size)
        seen = 0
        for at in starts:
            if len(octets) > at + _STATUS_LENGTH:
                seen |= octets[at + 1]
        data = b"".join([octets[at + _STATUS_LENGTH : at + size] for at in starts])
        for bit, text in _LINE_STATUS:
            if seen & bit and data:
                self._notebook.mark(number, f"the adapter saw a line error here: {text}")
        return data


def _packet_size(octets: bytes) -> int:
    """Tell the size of the USB packets that *octets* consist of by their status octets; 0 if they have none.

    The modem status has bit 0 set and bits 1 to 3 clear.
    """
    for size in _PACKET_SIZES:
        starts = range(0, len(octets), size)
        if all(octets[at] & 0x0F == 1 for at in starts) and len(octets) - starts[-1] >= _STATUS_LENGTH:
            return size
    return 0


def _read_descriptors(octets: bytes, device: _Device) -> None:
    """Learn from the descriptors that a device answers with: its vendor, and which endpoints belong together."""
    interface = 0
    at = 0
    while at + 2 <= len(octets) and octets[at] >= 2 and at + octets[at] <= len(octets):
        length, kind = octets[at], octets[at + 1]
        if kind == _DEVICE and at == 0 and length == 18:
            device.vendor = int.from_bytes(octets[8:10], "little")
        elif at == 0 and kind != _CONFIGURATION:
            return
        elif kind == _INTERFACE and length >= 9:
            interface = octets[at + 2]
        elif kind == _ENDPOINT and length >= 7 and octets[at + 3] & 3 == 2:
            device.ports[octets[at + 2]] = interface
        at += length
