"""A relay before the sandbox store that refuses, whole, every request that names one poisoned discount."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

REFUSED = {
    "errors": [
        {
            "message": "Variable $ids of type [ID!] was provided invalid value: Invalid global id",
            "extensions": {"code": "INVALID_VARIABLE"},
        }
    ]
}


class Poisoner:
    """Listens on a port of its own and passes all else on. `refuses` says which words of a request it minds."""

    def __init__(self, origin):
        self.origin, self.poison, self.word, self.refused = origin, "", "", 0
        self.http = httpx.Client(base_url=origin, timeout=60)
        outer = self

        class Relay(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, kind, answer = outer.answer(self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, headers, body):
        text = body.decode()
        if self.poison and f'"{self.poison}"' in text and self.word in text:
            self.refused += 1
            return 200, "application/json", json.dumps(REFUSED).encode()
        kept = {name: value for name, value in headers.items() if name.lower() not in {"host", "content-length"}}
        kept["Accept-Encoding"] = "identity"
        told = self.http.post(path, content=body, headers=kept)
        return told.status_code, told.headers.get("Content-Type", ""), told.content

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.http.close()
