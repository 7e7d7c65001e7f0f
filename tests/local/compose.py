#!/usr/bin/env python3
"""Turns the services of a compose file into processes: tests/local/compose.py WORK same|free IMAGE=PROGRAM… <CONFIG.json

CONFIG.json is the output of `docker compose config --format json`. Each service has a folder in WORK in place of its container's root: mounted files are copied
there, and `run` starts the image's program with only the service's command and environment. `SERVICE:PORT`, and the addresses that a container listens on,
become addresses of 127.0.0.1: with `same` the published port, or the same port if it is not published and free; with `free` any free port.

WORK/services: a line per service with its name, its restart policy, and `run`, or the image if it has no program here.
WORK/ports: service, port in the container, address, `published` or `-`. Only the standard library."""

import json
import random
import re
import shlex
import socket
import sys
from pathlib import Path


def is_free(port):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Addresses:
    """The addresses of the services. A port on a container's loopback has another address than the same port on its network, so that, as between containers,
    a connection to a wrong port or to another container's loopback fails."""

    def __init__(self, services, keep):
        self.services, self.keep, self.chosen = services, keep, {}
        self.published = {(name, port["target"]): int(port["published"]) for name, service in services.items() for port in service.get("ports", [])}
        names = "|".join(map(re.escape, services))
        self.pattern = re.compile(rf"(?<![\w.-])({names}|0\.0\.0\.0|127\.0\.0\.1|localhost):(\d{{1,5}})(?!\d)")

    def of(self, service, host, port):
        """The address of `host:port` from the point of view of `service`."""
        owner = host if host in self.services else service if host == "0.0.0.0" else f"{service}, loopback"
        key, taken = (owner, port), self.chosen.values()
        if key not in self.chosen:
            number = self.published.get(key, port) if self.keep else 0
            while not number or number in taken or not is_free(number):
                # Below the kernel's ephemeral range, so that no connection takes it first.
                number = random.randrange(20000, 32000)
            self.chosen[key] = number
        return f"127.0.0.1:{self.chosen[key]}"

    def rewrite(self, service, text):
        return self.pattern.sub(lambda found: self.of(service, found[1], int(found[2])), text)


def image_environment(service):
    """The variables in the Dockerfile of an image that the compose file builds."""
    if "build" not in service:
        return {}
    dockerfile = Path(service["build"]["context"], service["build"]["dockerfile"])
    return dict(re.findall(r"^ENV (\w+)=(\S+)$", dockerfile.read_text(), re.MULTILINE))


def kafka(program, root, version, environment):
    """A cluster of tests/kafka.sh. Like in the image, KAFKA_NODE_ID sets node.id."""
    settings = (name.removeprefix("KAFKA_").lower().replace("_", ".") + "=" + value for name, value in environment.items())
    sets = (word for setting in settings for word in ("--set", setting))
    return ["env", f"KAFKA_VERSION={version}", program, "start", "--dir", f"{root}/cluster", *sets]


def command(program, root, words, environment):
    """Without the caller's environment. Paths, also after `=`, are below the container's root."""
    pairs = (f"{name}={value}" for name, value in environment.items())
    return ["env", "-i", *(re.sub(r"(=|^)(?=/)", rf"\1{root}", word) for word in pairs), program, *(re.sub(r"(=|^)(?=/)", rf"\1{root}", word) for word in words)]


def copy(source, target, rewrite):
    if source.is_dir():
        for each in source.iterdir():
            copy(each, target / each.name, rewrite)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(rewrite(source.read_text(encoding="utf-8")), encoding="utf-8")


def main():
    work, ports, programs = Path(sys.argv[1]).resolve(), sys.argv[2], dict(pair.split("=", 1) for pair in sys.argv[3:])
    services = json.load(sys.stdin)["services"]
    addresses = Addresses(services, ports == "same")
    table = []
    for name, service in services.items():
        root = work / name
        root.mkdir()

        def rewrite(text, name=name):
            return addresses.rewrite(name, text)

        for volume in service.get("volumes", []):
            copy(Path(volume["source"]), root / volume["target"].lstrip("/"), rewrite)
        image, _, version = service["image"].partition(":")
        program = programs.get(image)
        # `config` writes a `$` as `$$`.
        words = [rewrite(word.replace("$$", "$")) for word in service.get("command") or []]
        environment = {key: rewrite(value.replace("$$", "$")) for key, value in {**image_environment(service), **service.get("environment", {})}.items()}
        if program:
            line = kafka(program, root, version, environment) if image == "apache/kafka" else command(program, root, words, environment)
            (root / "run").write_text(f"cd {shlex.quote(str(root))} && exec {shlex.join(line)}\n", encoding="utf-8")
        table.append((name, service.get("restart", "no"), "run" if program else image))
    for name, port in addresses.published:
        addresses.of(name, name, port)
    (work / "services").write_text("".join("\t".join(row) + "\n" for row in table), encoding="utf-8")
    rows = ((name, str(port), f"127.0.0.1:{number}", "published" if (name, port) in addresses.published else "-") for (name, port), number in addresses.chosen.items())
    (work / "ports").write_text("".join("\t".join(row) + "\n" for row in sorted(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
