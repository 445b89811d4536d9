"""ingress-nginx: nginx that never reloads, and a balancer in its Lua module that looks once a second.

The balancer is balancer.lua beside this file, which keeps to the rules of ingress-nginx' own; everything around
it is the real nginx: timers, shared memory, connections, retries.
"""

import asyncio
import os

from .front import FIXED_ANSWER, PORT, Front, milliseconds
from .nginx import nginx_causes

CONTROL = PORT + 1
"""Where new lists are posted."""
HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = "/usr/lib/nginx/modules"


class Ingress(Front):
    """nginx with a balancer in Lua."""

    def start(self, children, scheduling):
        self.replace("nginx.conf", ingress_configuration(self.parameters))
        with open(os.path.join(self.folder, "output"), "wb") as output:
            command = ["nginx", "-p", self.folder, "-c", "nginx.conf", "-e", "error.log"]
            self.process = children.start(command, scheduling, stdout=output, stderr=output)
        asyncio.ensure_future(self.first())

    async def first(self):
        """The list of the beginning, as soon as somebody takes it."""
        while True:
            try:
                return await self.post()
            except OSError:
                await asyncio.sleep(0.01)

    def push(self):
        asyncio.ensure_future(self.post())

    async def post(self):
        body = " ".join(map(str, self.ports)).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", CONTROL)
        head = f"POST / HTTP/1.1\r\nHost: podloss\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        if b" 201 " not in await reader.readline():
            raise RuntimeError(f"the balancer did not take its list: see {self.folder}")
        writer.close()

    def causes(self):
        return nginx_causes(os.path.join(self.folder, "access.log"), os.path.join(self.folder, "error.log"))


def ingress_configuration(parameters):
    modules = "".join(f"load_module {MODULES}/{name}.so;\n" for name in ("ndk_http_module", "ngx_http_lua_module"))
    temporary = "".join(
        f"  {kind}_temp_path {kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    lua = {"begin": "init_worker_by_lua_block", "push": "content_by_lua_block"}
    lua |= {"refuse_if_empty": "rewrite_by_lua_block", "choose": "balancer_by_lua_block"}
    call = {name: f"{block} {{ require('balancer').{name}() }}" for name, block in lua.items()}
    return (
        f"{modules}daemon off;\nworker_processes {parameters['front_workers']};\npid nginx.pid;\nerror_log error.log error;\n"
        "events { worker_connections 4096; multi_accept on; }\n"
        "http {\n"
        f"  lua_package_path '{HERE}/?.lua;/usr/share/lua/5.1/?.lua;;';\n"
        "  lua_shared_dict lists 1m;\n"
        f"  {call['begin']}\n"
        "  log_format attempts '$pid $connection $status $request_method [$upstream_status] $msec $request_time';\n"
        "  access_log access.log attempts;\n"
        f"{temporary}"
        "  upstream pods {\n"
        f"    server 0.0.0.1;\n    {call['choose']}\n"
        f"    keepalive {parameters['nginx_keepalive']};\n    keepalive_requests 10000;\n"
        "  }\n"
        f"  server {{ listen 127.0.0.1:{CONTROL}; access_log off; location / {{ {call['push']} }} }}\n"
        "  server {\n"
        f"    listen 127.0.0.1:{PORT} reuseport;\n"
        f"    location = {FIXED_ANSWER} {{ access_log off; return 200; }}\n"
        "    location / {\n"
        f"      {call['refuse_if_empty']}\n"
        "      proxy_pass http://pods;\n"
        '      proxy_http_version 1.1;\n      proxy_set_header Connection "";\n      proxy_buffering off;\n'
        f"      proxy_connect_timeout {milliseconds(parameters['connect_timeout_s'])};\n"
        f"      proxy_read_timeout {milliseconds(parameters['read_timeout_s'])};\n"
        f"      proxy_next_upstream {parameters['next_upstream']};\n"
        f"      proxy_next_upstream_tries {parameters['next_upstream_tries']};\n"
        "    }\n  }\n}\n"
    )
