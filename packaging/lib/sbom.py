"""The bill of materials, in the format CycloneDX 1.5."""
import datetime
import json
import tomllib
import uuid

from crates import ROOT
from targets import ALL


def _checksums():
    """Returns the checksums of the lock file."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock["package"]}


def _purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def _component(package, triples, checksum):
    component = {
        "type": "library",
        "bom-ref": _purl(package),
        "name": package["name"],
        "version": package["version"],
        "description": (package["description"] or "").strip(),
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
        "purl": _purl(package),
    }
    if checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        component["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    if len(triples) < len(ALL):
        component["properties"] = [{"name": "easel:target", "value": triple} for triple in triples]
    return component


def build(linked, resolve, epoch):
    """Returns the document. A crate that some platforms lack names those that have it."""
    checksums = _checksums()
    references = {package["id"]: _purl(package) for package, _ in linked}
    root = next(package for package, _ in linked if package["name"] == "easel")
    components = [
        _component(package, triples, checksums.get((package["name"], package["version"])))
        for package, triples in linked if package is not root
    ]
    dependencies = []
    for node in resolve["nodes"]:
        if node["id"] in references:
            uses = sorted({references[used] for used in node["dependencies"] if used in references})
            dependencies.append({"ref": references[node["id"]], "dependsOn": uses})
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {**_component(root, [target.triple for target in ALL], None), "type": "application"},
        },
        "components": components,
        "dependencies": sorted(dependencies, key=lambda entry: entry["ref"]),
    }
    # The number depends on the content, so that the same input has the same one.
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))}"
    return json.dumps(document, indent=2) + "\n"
