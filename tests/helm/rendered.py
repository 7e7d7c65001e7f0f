"""Checks a rendered chart: `rendered.py RENDERED.yaml VALUES.yaml OUT`.

OUT/kubernetes.yaml: the objects for Kubernetes' own schemas. Custom resources are checked here, with the small schemas in custom/.
OUT/slackline.yaml, OUT/environment: the configuration and dummy values of its variables, for `slackline check`.
Prints one line per fault; the exit code is then 1.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import jsonschema
import yaml

rendered, values, out = map(pathlib.Path, sys.argv[1:4])
custom = {
    json.loads(file.read_text())["title"]: json.loads(file.read_text())
    for file in (pathlib.Path(__file__).parent / "custom").glob("*.json")
}
faults: list[str] = []


def custom_resource(document: dict) -> None:
    schema = custom[f"{document['apiVersion']} {document['kind']}"]
    for error in jsonschema.Draft7Validator(schema).iter_errors(document):
        faults.append(f"{document['kind']}: {error.json_path}: {error.message}")


def configuration(text: str) -> None:
    """The worker's configuration must be that of the values, with the group and `admin`."""
    given = yaml.safe_load(values.read_text())["config"]
    given["kafka"].setdefault("group_id", "slackline")
    read = yaml.safe_load(text)
    if read.pop("admin", None) != {"listen": "0.0.0.0:9464"}:
        faults.append("slackline.yaml: admin.listen is not 0.0.0.0:9464")
    if read != given:
        faults.append("slackline.yaml: differs from the values' config")
    # The pod's files, and a different URL for each variable: two webhooks with one URL are refused.
    secrets = (out / "secrets").absolute()
    for path in re.findall(r"url_file: /run/secrets/(\S+)", text):
        file = secrets / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"https://hooks.slack.com/services/{path}\n")
    for path in re.findall(r"token_file: /run/secrets/(\S+)", text):
        (secrets / path).parent.mkdir(parents=True, exist_ok=True)
        (secrets / path).write_text(f"xoxb-file-{path.replace('/', '-')}\n")
    # `slackline check` loads Kafka's TLS files: one self-signed certificate is authority and
    # certificate.
    for path in re.findall(r"ssl\.[a-z.]+: /run/secrets/(\S+)", text):
        (secrets / path).parent.mkdir(parents=True, exist_ok=True)
    for path in re.findall(r"ssl\.key\.location: /run/secrets/(\S+)", text):
        key, certificate = secrets / path, secrets / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-keyout", key, "-out", certificate],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        for path in re.findall(r"ssl\.(?:ca|certificate)\.location: /run/secrets/(\S+)", text):
            shutil.copy(certificate, secrets / path)
    text = re.sub(r"((?:url_file|token_file|ssl\.[a-z.]+): )/run/secrets/", rf"\g<1>{secrets}/", text)
    (out / "slackline.yaml").write_text(text)
    names = {name for name in re.findall(r"\$\{([A-Za-z_]\w*)\}", text) if name != "NOT_EXPANDED"}
    lines = []
    for name in sorted(names):
        text = name.lower().replace("_", "-")
        if name.endswith("_URL"):
            text = f"https://hooks.slack.com/services/{name}"
        elif name.endswith("_TOKEN"):
            text = f"xoxb-{text}"
        lines.append(f"{name}={text}")
    (out / "environment").write_text("".join(line + "\n" for line in lines))


def consistent(documents: list[dict]) -> None:
    """Checks that a schema cannot express: selectors match, names exist."""
    [workload] = [d for d in documents if d["kind"] in ("Deployment", "StatefulSet")]
    pod = workload["spec"]["template"]
    labels = pod["metadata"]["labels"]
    of = {(d["kind"], d["metadata"]["name"]) for d in documents}
    for document in documents:
        spec = document.get("spec", {})
        name = f"{document['kind']}/{document['metadata']['name']}"
        if document["kind"] in ("Service",):
            selector = spec["selector"]
        elif document["kind"] == "NetworkPolicy":
            selector = spec["podSelector"]["matchLabels"]
        elif document["kind"] in ("HorizontalPodAutoscaler", "ScaledObject"):
            target = spec["scaleTargetRef"]
            if (target["kind"], target["name"]) not in of:
                faults.append(f"{name}: scales {target['name']}, which does not exist")
            if "replicas" in workload["spec"]:
                faults.append(f"{name}: the workload sets replicas too")
            continue
        else:
            selector = spec.get("selector", {}).get("matchLabels", {})
        meant = document["metadata"]["labels"] if document["kind"] == "ServiceMonitor" else labels
        if not selector.items() <= meant.items():
            faults.append(f"{name}: selects no pod of the release")
    container = pod["spec"]["containers"][0]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    if mounted != {volume["name"] for volume in pod["spec"]["volumes"]}:
        faults.append("volumes and mounts differ")
    if any("subPath" in mount for mount in container["volumeMounts"]):
        faults.append("a subPath mount never changes")
    if workload["kind"] == "StatefulSet" and ("Service", workload["spec"]["serviceName"]) not in of:
        faults.append("the StatefulSet's service does not exist")


documents = [document for document in yaml.safe_load_all(rendered.read_text()) if document]
builtin = []
for document in documents:
    if f"{document['apiVersion']} {document['kind']}" in custom:
        custom_resource(document)
    else:
        builtin.append(document)
    if text := (document.get("data") or {}).get("slackline.yaml"):
        configuration(text)
    files = pathlib.Path("helm/slackline/files")
    if text := (document.get("data") or {}).get("slackline.json"):
        if json.loads(text) != json.loads((files / "dashboard.json").read_text()):
            faults.append("the dashboard differs from files/dashboard.json")
    # `{{ $labels.x }}` of Prometheus must not be rendered.
    if document["kind"] == "PrometheusRule" and document["spec"] != yaml.safe_load((files / "alerts.yaml").read_text()):
        faults.append("the rules differ from files/alerts.yaml")
consistent(documents)
(out / "kubernetes.yaml").write_text(yaml.safe_dump_all(builtin))
print("\n".join(faults) or " ".join(f"{document['kind']}" for document in documents))
sys.exit(bool(faults))
