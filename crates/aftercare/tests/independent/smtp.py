"""A mail server by other people: aiosmtpd, on loopback, as the first argument says: plain, starttls, tls.

Mailboxes answer by their name: gone@ 550, full@ 552, later@ 451 every other time. On standard output: the port,
then each message as a line of JSON. The second and third arguments are the certificate and its key.
"""
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP

later = 0


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        global later
        name = address.split("@")[0]
        later += name == "later"
        if name == "gone":
            return "550 5.1.1 No such mailbox"
        if name == "full":
            return "552 5.2.2 Mailbox full"
        if name == "later" and later % 2 == 1:
            return "451 4.7.1 Greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        print(json.dumps({
            "to": envelope.rcpt_tos, "tls": server.transport.get_extra_info("cipher") is not None, "headers": dict(message.items()),
            "text": parts.get("text/plain"), "html": parts.get("text/html"),
        }), flush=True)
        return "250 OK"


async def main():
    mode, certificate, key = sys.argv[1:4]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def server():
        tls = context if mode == "starttls" else None
        return SMTP(Handler(), hostname="mail.example", tls_context=tls, require_starttls=mode == "starttls")

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(server, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print(json.dumps({"port": listening.sockets[0].getsockname()[1]}), flush=True)
    await listening.serve_forever()


asyncio.run(main())
