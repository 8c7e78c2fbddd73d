"""Compares two versions of the protocol's JSON Schema, and says what a change means for clients.

What a client sends must still be accepted and mean the same; what it receives must still be what it expects. Clients
ignore fields and notifications that they do not know, and nothing else, so everything else is a breaking change.
"""
import dataclasses
import json

SEND, RECEIVE = "send", "receive"
# Limits of what is accepted: whether a larger value is stricter.
BOUNDS = {"minimum": True, "maximum": False, "minLength": True, "maxLength": False, "minItems": True, "maxItems": False}
# Formats say nothing that a client relies on, and texts and defaults are documentation.
KINDS = ("null", "boolean", "integer", "number", "string", "array", "object")


@dataclasses.dataclass(frozen=True)
class Change:
    """A difference, and whether it breaks a client."""

    breaking: bool
    what: str


def compare(old, new):
    """Returns the changes from one schema to another."""
    comparison = _Comparison(old["definitions"], new["definitions"])
    comparison.calls("method", old["methods"], new["methods"], SEND)
    comparison.calls("request of the server", old["serverRequests"], new["serverRequests"], RECEIVE)
    comparison.notifications(old["notifications"], new["notifications"])
    return comparison.changes


def required_step(changes):
    """Returns the part of the version that has to change: `major`, `minor` or `patch`."""
    if any(change.breaking for change in changes):
        return "major"
    return "minor" if changes else "patch"


def step(old, new):
    """Returns the part of the version that has changed, or None for an equal or older one.

    Before 1.0.0, a new minor version may break clients, and a new patch version may add something.
    """
    a, b = ([int(part) for part in version.split("-")[0].split(".")] for version in (old, new))
    if b <= a:
        return None
    first = next(index for index in range(3) if a[index] != b[index])
    return ("major", "minor", "patch")[max(first - 1, 0) if a[0] == b[0] == 0 else first]


def allows(changed, required):
    """Returns whether a version that changed in this part may have changes that require that part."""
    order = (None, "patch", "minor", "major")
    return order.index(changed) >= order.index(required)


class _Comparison:
    def __init__(self, old, new):
        self.old, self.new = old, new
        self.changes = []
        self.seen = set()

    def add(self, breaking, what):
        change = Change(breaking, what)
        if change not in self.changes:
            self.changes.append(change)

    def names(self, kind, old, new):
        """Yields the names that both have."""
        for name in sorted(old.keys() | new.keys()):
            if name not in new:
                self.add(True, f"{kind} {name}: removed")
            elif name not in old:
                self.add(False, f"{kind} {name}: new")
            else:
                yield name

    def calls(self, kind, old, new, direction):
        opposite = RECEIVE if direction == SEND else SEND
        for name in self.names(kind, old, new):
            self.reference(f"{name} params", old[name]["params"], new[name]["params"], direction)
            self.reference(f"{name} response", old[name]["response"], new[name]["response"], opposite)

    def notifications(self, old, new):
        for name in self.names("notification", old, new):
            self.reference(name, old[name], new[name], RECEIVE)

    def reference(self, where, old, new, direction):
        # A type may contain itself.
        if (old, new, direction) not in self.seen:
            self.seen.add((old, new, direction))
            self.types(where, {"$ref": f"#/definitions/{old}"}, {"$ref": f"#/definitions/{new}"}, direction)

    def types(self, where, old, new, direction):
        befores, afters = alternatives(old, self.old), alternatives(new, self.new)
        for kind in sorted(befores.keys() | afters.keys()):
            before, after = befores.get(kind), afters.get(kind)
            if before is None:
                # A client that does not know an alternative cannot read it, and need not send it.
                covered = direction == RECEIVE and ("any" in befores or kind.startswith("=") and "string" in befores)
                if not covered:
                    self.add(direction == RECEIVE, f"{where}: also {kind}")
            elif after is None:
                covered = direction == SEND and ("any" in afters or kind.startswith("=") and "string" in afters)
                if not covered:
                    self.add(True, f"{where}: no longer {kind}")
            else:
                self.bounds(where, before, after, direction)
                self.parts(where, before, after, direction)

    def parts(self, where, old, new, direction):
        self.nested(f"{where}[]", old.get("items"), new.get("items"), direction)
        extra = [node.get("additionalProperties") for node in (old, new)]
        if all(isinstance(node, dict) for node in extra):
            self.nested(f"{where}.*", *extra, direction)
        befores, afters = old.get("properties", {}), new.get("properties", {})
        required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(befores.keys() | afters.keys()):
            field = f"{where}.{name}"
            if name not in afters:
                self.add(True, f"{field}: removed")
                continue
            needed_before, needed_after = name in required_before, name in required_after
            if direction == SEND and needed_after and not needed_before:
                self.add(True, f"{field}: now required")
            elif name not in befores:
                self.add(False, f"{field}: new")
            elif direction == RECEIVE and needed_before and not needed_after:
                self.add(True, f"{field}: now optional")
            elif needed_before != needed_after:
                self.add(False, f"{field}: now {'required' if needed_after else 'optional'}")
            if name in befores:
                self.nested(field, befores[name], afters[name], direction)

    def nested(self, where, old, new, direction):
        if old is None and new is None:
            return
        # A schema can be absent or `true`, which both allow anything.
        old, new = (node if isinstance(node, dict) else {} for node in (old, new))
        names = [_name(node) for node in (old, new)]
        if all(names):
            self.reference(where, *names, direction)
        else:
            self.types(where, old, new, direction)

    def bounds(self, where, old, new, direction):
        for bound, lower in BOUNDS.items():
            before, after = old.get(bound), new.get(bound)
            if before == after:
                continue
            stricter = before is None or after is not None and (after > before if lower else after < before)
            self.add(stricter == (direction == SEND), f"{where}: {bound} {before} is now {after}")


def _name(node):
    """Returns the definition that a node is, if it is nothing else."""
    if len(node.get("allOf", ())) == 1 and "properties" not in node:
        return _name(node["allOf"][0])
    return node["$ref"].rsplit("/", 1)[1] if "$ref" in node else None


def alternatives(node, definitions):
    """Returns the kinds of values that a schema allows, each with the part of the schema that describes it."""
    if name := _name(node):
        return alternatives(definitions[name], definitions)
    if "allOf" in node:
        return alternatives(_united(node, definitions), definitions)
    for union in ("oneOf", "anyOf"):
        if union in node:
            found = {}
            for part in node[union]:
                found |= alternatives(part, definitions)
            return found
    if "const" in node:
        return {f"={json.dumps(node['const'])}": node}
    if "enum" in node:
        return {f"={json.dumps(value)}": node for value in node["enum"]}
    kinds = node.get("type", ())
    found = {}
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        assert kind in KINDS, kind
        found[_variant(node) if kind == "object" else kind] = node
    return found or {"any": node}


def _united(node, definitions):
    """Returns an object with the fields of all its parts: variants of a union contain the type that they wrap."""
    parts = [definitions[name] if (name := _name(part)) else part for part in node["allOf"]]
    parts = [_united(part, definitions) if "allOf" in part else part for part in parts]
    parts.append({key: value for key, value in node.items() if key != "allOf"})
    united = {"type": "object", "properties": {}, "required": []}
    for part in parts:
        united["properties"] |= part.get("properties", {})
        united["required"] += part.get("required", ())
    return united


def _variant(node):
    """Returns the name of a variant of a union: the value of the field that tells the variants apart."""
    for name in ("type", "method", "mode", "status"):
        if "const" in node.get("properties", {}).get(name, {}):
            return f"object with {name} {json.dumps(node['properties'][name]['const'])}"
    return "object"
