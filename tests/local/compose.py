#!/usr/bin/env python3
"""Makes programs of this machine out of composed services: tests/local/compose.py WORK same|free IMAGE=PROGRAM… <CONFIG.json

CONFIG.json is what `docker compose config --format json` prints. Each service gets a directory in WORK, which stands for its container's root: the mounted files
are copied there, and `run` starts its image's program with the service's command and environment and nothing else. `SERVICE:PORT`, and the addresses that a
container listens on, become addresses of 127.0.0.1: with `same` on the published port, or else the same one, where it is not taken; with `free` on any.

WORK/services: a line for each with its name, its restart policy, and `run` or the image without a program here.
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
    """Every port of every service has an address of its own, and another one on its loopback: who asks for a wrong port, or for what listens on the loopback
    of its container only, finds nobody, as between containers."""

    def __init__(self, services, keep):
        self.services, self.keep, self.chosen = services, keep, {}
        self.published = {(name, port["target"]): int(port["published"]) for name, service in services.items() for port in service.get("ports", [])}
        names = "|".join(map(re.escape, services))
        self.pattern = re.compile(rf"(?<![\w.-])({names}|0\.0\.0\.0|127\.0\.0\.1|localhost):(\d{{1,5}})(?!\d)")

    def of(self, service, host, port):
        """Of `host` as `service` means it."""
        owner = host if host in self.services else service if host == "0.0.0.0" else f"{service}, loopback"
        key, taken = (owner, port), self.chosen.values()
        if key not in self.chosen:
            number = self.published.get(key, port) if self.keep else 0
            while not number or number in taken or not is_free(number):
                # Below the kernel's ephemeral range, so that no connection takes it before its listener does.
                number = random.randrange(20000, 32000)
            self.chosen[key] = number
        return f"127.0.0.1:{self.chosen[key]}"

    def rewrite(self, service, text):
        return self.pattern.sub(lambda found: self.of(service, found[1], int(found[2])), text)


def image_environment(service):
    """What the Dockerfile of an image that is built here sets."""
    if "build" not in service:
        return {}
    dockerfile = Path(service["build"]["context"], service["build"]["dockerfile"])
    return dict(re.findall(r"^ENV (\w+)=(\S+)$", dockerfile.read_text(), re.MULTILINE))


def kafka(program, root, version, environment):
    """A cluster that tests/kafka.sh starts. As in the image, KAFKA_NODE_ID is node.id."""
    settings = (name.removeprefix("KAFKA_").lower().replace("_", ".") + "=" + value for name, value in environment.items())
    sets = (word for setting in settings for word in ("--set", setting))
    return ["env", f"KAFKA_VERSION={version}", program, "start", "--dir", f"{root}/cluster", *sets]


def command(program, root, words, environment):
    """Nothing of the caller's environment. A path is one below the container's root, also behind `=`."""
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
