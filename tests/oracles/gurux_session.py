# ruff: noqa: N802, N803, N815 -- the names are those that gurux-dlms calls
"""One side of a secured session over TCP, spoken by gurux-dlms; runs in the oracles' interpreter, never in the product's.

``gurux_session.py server '{…}'`` prints the port it listens on and serves one connection; ``gurux_session.py client
'{…}' PORT`` associates, reads, releases, and prints what it read as JSON. The second word tells titles, keys,
suite, protection and mechanism.
"""

import json
import socket
import sys
import traceback

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms._GXAPDU import _GXAPDU
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.ConnectionState import ConnectionState
from gurux_dlms.enums import (
    AccessMode,
    Authentication,
    ErrorCode,
    InterfaceType,
    MethodAccessMode,
    Security,
    SourceDiagnostic,
)
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.GXServerReply import GXServerReply
from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSData, GXDLMSRegister
from gurux_dlms.objects.enums import AssociationStatus, SecuritySuite
from gurux_dlms.secure.GXDLMSSecureClient import GXDLMSSecureClient
from gurux_dlms.secure.GXDLMSSecureServer import GXDLMSSecureServer
from gurux_dlms.ValueEventArgs import ValueEventArgs

CLIENT_SAP, SERVER_SAP = 16, 1
SERIAL, ENERGY = "0.0.96.1.0.255", "1.0.1.8.0.255"
TIMEOUT = 20
TITLE_SIZE = 8


def ciphering(options, title):
    """Make the ciphering of the side with *title*."""
    made = GXCiphering(bytes.fromhex(title))
    made.security = Security(options["security"])
    made.securitySuite = SecuritySuite(options["suite"])
    made.blockCipherKey = bytearray.fromhex(options["guek"])
    made.authenticationKey = bytearray.fromhex(options["gak"])
    return made


# What follows mends places where gurux-dlms 1.0.203 breaks off or writes a wrong length as a server: the AARE's system
# title and challenge. What ciphers, authenticates and counts is left as it is.


def _set_octet(self, item=None, index=None):
    """Write an octet; where the AARE leaves the title's length out, that, and the one around it right."""
    if item is None:
        self._data[self.size - 2] += 2
        item = TITLE_SIZE
    _SET_OCTET(self, item, index)


def _generate_aare(settings, data, *arguments):
    """Count the two octets before the challenge too."""
    _GENERATE_AARE(settings, data, *arguments)
    if settings.stoCChallenge is not None and settings.authentication > Authentication.LOW:
        challenge = bytes(settings.stoCChallenge)
        at = bytes(data.array()).find(bytes((0x80, len(challenge))) + challenge)
        data._data[at - 1] += 2
    if settings.cipher.isCiphered():
        settings.cipher.invocationCounter += 1  # or the next APDU has the same


def _one(self):
    """Be a list of one, as the calls before and after an action take it to be."""
    return iter((self,))


def _parameter(tag=0, *arguments):
    """Make parameters, also where a server's deciphering leaves the tag in front of them out."""
    return AesGcmParameter(tag, *arguments) if isinstance(tag, int) else AesGcmParameter(0, tag, *arguments)


sys.modules["gurux_dlms.GXDLMS"].AesGcmParameter = _parameter


def _set_connected(self, value):
    self.connected = value


GXDLMSSettings.setConnected = _set_connected
ValueEventArgs.__iter__ = _one
_SET_OCTET, _GENERATE_AARE = GXByteBuffer.setUInt8, _GXAPDU.generateAARE
GXByteBuffer.setUInt8 = _set_octet
_GXAPDU.generateAARE = _generate_aare


class Exchange(GXServerReply):
    """A request and its reply, with the methods that Gurux's server calls and its class lacks."""

    def setReply(self, value):
        self.reply = value

    def getConnectionInfo(self):
        return self.connectionInfo


class Association(GXDLMSAssociationLogicalName):
    """The association object, whose answer to pass 3 Gurux computes and its class then cannot compare."""

    def invoke(self, settings, e):
        """Compare what the client answers with what Gurux computes, and answer with what Gurux computes."""
        cipher, given = settings.cipher, bytes(e.parameters)
        is_gmac = settings.authentication == Authentication.HIGH_GMAC
        counter = int.from_bytes(given[1:5], "big") if is_gmac else 0
        secret = settings.sourceSystemTitle if is_gmac else _secret(settings, self.secret, is_answer=False)
        if bytes(GXSecure.secure(settings, cipher, counter, settings.stoCChallenge, secret)) != given:
            e.error = ErrorCode.READ_WRITE_DENIED
            return None
        settings.connected |= ConnectionState.DLMS
        self.associationStatus = AssociationStatus.ASSOCIATED
        secret = cipher.systemTitle if is_gmac else _secret(settings, self.secret, is_answer=True)
        answer = GXSecure.secure(settings, cipher, cipher.invocationCounter, settings.ctoSChallenge, secret)
        cipher.invocationCounter += 1
        return answer

    def getAssociationStatus(self):
        return self.associationStatus


def _secret(settings, secret, *, is_answer):
    """Give what Gurux takes for the secret: with SHA-256 the whole that is hashed."""
    if settings.authentication != Authentication.HIGH_SHA256:
        return secret
    own, other = settings.cipher.systemTitle, settings.sourceSystemTitle
    stoc, ctos = bytes(settings.stoCChallenge), bytes(settings.ctoSChallenge)
    parts = (own, other, ctos, stoc) if is_answer else (other, own, stoc, ctos)
    return bytearray(bytes(secret) + b"".join(map(bytes, parts)))


class Meter(GXDLMSSecureServer):
    """A server that lets everybody in who authenticates."""

    def __init__(self, options):
        self.options = options
        association = Association()
        association.secret = options["secret"].encode()
        GXDLMSSecureServer.__init__(self, association, InterfaceType.WRAPPER)
        self.settings.cipher = ciphering(options, options["server_title"])
        serial = GXDLMSData(SERIAL)
        serial.value = "12345678"
        register = GXDLMSRegister(ENERGY)
        register.value, register.scaler = 74565, 1
        for item in (association, serial, register):
            self.items.append(item)
            association.objectList.append(item)  # Gurux would append the whole collection, which it then refuses
        self.initialize()

    def handleCommand(self, cmd, data, sr):
        """Say what goes wrong: Gurux keeps it to itself."""
        try:
            return GXDLMSSecureServer.handleCommand(self, cmd, data, sr)
        except Exception:
            traceback.print_exc()
            raise

    def isTarget(self, serverAddress, clientAddress):
        return True

    def onValidateAuthentication(self, authentication, password):
        return SourceDiagnostic.NONE

    def onFindObject(self, objectType, sn, ln):
        return None

    def onGetAttributeAccess(self, arg):
        return AccessMode.READ_WRITE

    def onGetMethodAccess(self, arg):
        return MethodAccessMode.ACCESS

    def _pass(self, *arguments):
        return None

    onPreGet = onPostGet = onPreRead = onPostRead = onPreWrite = onPostWrite = _pass
    onConnected = onInvalidConnection = onDisconnected = onPreAction = onPostAction = _pass
    notifyRead = notifyConnected = _pass

    def setTransaction(self, value):
        self.transaction = value


def serve(options):
    """Serve one connection."""
    meter = Meter(options)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(TIMEOUT)
        print(listening.getsockname()[1], flush=True)
        line, _ = listening.accept()
    with line:
        line.settimeout(TIMEOUT)
        while True:
            octets = line.recv(65536)
            if not octets:
                return
            request = Exchange(octets)
            meter.handleRequest(request)
            if request.reply:
                line.sendall(bytes(request.reply))


class Reader:
    """A client that reads what the meter has."""

    def __init__(self, options, port):
        self.options = options
        mechanism = Authentication(options["mechanism"])
        self.client = GXDLMSSecureClient(
            True, CLIENT_SAP, SERVER_SAP, mechanism, options["secret"], InterfaceType.WRAPPER
        )
        self.client.settings.cipher = ciphering(options, options["client_title"])
        if options["dedicated"]:
            self.client.ciphering.dedicatedKey = bytearray.fromhex(options["dedicated"])
        self.line = socket.create_connection(("127.0.0.1", port), TIMEOUT)

    def ask(self, messages):
        """Send what Gurux made, and give it what comes back, until the answer is whole."""
        reply = GXReplyData()
        for message in messages if isinstance(messages, list) else [messages]:
            reply.clear()
            self._exchange(bytes(message), reply)
            while reply.isMoreData():
                self._exchange(bytes(self.client.receiverReady(reply)), reply)
        if reply.error:
            raise ValueError(f"error {reply.error}")
        return reply

    def _exchange(self, octets, reply):
        self.line.sendall(octets)
        received = GXByteBuffer()
        while True:
            octets = self.line.recv(65536)
            if not octets:
                raise ValueError("the meter hung up")
            received.set(octets)
            if self.client.getData(received, reply, None):
                return

    def session(self):
        """Associate, read, release."""
        self.client.parseAareResponse(self.ask(self.client.aarqRequest()).data)
        if self.client.getIsAuthenticationRequired():
            answer = self.ask(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(answer.data)
        found = {}
        serial, energy = GXDLMSData(SERIAL), GXDLMSRegister(ENERGY)
        for name, item, attribute in (("serial", serial, 2), ("energy", energy, 2), ("scaler", energy, 3)):
            reply = self.ask(self.client.read(item, attribute))
            found[name] = str(self.client.updateValue(item, attribute, reply.value))
        release = self.client.releaseRequest()
        if release:
            self.ask(release)
        self.line.close()
        return found


def main():
    mode, options = sys.argv[1], json.loads(sys.argv[2])
    if mode == "server":
        serve(options)
    else:
        print(json.dumps(Reader(options, int(sys.argv[3])).session()))


if __name__ == "__main__":
    main()
