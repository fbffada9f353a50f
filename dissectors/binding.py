"""Binds the wrapper to TCP and UDP port 4059 in a Scapy session; imports Scapy's IP layers only when called."""

from __future__ import annotations

from dissectors.wrapper import Wrapper

PORT = 4059


def bind(port: int = PORT) -> None:
    """Let Scapy dissect *port* as COSEM wrapper from here on."""
    from scapy.layers.inet import TCP, UDP
    from scapy.packet import bind_layers

    for transport in (TCP, UDP):
        bind_layers(transport, Wrapper, dport=port)
        bind_layers(transport, Wrapper, sport=port)
