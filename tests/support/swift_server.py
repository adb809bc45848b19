"""OpenStack Swift with its S3 interface on one disk and in one process: ``python -m support.swift_server FOLDER``.

Proxy, account, container and object server listen on 127.0.0.1, on ports that the system gives. When all are up, the
proxy's port stands in FOLDER/port. It ends with its parent.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

KEY, SECRET = "test:tester", "testing"
"""The one user there is, as an S3 key and its secret."""

_BACKENDS = ("account", "container", "object")

_SWIFT = """[swift-hash]
swift_hash_path_prefix = test
swift_hash_path_suffix = test
[storage-policy:0]
name = one
default = yes
"""

_BACKEND = """[DEFAULT]
devices = {folder}/disks
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
swift_dir = {folder}
log_level = ERROR
[pipeline:main]
pipeline = server
[app:server]
use = egg:swift#{kind}
"""

_PROXY = """[DEFAULT]
swift_dir = {folder}
log_level = ERROR
[pipeline:main]
pipeline = catch_errors listing_formats bulk s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""


def main() -> None:
    folder = Path(sys.argv[1])
    import eventlet

    eventlet.monkey_patch()
    _end_with_parent()
    (folder / "disks" / "sda1").mkdir(parents=True, exist_ok=True)
    (folder / "swift.conf").write_text(_SWIFT)
    from swift.common import utils

    utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    utils.validate_hash_conf()
    sockets = {kind: eventlet.listen(("127.0.0.1", port)) for kind, port in _ports(folder).items()}
    ports = {kind: listening.getsockname()[1] for kind, listening in sockets.items()}
    (folder / "ports.json").write_text(json.dumps(ports))
    for listening in sockets.values():
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits for 40 ms
    _write_rings(folder, {kind: ports[kind] for kind in _BACKENDS})
    for kind in _BACKENDS:
        (folder / f"{kind}.conf").write_text(_BACKEND.format(folder=folder, kind=kind))
    (folder / "proxy.conf").write_text(_PROXY.format(folder=folder))
    _serve(folder, sockets)


def _ports(folder: Path) -> dict[str, int]:
    """Those it had before, where it was there before: its rings and its clients know them."""
    before = folder / "ports.json"
    if before.exists():
        found: dict[str, int] = json.loads(before.read_text())
        return found
    return dict.fromkeys((*_BACKENDS, "proxy"), 0)


def _end_with_parent() -> None:
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _write_rings(folder: Path, ports: dict[str, int]) -> None:
    """One device, one copy."""
    from swift.common.ring.builder import RingBuilder

    for kind, port in ports.items():
        builder = RingBuilder(1, 1, 0)
        builder.add_dev({"region": 1, "zone": 1, "weight": 1.0, "ip": "127.0.0.1", "port": port, "device": "sda1"})
        builder.rebalance(seed="1")
        builder.get_ring().save(str(folder / f"{kind}.ring.gz"))


def _serve(folder: Path, sockets: dict[str, object]) -> None:
    import eventlet
    from eventlet import wsgi
    from swift.common.http_protocol import SwiftHttpProtocol
    from swift.common.storage_policy import reload_storage_policies
    from swift.common.wsgi import loadapp

    reload_storage_policies()
    threads = []
    for kind, listening in sockets.items():
        app = loadapp(str(folder / f"{kind}.conf"))
        threads.append(
            eventlet.spawn(wsgi.server, listening, app, protocol=SwiftHttpProtocol, log_output=False, socket_timeout=60)
        )
    (folder / "port.new").write_text(str(sockets["proxy"].getsockname()[1]))  # type: ignore[attr-defined]
    (folder / "port.new").replace(folder / "port")
    for thread in threads:
        thread.wait()


if __name__ == "__main__":
    sys.exit(main() or os.EX_OK)
