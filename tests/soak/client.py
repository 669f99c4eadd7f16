"""Clients without end: sessions in every mode over both families, some transfers each, until time is up."""

import ftplib
import io
import os
import random
import sys
import threading
import time

SERVERS, SECONDS, THREADS, RATE = ["192.0.2.2", "2001:db8::2"], float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
SIZES = [int(size) for size in sys.argv[4].split(",")]
END = time.monotonic() + SECONDS
done = failed = 0
lock = threading.Lock()


class Client(ftplib.FTP):
    """ftplib chooses PASV or EPSV, PORT or EPRT by the address; over IPv4 all four exist."""

    mode = "EPSV"

    def makepasv(self):
        if self.mode == "EPSV":
            return ftplib.parse229(self.sendcmd("EPSV"), self.sock.getpeername())
        return ftplib.parse227(self.sendcmd("PASV"))

    def sendeprt(self, host, port):
        return self.sendcmd(f"EPRT |{2 if ':' in host else 1}|{host}|{port}|")

    def sendport(self, host, port):
        return self.sendeprt(host, port) if self.mode == "EPRT" else super().sendport(host, port)


def session(chance):
    server = chance.choice(SERVERS)
    client = Client()
    client.mode = chance.choice(["EPSV", "EPRT"] if ":" in server else ["PORT", "PASV", "EPRT", "EPSV"])
    client.connect(server, 21, timeout=60)
    client.login("alice", "secret")
    client.set_pasv(client.mode in ("PASV", "EPSV"))
    for _ in range(chance.randint(1, 4)):
        size = chance.choice(SIZES)
        if chance.random() < 0.6:
            client.retrbinary(f"RETR {size}", lambda block: None)
        elif chance.random() < 0.7:
            name = f"up-{threading.get_ident()}"
            client.storbinary(f"STOR {name}", io.BytesIO(os.urandom(size)))
        else:
            client.retrlines("LIST", lambda line: None)
    client.quit()


def work(number):
    global done, failed
    chance = random.Random(number)
    while time.monotonic() < END:
        begun = time.monotonic()
        try:
            session(chance)
            with lock:
                done += 1
        except Exception as error:
            with lock:
                failed += 1
            print(f"client: {error!r}", file=sys.stderr)
        pause = THREADS / RATE - (time.monotonic() - begun)
        if pause > 0:
            time.sleep(pause)


threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"{done} sessions, {failed} failed")
sys.exit(failed > 0)
