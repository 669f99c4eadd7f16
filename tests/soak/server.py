"""An FTP server that keeps its own account: a line of JSON for each session and transfer, on standard output."""

import json
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer


def note(handler, **facts):
    facts["client"] = f"{handler.remote_ip}:{handler.remote_port}"
    print(json.dumps(facts), flush=True)


class Handler(FTPHandler):
    def on_connect(self):
        note(self, event="session")

    def log_transfer(self, cmd, filename, receive, completed, elapsed, bytes):
        note(self, event="transfer", verb=cmd, file=filename.rsplit("/", 1)[-1], bytes=bytes, completed=bool(completed))


authorizer = DummyAuthorizer()
authorizer.add_user("alice", "secret", sys.argv[1], perm="elradfmwMT")
Handler.authorizer = authorizer
# Copying by the kernel would be faster, and counts of bytes less certain.
Handler.use_sendfile = False
server = FTPServer(("::", 21), Handler, backlog=512)
server.max_cons = 1024
server.serve_forever()
